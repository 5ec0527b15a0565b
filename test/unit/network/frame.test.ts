import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NodeError } from '../../../src/errors/errors.ts'
import { decodeReply, encodeFrame, encodeReply, readFrame } from '../../../src/network/frame.ts'
import { codeOf, thrownCode } from '../../support/network/outcome.ts'

async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0
  for (const size of sizes) {
    yield bytes.subarray(at, at + size)
    at += size
  }
  yield bytes.subarray(at)
}

const header = (length: number) => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, length)
  return bytes
}

describe('a frame', () => {
  it('is its length, big endian, and the bytes', () => {
    expect([...encodeFrame(Uint8Array.of(7, 8), Uint8Array.of(9))]).toEqual([0, 0, 0, 3, 7, 8, 9])
  })

  it('comes back however it is cut to pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 9_000 }),
        fc.array(fc.nat(3_000), { maxLength: 8 }),
        async (body, sizes) => {
          const read = await readFrame(inPieces(encodeFrame(body), sizes), 9_000)
          expect(Buffer.compare(read, body)).toBe(0)
        },
      ),
    )
  })

  it('larger than the bound is refused by its header alone', async () => {
    const claim = inPieces(header(1_001), [1, 1, 1])
    expect(await codeOf(readFrame(claim, 1_000))).toBe('LIMIT_EXCEEDED')
    expect(await codeOf(readFrame(inPieces(header(0xffff_ffff), []), 1_000))).toBe('LIMIT_EXCEEDED')
    expect((await readFrame(inPieces(encodeFrame(new Uint8Array(1_000)), []), 1_000)).length).toBe(1_000)
  })

  it('does not take memory for what a header merely claims', async () => {
    const held: number[] = []
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield header(500_000_000)
      held.push(process.memoryUsage().arrayBuffers)
      for (let index = 0; index < 50; index++) yield Uint8Array.of(1)
      held.push(process.memoryUsage().arrayBuffers)
    }
    const before = process.memoryUsage().arrayBuffers
    expect(await codeOf(readFrame(slowly(), 1_000_000_000))).toBe('BAD_ENCODING')
    for (const bytes of held) expect(bytes - before).toBeLessThan(50_000_000)
  })

  it('that ends early or late is refused', async () => {
    const whole = encodeFrame(Uint8Array.of(1, 2, 3))
    for (let length = 0; length < whole.length; length++) {
      expect(await codeOf(readFrame(inPieces(whole.subarray(0, length), []), 100))).toBe('BAD_ENCODING')
    }
    expect(await codeOf(readFrame(inPieces(Uint8Array.of(...whole, 4), []), 100))).toBe('BAD_ENCODING')
  })
})

describe('a reply', () => {
  it('tells its status and carries its body', async () => {
    const body = Uint8Array.of(5, 6)
    expect(decodeReply(await readFrame(inPieces(encodeReply('ok', body), []), 10))).toEqual({
      status: 'ok',
      body,
    })
    for (const status of ['busy', 'refused', 'failed'] as const) {
      expect(decodeReply(await readFrame(inPieces(encodeReply(status), []), 10)).status).toBe(status)
    }
  })

  it('of unknown form is refused', () => {
    expect(thrownCode(() => decodeReply(new Uint8Array(0)))).toBe('BAD_ENCODING')
    expect(thrownCode(() => decodeReply(Uint8Array.of(1, 1)))).toBe('BAD_ENCODING')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          decodeReply(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(NodeError)
        }
      }),
    )
  })
})
