import { mkdir, open, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf } from '../errors/errors.ts'
import type { Logger } from '../runtime/logger.ts'
import { ADDRESS_BOOK_BYTES, AddressBook } from './addressBook.ts'

/** The address book of the last run. It is a help and no more: what cannot be read is left, with a warning. */
export async function loadAddressBook(path: string, logger: Logger): Promise<AddressBook> {
  try {
    const { size } = await stat(path)
    if (size > ADDRESS_BOOK_BYTES) throw new Error(`it has ${size} bytes`)
    const file = await open(path, 'r')
    try {
      return AddressBook.decode(await file.readFile())
    } finally {
      await file.close()
    }
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!isMissing) logger.warn({ path, error: messageOf(error) }, 'the address book of peers starts empty')
    return new AddressBook()
  }
}

/** Written beside the old one, which it then replaces. */
export async function saveAddressBook(path: string, book: AddressBook): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const next = `${path}.new`
  const file = await open(next, 'w', 0o600)
  try {
    await file.writeFile(book.encode())
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(next, path)
}
