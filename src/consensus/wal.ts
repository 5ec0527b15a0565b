import { limits } from '../config/limits.ts'
import { invariant, NodeError } from '../errors/errors.ts'
import { EMPTY_BYTES } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/hex.ts'
import { asBytes, asHash, asInt, asList, decodeRlp, encodeRlp, fromHex, fromInt } from '../primitives/rlp.ts'
import type { Random } from '../runtime/random.ts'
import type { ConsensusFiles, LogFile } from './ports.ts'
import { encodeFrame, type Frame, frameAt, wasSynced } from './walFrames.ts'
import { decodeWalRecord, encodeWalRecord, type WalRecord } from './walRecords.ts'

export interface WalOptions {
  readonly name: string
  readonly genesisHash: Hash
}

export interface WalModules {
  readonly files: ConsensusFiles
  readonly random: Random
}

export interface OpenedWal {
  readonly wal: WriteAheadLog
  /** What was logged for the height, in order. */
  readonly records: readonly WalRecord[]
  /** Bytes of a torn tail that were cut off. */
  readonly cutBytes: number
}

const WIRE_VERSION = 1
const SALT_BYTES = 8

interface LogHeader {
  readonly height: number
  readonly genesisHash: Hash
  readonly salt: Uint8Array
}

/**
 * The write-ahead log of the height that is being decided. The first frame names the height; the rest are the
 * inputs of the core in the order in which it took them, each written before the core saw it, and own messages on
 * disk before they are sent. So a replay leads to the same state, and what was sent is never contradicted.
 */
export class WriteAheadLog {
  readonly #options: WalOptions
  readonly #modules: WalModules
  #file: LogFile
  #salt: Uint8Array
  #length: number
  #syncedLength: number

  private constructor(
    options: WalOptions,
    modules: WalModules,
    opened: { file: LogFile; salt: Uint8Array; length: number },
  ) {
    this.#options = options
    this.#modules = modules
    this.#file = opened.file
    this.#salt = opened.salt
    this.#length = opened.length
    this.#syncedLength = 0
  }

  /**
   * Opens the log to go on with `height`. A log of an earlier height is of no more use, because its block was
   * committed, and starts anew; a torn tail is cut; anything else that does not read fails with WAL_CORRUPT.
   */
  static async open(options: WalOptions, modules: WalModules, height: number): Promise<OpenedWal> {
    const file = await modules.files.openLog(options.name)
    try {
      const bytes = await file.read(limits.walBytes)
      const header = bytes.length === 0 ? null : readHeader(bytes, options)
      if (header !== null && header.height > height) {
        throw corrupt(options, `it is of height ${header.height} while the chain waits for ${height}`)
      }
      if (header === null || header.height < height) {
        const opened = { file, salt: EMPTY_BYTES, length: 0 }
        const wal = new WriteAheadLog(options, modules, opened)
        await wal.reset(height)
        return { wal, records: [], cutBytes: 0 }
      }
      const { records, end } = readRecords(bytes, header.salt, options)
      if (end < bytes.length) await file.truncate(end)
      const wal = new WriteAheadLog(options, modules, { file, salt: header.salt, length: end })
      await wal.#sync()
      return { wal, records, cutBytes: bytes.length - end }
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Length of the log in bytes. */
  get length(): number {
    return this.#length
  }

  /** With `sync` the record and all before it are on disk when this resolves. */
  async append(record: WalRecord, sync: boolean): Promise<void> {
    const payload = encodeWalRecord(record)
    invariant(payload.length <= limits.walRecordBytes, 'A log record fits its bound.')
    const frame = encodeFrame(this.#salt, this.#length, payload, this.#syncedLength)
    await this.#file.append(frame)
    this.#length += frame.length
    if (sync) await this.#sync()
  }

  /** All records so far are on disk when this resolves. */
  async sync(): Promise<void> {
    if (this.#syncedLength < this.#length) await this.#sync()
  }

  /** Starts the log of another height. The old content or the new header is there after a crash, never a mixture. */
  async reset(height: number): Promise<void> {
    await this.#file.close()
    const salt = this.#modules.random.bytes(SALT_BYTES)
    const header = encodeHeader({ height, genesisHash: this.#options.genesisHash, salt })
    await this.#modules.files.replace(this.#options.name, header)
    this.#file = await this.#modules.files.openLog(this.#options.name)
    this.#salt = salt
    this.#length = header.length
    this.#syncedLength = header.length
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  async #sync(): Promise<void> {
    await this.#file.sync()
    this.#syncedLength = this.#length
  }
}

/** The header's frame is salted with nothing, because it is what carries the salt. */
function encodeHeader(header: LogHeader): Uint8Array {
  const fields = [fromInt(WIRE_VERSION), fromInt(header.height), fromHex(header.genesisHash), header.salt]
  return encodeFrame(EMPTY_BYTES, 0, encodeRlp(fields), 0)
}

function headerFrame(bytes: Uint8Array): Frame | null {
  return frameAt(bytes, 0, EMPTY_BYTES, limits.walRecordBytes)
}

function readHeader(bytes: Uint8Array, options: WalOptions): LogHeader {
  const frame = headerFrame(bytes)
  if (frame === null) throw corrupt(options, 'its first record is damaged')
  const [version, height, genesisHash, salt] = asList(decodeRlp(frame.payload, limits.walRecordBytes), 4)
  if (asInt(version) !== WIRE_VERSION) throw corrupt(options, 'another version of this program wrote it')
  const header = { height: asInt(height), genesisHash: asHash(genesisHash), salt: asBytes(salt, SALT_BYTES) }
  if (header.genesisHash !== options.genesisHash) throw corrupt(options, 'it belongs to another chain')
  return header
}

/**
 * All whole records. Where one does not read, the rest was torn off when power failed, unless a later one is intact
 * and shows that the damaged bytes were on disk: then dropping them could drop a lock.
 */
function readRecords(
  bytes: Uint8Array,
  salt: Uint8Array,
  options: WalOptions,
): { records: WalRecord[]; end: number } {
  const records: WalRecord[] = []
  let end = headerFrame(bytes)?.end ?? 0
  for (;;) {
    const frame = frameAt(bytes, end, salt, limits.walRecordBytes)
    if (frame === null) break
    try {
      records.push(decodeWalRecord(frame.payload))
    } catch (error) {
      throw corrupt(options, `the record at byte ${end} is intact but not understood`, error)
    }
    end = frame.end
  }
  if (end < bytes.length && wasSynced(bytes, end, salt, limits.walRecordBytes)) {
    throw corrupt(options, `the record at byte ${end} was on disk and is damaged`)
  }
  return { records, end }
}

function corrupt(options: WalOptions, what: string, cause?: unknown): NodeError {
  return new NodeError(
    'WAL_CORRUPT',
    `The consensus log ${options.name} cannot be used: ${what}. Check the disk. To go on without the log, move the ` +
      'file away: the signer’s own record still prevents double signing, but a lock may be forgotten.',
    { name: options.name },
    cause,
  )
}
