import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DiskFiles } from '../../../src/consensus/files.ts'
import { WriteAheadLog } from '../../../src/consensus/wal.ts'
import { crc32c, encodeFrame, FRAME_HEADER_BYTES } from '../../../src/consensus/walFrames.ts'
import type { WalRecord } from '../../../src/consensus/walRecords.ts'
import { utf8ToBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { domain, hashOf, proposal, vote } from './support.ts'

const NAME = 'consensus.wal'
const V = hashOf('v')

const RECORDS: readonly WalRecord[] = [
  { kind: 'input', input: { type: 'start' } },
  { kind: 'input', input: { type: 'proposal', proposal: proposal(1, 0, V) } },
  { kind: 'value', blockHash: V, envelope: utf8ToBytes('an envelope') },
  { kind: 'input', input: { type: 'validated', blockHash: V, freshRound: 0, valid: true } },
  { kind: 'input', input: { type: 'vote', vote: vote(0, 'prevote', 0, V) } },
  { kind: 'input', input: { type: 'timeout', kind: 'prevote', round: 2 } },
  { kind: 'input', input: { type: 'vote', vote: vote(0, 'precommit', 0, null) } },
  { kind: 'input', input: { type: 'built', round: 3, blockHash: V } },
  { kind: 'input', input: { type: 'validated', blockHash: V, freshRound: null, valid: false } },
]
/** Indices of the records that are synced: the own votes. */
const SYNCED = [4, 6]

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wal-'))
  path = join(folder, NAME)
})
afterEach(() => rm(folder, { recursive: true }))

function open(height = 7) {
  const options = { name: NAME, genesisHash: domain.genesisHash }
  return WriteAheadLog.open(options, { files: new DiskFiles(folder), random: systemRandom }, height)
}

/** Writes all records; returns the offset at which each ends. */
async function write(): Promise<number[]> {
  const { wal } = await open()
  const ends: number[] = []
  for (const [index, record] of RECORDS.entries()) {
    await wal.append(record, SYNCED.includes(index))
    ends.push(wal.length)
  }
  await wal.close()
  return ends
}

async function change(edit: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  await writeFile(path, edit(new Uint8Array(await readFile(path))))
}

const flipAt = (offset: number) => (bytes: Uint8Array) => {
  bytes[offset] = bytes[offset]! ^ 0x10
  return bytes
}

describe('the log', () => {
  it('gives back what was written, in order, and goes on after it', async () => {
    await write()
    const first = await open()
    expect(first.records).toEqual(RECORDS)
    expect(first.cutBytes).toBe(0)
    await first.wal.append(RECORDS[0]!, true)
    await first.wal.close()
    const second = await open()
    expect(second.records).toEqual([...RECORDS, RECORDS[0]])
    await second.wal.close()
  })

  it('starts anew for a later height', async () => {
    await write()
    const later = await open(8)
    expect(later.records).toEqual([])
    await later.wal.close()
    const again = await open(8)
    expect(again.records).toEqual([])
    await again.wal.close()
  })

  it('forgets a height when it is reset, and holds the next', async () => {
    await write()
    const { wal } = await open()
    await wal.reset(8)
    await wal.append(RECORDS[1]!, true)
    await wal.close()
    const { records, wal: reopened } = await open(8)
    expect(records).toEqual([RECORDS[1]])
    await reopened.close()
  })

  it('refuses a height before the one it was written for', async () => {
    await write()
    await expect(open(6)).rejects.toMatchObject({ code: 'WAL_CORRUPT' })
  })

  it('refuses the log of another chain', async () => {
    await write()
    const options = { name: NAME, genesisHash: hashOf('another genesis') }
    const modules = { files: new DiskFiles(folder), random: systemRandom }
    await expect(WriteAheadLog.open(options, modules, 7)).rejects.toMatchObject({ code: 'WAL_CORRUPT' })
  })
})

describe('after a loss of power', () => {
  it('a tail torn at any byte is cut to the whole records before it', async () => {
    const ends = await write()
    const whole = new Uint8Array(await readFile(path))
    const lastStart = ends.at(-2)!
    for (let length = lastStart; length < whole.length; length += 7) {
      await writeFile(path, whole.slice(0, length))
      const { wal, records, cutBytes } = await open()
      expect(records).toEqual(RECORDS.slice(0, -1))
      expect(cutBytes).toBe(length - lastStart)
      await wal.append(RECORDS[0]!, true)
      await wal.close()
      const again = await open()
      expect(again.records).toEqual([...RECORDS.slice(0, -1), RECORDS[0]])
      await again.wal.close()
    }
  })

  it('an unsynced record lost before later unsynced ones is a torn tail', async () => {
    const ends = await write()
    await change(flipAt(ends[6]! + FRAME_HEADER_BYTES))
    const { records, wal } = await open()
    expect(records).toEqual(RECORDS.slice(0, 7))
    await wal.close()
  })

  it('zeros after the last record are a torn tail', async () => {
    await write()
    await change((bytes) => Uint8Array.from([...bytes, ...new Uint8Array(100)]))
    const { records, cutBytes, wal } = await open()
    expect(records).toEqual(RECORDS)
    expect(cutBytes).toBe(100)
    await wal.close()
  })
})

describe('damage to what was on disk', () => {
  it.each([0, 1, 2, 3, 4, 5, 6])('in record %i is found', async (index) => {
    const ends = await write()
    const start = index === 0 ? ends[0]! - 20 : ends[index - 1]!
    const payloadStart = index === 0 ? start + 18 : start + FRAME_HEADER_BYTES
    await change(flipAt(payloadStart))
    await expect(open()).rejects.toMatchObject({ code: 'WAL_CORRUPT' })
  })

  it('in the first record is found', async () => {
    await write()
    await change(flipAt(FRAME_HEADER_BYTES + 2))
    await expect(open()).rejects.toMatchObject({ code: 'WAL_CORRUPT' })
  })

  it('in a length is found', async () => {
    const ends = await write()
    await change(flipAt(ends[2]! + 7))
    await expect(open()).rejects.toMatchObject({ code: 'WAL_CORRUPT' })
  })

  it('is not feigned by a frame that a stranger put into an envelope, even at its right offset', async () => {
    const fakeAt = (offset: number) => encodeFrame(new Uint8Array(8), offset, utf8ToBytes('x'), 1_000_000)
    const writeValue = async (envelope: Uint8Array) => {
      await rm(path, { force: true })
      const { wal } = await open()
      await wal.append({ kind: 'value', blockHash: V, envelope }, false)
      await wal.close()
      return Buffer.from(await readFile(path))
    }
    const offset = (await writeValue(fakeAt(0))).indexOf(fakeAt(0))
    const log = await writeValue(fakeAt(offset))
    expect(log.indexOf(fakeAt(offset))).toBe(offset)
    // The record that holds the envelope is damaged; the frame in it is whole.
    await change(flipAt(offset - 4))
    const { records, wal: reopened } = await open()
    expect(records).toEqual([])
    await reopened.close()
  })
})

it('uses CRC32C: the check value of RFC 3720, B.4, and of the catalogue', () => {
  expect(bytesToHex(crc32c(utf8ToBytes('123456789')))).toBe('0xe3069283')
  expect(bytesToHex(crc32c(new Uint8Array(16), new Uint8Array(16)))).toBe('0x8a9136aa')
})
