import { type FileHandle, open } from 'node:fs/promises'
import { limits } from '../../config/limits.ts'
import { crc32c } from '../../consensus/walFrames.ts'
import { isNodeError, NodeError } from '../../errors/errors.ts'
import { concatBytes, equalBytes, utf8ToBytes } from '../../primitives/bytes.ts'
import type { Hash } from '../../primitives/hex.ts'
import {
  asBytes,
  asHash,
  asInt,
  asList,
  decodeRlp,
  encodeRlp,
  fromHex,
  fromInt,
} from '../../primitives/rlp.ts'

/**
 * Decided blocks in a file: eight bytes of magic, then frames of length (4 bytes, big endian), CRC32C (4) and payload.
 * The first payload is `rlp([version, genesis hash, first height])`, each further one `rlp([envelope, certificate])`
 * of the next height. The checksum covers the frame's offset too, so that no frame passes for another.
 */
const MAGIC = utf8ToBytes('OLBLOCKS')
const VERSION = 1
const FRAME_HEADER_BYTES = 8
const HEADER_PAYLOAD_BYTES = 64

export interface ArchiveHeader {
  readonly genesisHash: Hash
  readonly firstHeight: number
}

export interface ArchivedBlock {
  readonly height: number
  readonly envelope: Uint8Array
  readonly certificate: Uint8Array
}

/** What was read, and where the next frame begins. */
export interface ArchivePosition {
  readonly block: ArchivedBlock
  readonly end: number
}

export class ArchiveFile {
  readonly #handle: FileHandle

  private constructor(handle: FileHandle) {
    this.#handle = handle
  }

  /** Errors: BAD_CONFIG when it cannot be opened; with `create` an empty file is made where there is none. */
  static async open(path: string, mode: 'read' | 'create'): Promise<ArchiveFile> {
    try {
      // appending needs the place of its own choice, which the mode a+ would not leave it
      const handle = await open(path, mode === 'read' ? 'r' : 'r+').catch((error: unknown) => {
        if (mode === 'create' && (error as NodeJS.ErrnoException).code === 'ENOENT') return open(path, 'wx+')
        throw error
      })
      return new ArchiveFile(handle)
    } catch (error) {
      throw new NodeError(
        'BAD_CONFIG',
        `The file ${path} cannot be opened: ${String(error)}`,
        { path },
        error,
      )
    }
  }

  async sizeBytes(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  /** The header and the offset after it; undefined for a file without bytes. Errors: DATA_CORRUPT. */
  async header(): Promise<{ header: ArchiveHeader; end: number } | undefined> {
    if ((await this.sizeBytes()) === 0) return undefined
    const magic = await this.#bytes(0, MAGIC.length)
    if (magic === undefined || !equalBytes(magic, MAGIC)) throw corrupt('The file is no archive of blocks.')
    const frame = await this.#frame(MAGIC.length, HEADER_PAYLOAD_BYTES)
    if (frame === undefined) throw corrupt('The archive has no header.')
    const [version, genesisHash, firstHeight] = asList(decodeRlp(frame.payload, HEADER_PAYLOAD_BYTES), 3)
    if (asInt(version) !== VERSION) throw corrupt(`The archive is of version ${asInt(version)}.`)
    return {
      header: { genesisHash: asHash(genesisHash), firstHeight: asInt(firstHeight) },
      end: frame.end,
    }
  }

  async writeHeader({ genesisHash, firstHeight }: ArchiveHeader): Promise<number> {
    await this.#write(0, MAGIC)
    const payload = encodeRlp([fromInt(VERSION), fromHex(genesisHash), fromInt(firstHeight)])
    return this.#writeFrame(MAGIC.length, payload)
  }

  /** Blocks from `offset` on, in order; ends at the end of the file. Errors: DATA_CORRUPT at the first that is torn. */
  async *blocks(offset: number, firstHeight: number): AsyncGenerator<ArchivePosition> {
    const size = await this.sizeBytes()
    let at = offset
    for (let height = firstHeight; at < size; height++) {
      const frame = await this.#frame(at, MOST_PAYLOAD_BYTES)
      if (frame === undefined)
        throw corrupt(`Block ${height} in the archive is torn.`, { height, offset: at })
      const [envelope, certificate] = asList(decodeRlp(frame.payload, MOST_PAYLOAD_BYTES), 2)
      yield {
        block: { height, envelope: asBytes(envelope), certificate: asBytes(certificate) },
        end: frame.end,
      }
      at = frame.end
    }
  }

  /** Returns the offset after it. */
  writeBlock(offset: number, { envelope, certificate }: ArchivedBlock): Promise<number> {
    return this.#writeFrame(offset, encodeRlp([envelope, certificate]))
  }

  /** Cuts the file to `length` bytes. */
  truncate(length: number): Promise<void> {
    return this.#handle.truncate(length)
  }

  sync(): Promise<void> {
    return this.#handle.datasync()
  }

  async #writeFrame(offset: number, payload: Uint8Array): Promise<number> {
    const frame = concatBytes(u32(payload.length), checksum(offset, payload), payload)
    await this.#write(offset, frame)
    return offset + frame.length
  }

  async #write(offset: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      at += (await this.#handle.write(bytes, at, bytes.length - at, offset + at)).bytesWritten
    }
  }

  /** The whole and intact frame at `offset`, or undefined. */
  async #frame(
    offset: number,
    maxPayloadBytes: number,
  ): Promise<{ payload: Uint8Array; end: number } | undefined> {
    const head = await this.#bytes(offset, FRAME_HEADER_BYTES)
    if (head === undefined) return undefined
    const length = new DataView(head.buffer, head.byteOffset).getUint32(0)
    if (length > maxPayloadBytes) return undefined
    const payload = await this.#bytes(offset + FRAME_HEADER_BYTES, length)
    if (payload === undefined || !equalBytes(head.subarray(4), checksum(offset, payload))) return undefined
    return { payload, end: offset + FRAME_HEADER_BYTES + length }
  }

  async #bytes(offset: number, length: number): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; ) {
      const { bytesRead } = await this.#handle.read(bytes, at, length - at, offset + at)
      if (bytesRead === 0) return undefined
      at += bytesRead
    }
    return bytes
  }
}

/** An envelope, a certificate and the headers of their list. */
const MOST_PAYLOAD_BYTES = limits.envelopeBytes + limits.certificateBytes + 16

/** An archive whose end was torn off, as a crash or a full disk leaves it. */
export const isTorn = (error: unknown): boolean =>
  isNodeError(error, 'DATA_CORRUPT') && 'offset' in error.details

const checksum = (offset: number, payload: Uint8Array): Uint8Array =>
  crc32c(u32(Math.floor(offset / 2 ** 32)), u32(offset % 2 ** 32), u32(payload.length), payload)

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

function corrupt(message: string, details: Record<string, unknown> = {}): NodeError {
  return new NodeError('DATA_CORRUPT', message, details)
}
