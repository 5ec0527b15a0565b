import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { NodeError } from '../errors/errors.ts'
import type { ConsensusFiles, LogFile } from './ports.ts'

/** The consensus files in one folder on a real disk; the folder is made when it is missing. */
export class DiskFiles implements ConsensusFiles {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async openLog(name: string): Promise<LogFile> {
    await mkdir(this.#folder, { recursive: true })
    return new DiskLog(await open(this.#path(name), 'a+', 0o600))
  }

  async read(name: string, maxBytes: number): Promise<Uint8Array | null> {
    let handle: FileHandle
    try {
      handle = await open(this.#path(name), constants.O_RDONLY)
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
    try {
      return await readWhole(handle, maxBytes)
    } finally {
      await handle.close()
    }
  }

  async replace(name: string, bytes: Uint8Array): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    const temporary = this.#path(`${name}.tmp`)
    const handle = await open(temporary, 'w', 0o600)
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, this.#path(name))
    // The new name itself is on disk only once its folder is.
    const folder = await open(this.#folder, constants.O_RDONLY)
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }
}

class DiskLog implements LogFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  read(maxBytes: number): Promise<Uint8Array> {
    return readWhole(this.#handle, maxBytes)
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.#handle.appendFile(bytes)
  }

  sync(): Promise<void> {
    return this.#handle.datasync()
  }

  truncate(length: number): Promise<void> {
    return this.#handle.truncate(length)
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

async function readWhole(handle: FileHandle, maxBytes: number): Promise<Uint8Array> {
  const { size } = await handle.stat()
  if (size > maxBytes) {
    throw new NodeError('LIMIT_EXCEEDED', `A consensus file has ${size} bytes; at most ${maxBytes} are read.`)
  }
  const bytes = new Uint8Array(size)
  let at = 0
  while (at < size) {
    const { bytesRead } = await handle.read(bytes, at, size - at, at)
    if (bytesRead === 0) break
    at += bytesRead
  }
  return bytes.subarray(0, at)
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
