import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { limits } from '../config/limits.ts'
import { messageOf, NodeError } from '../errors/errors.ts'
import type { Logger } from '../runtime/logger.ts'
import { type Cid, cidOf, cidOfDigest, digestOfCid, parseCid } from './cid.ts'

export interface ContentStoreOptions {
  readonly folder: string
  /** Bytes of content that the store takes. */
  readonly quotaBytes: number
}

export interface ContentUsage {
  readonly objects: number
  readonly bytes: number
  readonly quotaBytes: number
}

const OBJECTS = 'objects'
const TEMPORARY = 'temporary'

/**
 * Objects by their CID, one file each, in folders named by the first byte of the digest:
 * `objects/5f/bafkrei…`. An object is there whole or not at all: it is written under a temporary name, synced, renamed,
 * and its folder synced. One process owns the folder.
 */
export class ContentStore {
  readonly #folder: string
  readonly #quotaBytes: number
  readonly #logger: Logger
  /** Sizes of the objects that are there. */
  readonly #sizes = new Map<Cid, number>()
  /** Objects whose bytes this process has hashed, or has written itself. */
  readonly #verified = new Set<Cid>()
  readonly #verifying = new Map<Cid, Promise<boolean>>()
  /** Writes under way; their bytes are counted already. */
  readonly #writing = new Map<Cid, Promise<void>>()
  #bytes = 0
  #temporary = 0

  private constructor(options: ContentStoreOptions, modules: { logger: Logger }) {
    this.#folder = options.folder
    this.#quotaBytes = options.quotaBytes
    this.#logger = modules.logger
  }

  /** Opens or makes the folder, counts what is there, and removes what a crash left half written. */
  static async open(options: ContentStoreOptions, modules: { logger: Logger }): Promise<ContentStore> {
    const store = new ContentStore(options, modules)
    await rm(join(options.folder, TEMPORARY), { recursive: true, force: true })
    await mkdir(join(options.folder, TEMPORARY), { recursive: true })
    await mkdir(join(options.folder, OBJECTS), { recursive: true })
    await store.#scan()
    return store
  }

  get usage(): ContentUsage {
    return { objects: this.#sizes.size, bytes: this.#bytes, quotaBytes: this.#quotaBytes }
  }

  has(cid: Cid): boolean {
    return this.#sizes.has(cid)
  }

  /** Bytes of an object that is there. */
  sizeOf(cid: Cid): number | undefined {
    return this.#sizes.get(cid)
  }

  /**
   * Stores an object, on disk when this resolves. Errors: LIMIT_EXCEEDED (the object is too large, or there are too
   * many), QUOTA_EXCEEDED, STORAGE_FAILED.
   */
  async put(bytes: Uint8Array): Promise<Cid> {
    if (bytes.length > limits.contentObjectBytes) {
      throw new NodeError('LIMIT_EXCEEDED', `An object has at most ${limits.contentObjectBytes} bytes.`)
    }
    const cid = cidOf(bytes)
    if (this.#sizes.has(cid)) return cid
    const writing = this.#writing.get(cid)
    if (writing !== undefined) {
      await writing
      return cid
    }
    this.#reserve(bytes.length)
    const write = this.#write(cid, bytes)
    this.#writing.set(cid, write)
    try {
      await write
      this.#sizes.set(cid, bytes.length)
      this.#verified.add(cid)
    } catch (error) {
      this.#bytes -= bytes.length
      throw storageFailed(error)
    } finally {
      this.#writing.delete(cid)
    }
    return cid
  }

  /** The whole object, checked against its CID. One that was spoiled on disk is removed and counts as not there. */
  async get(cid: Cid): Promise<Uint8Array | undefined> {
    if (!this.#sizes.has(cid)) return undefined
    const bytes = await this.#readFile(cid)
    if (bytes !== undefined && cidOf(bytes) === cid) {
      this.#verified.add(cid)
      return bytes
    }
    await this.#removeSpoiled(cid)
    return undefined
  }

  /**
   * Up to `length` bytes from `offset`, fewer at the end. The whole object is checked before its first part leaves
   * this process, and not again for each part.
   */
  async read(cid: Cid, offset: number, length: number): Promise<Uint8Array | undefined> {
    if (!this.#sizes.has(cid) || !(await this.#isWhole(cid))) return undefined
    let handle: FileHandle
    try {
      handle = await open(this.#pathOf(cid), 'r')
    } catch (error) {
      if (isMissing(error)) return undefined
      throw storageFailed(error)
    }
    try {
      const size = this.#sizes.get(cid) ?? 0
      const part = new Uint8Array(Math.max(0, Math.min(length, size - offset)))
      const { bytesRead } = await handle.read(part, 0, part.length, offset)
      return part.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  }

  /** False when it was not there. */
  async delete(cid: Cid): Promise<boolean> {
    const size = this.#sizes.get(cid)
    if (size === undefined) return false
    this.#sizes.delete(cid)
    this.#verified.delete(cid)
    try {
      await unlink(this.#pathOf(cid))
    } catch (error) {
      if (!isMissing(error)) throw storageFailed(error)
    } finally {
      this.#bytes -= size
    }
    return true
  }

  /** Checks an object once, however many ask, and without holding it in memory. */
  async #isWhole(cid: Cid): Promise<boolean> {
    if (this.#verified.has(cid)) return true
    const known = this.#verifying.get(cid)
    if (known !== undefined) return known
    const check = this.#verify(cid).finally(() => this.#verifying.delete(cid))
    this.#verifying.set(cid, check)
    return check
  }

  async #verify(cid: Cid): Promise<boolean> {
    const digest = await this.#digestOf(cid)
    if (digest !== undefined && cidOfDigest(digest) === cid) {
      this.#verified.add(cid)
      return true
    }
    await this.#removeSpoiled(cid)
    return false
  }

  async #digestOf(cid: Cid): Promise<Uint8Array | undefined> {
    const hash = createHash('sha256')
    try {
      for await (const part of createReadStream(this.#pathOf(cid))) hash.update(part as Uint8Array)
      return hash.digest()
    } catch (error) {
      if (isMissing(error)) return undefined
      throw storageFailed(error)
    }
  }

  async #removeSpoiled(cid: Cid): Promise<void> {
    if (!this.#sizes.has(cid)) return
    this.#logger.error({ cid }, 'a stored object is not what its name says; it is removed')
    await this.delete(cid)
  }

  #reserve(bytes: number): void {
    if (this.#sizes.size + this.#writing.size >= limits.contentObjects) {
      throw new NodeError('LIMIT_EXCEEDED', `The store holds ${limits.contentObjects} objects at most.`)
    }
    if (this.#bytes + bytes > this.#quotaBytes) {
      throw new NodeError('QUOTA_EXCEEDED', 'The object does not fit what is left of the content quota.', {
        bytes,
        leftBytes: this.#quotaBytes - this.#bytes,
      })
    }
    this.#bytes += bytes
  }

  async #write(cid: Cid, bytes: Uint8Array): Promise<void> {
    const path = this.#pathOf(cid)
    const folder = join(path, '..')
    this.#temporary += 1
    const temporary = join(this.#folder, TEMPORARY, `${this.#temporary}`)
    try {
      if ((await mkdir(folder, { recursive: true })) !== undefined) await syncFolder(join(folder, '..'))
      const handle = await open(temporary, 'wx', 0o600)
      try {
        await handle.writeFile(bytes)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temporary, path)
      await syncFolder(folder)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  }

  async #readFile(cid: Cid): Promise<Uint8Array | undefined> {
    try {
      const handle = await open(this.#pathOf(cid), 'r')
      try {
        const { size } = await handle.stat()
        // longer than it was: spoiled, and perhaps too large to read
        if (size !== this.#sizes.get(cid)) return undefined
        return await handle.readFile()
      } finally {
        await handle.close()
      }
    } catch (error) {
      if (isMissing(error)) return undefined
      throw storageFailed(error)
    }
  }

  async #scan(): Promise<void> {
    const objects = join(this.#folder, OBJECTS)
    for (const folder of await readdir(objects)) {
      for (const name of await readdir(join(objects, folder))) {
        const path = join(objects, folder, name)
        if (!isCid(name) || this.#pathOf(name) !== path) {
          this.#logger.warn({ path }, 'a file in the content store is not an object; it is left alone')
          continue
        }
        const { size } = await stat(path)
        this.#sizes.set(name, size)
        this.#bytes += size
      }
    }
  }

  #pathOf(cid: Cid): string {
    return join(this.#folder, OBJECTS, digestOfCid(cid).slice(2, 4), cid)
  }
}

function isCid(name: string): boolean {
  try {
    return parseCid(name) === name
  } catch {
    return false
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

function storageFailed(error: unknown): NodeError {
  return new NodeError('STORAGE_FAILED', `The content store failed: ${messageOf(error)}`, {}, error)
}
