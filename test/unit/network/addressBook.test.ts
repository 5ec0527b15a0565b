import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { AddressBook } from '../../../src/network/addressBook.ts'
import { loadAddressBook, saveAddressBook } from '../../../src/network/addressFile.ts'
import type { PeerAddress } from '../../../src/network/peerAddress.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { recordingLogger } from '../../support/network/testNode.ts'

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const at = (index: number, port = 1_000): PeerAddress => ({
  peer: `12D3KooW${'1'.repeat(42)}${ALPHABET[Math.floor(index / 33) % 33]}${ALPHABET[index % 33]}`,
  host: '192.0.2.1',
  port,
})

describe('the address book', () => {
  it('keeps what has worked when others tell of any number', () => {
    const book = new AddressBook()
    book.worked(at(0))
    for (let i = 1; i < 900; i++) book.told(at(i))
    expect(book.size).toBe(limits.addressBook)
    expect(book.candidates(0)[0]).toEqual(at(0))
  })

  it('takes one more that works also when it is full of such', () => {
    const book = new AddressBook()
    for (let i = 0; i < limits.addressBook; i++) book.worked(at(i))
    book.told(at(700))
    expect(book.candidates(0)).not.toContainEqual(at(700))
    book.worked(at(700))
    expect(book.size).toBe(limits.addressBook)
    expect(book.candidates(0)).toContainEqual(at(700))
  })

  it('lets nobody move a peer that it knows', () => {
    const book = new AddressBook()
    book.told(at(0))
    book.told(at(0, 2_000))
    expect(book.candidates(0)).toEqual([at(0)])
    book.worked(at(0, 2_000))
    expect(book.candidates(0)).toEqual([at(0, 2_000)])
  })

  it('rests an address that failed, longer each time, and forgets it in the end', () => {
    const book = new AddressBook()
    book.told(at(0))
    book.failed(at(0).peer, 10_000)
    expect(book.candidates(10_000 + 2 * limits.redialFirstMs - 1)).toEqual([])
    expect(book.candidates(10_000 + 2 * limits.redialFirstMs)).toEqual([at(0)])
    book.failed(at(0).peer, 20_000)
    expect(book.candidates(20_000 + 4 * limits.redialFirstMs - 1)).toEqual([])
    book.failed(at(0).peer, 30_000)
    expect(book.size).toBe(0)
    book.worked(at(1))
    for (let i = 0; i < 11; i++) book.failed(at(1).peer, 0)
    expect(book.candidates(limits.redialLongestMs)).toEqual([at(1)])
    book.worked(at(1))
    expect(book.candidates(0)).toEqual([at(1)])
  })

  it('lasts over a restart, and starts empty when its file is damaged', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'address-book-'))
    try {
      const path = join(folder, 'network', 'peers.rlp')
      expect((await loadAddressBook(path, silentLogger)).size).toBe(0)
      const book = new AddressBook()
      book.told(at(1))
      book.worked(at(2))
      await saveAddressBook(path, book)
      const again = await loadAddressBook(path, silentLogger)
      expect(again.encode()).toEqual(book.encode())
      expect(again.candidates(0)).toEqual([at(2), at(1)])
      const { logger, logs } = recordingLogger()
      await writeFile(path, 'nonsense')
      expect((await loadAddressBook(path, logger)).size).toBe(0)
      expect(logs).toHaveLength(1)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
