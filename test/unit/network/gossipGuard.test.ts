import { RPC } from '@chainsafe/libp2p-gossipsub/message'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import { checkFields, guardFrames } from '../../../src/network/libp2p/gossipGuard.ts'
import { codeOf, thrownCode } from '../../support/network/outcome.ts'

const bytes = fc.uint8Array({ maxLength: 30 })
const ids = fc.array(bytes, { maxLength: 6 })
const topic = fc.constantFrom('/a', '/bb')
const few = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 4 })

/** Anything that gossipsub may send. */
const rpc: fc.Arbitrary<RPC> = fc.record({
  subscriptions: few(fc.record({ subscribe: fc.boolean(), topic })),
  messages: few(fc.record({ from: bytes, data: bytes, seqno: bytes, topic, signature: bytes, key: bytes })),
  control: fc.record({
    ihave: few(fc.record({ topicID: topic, messageIDs: ids })),
    iwant: few(fc.record({ messageIDs: ids })),
    graft: few(fc.record({ topicID: topic })),
    prune: few(
      fc.record({
        topicID: topic,
        peers: few(fc.record({ peerID: bytes, signedPeerRecord: bytes })),
        backoff: fc.integer({ min: 0, max: 2 ** 40 }),
      }),
    ),
    idontwant: few(fc.record({ messageIDs: ids })),
  }),
})

/** Things that the decoder makes an object or an array entry for. */
function elements(decoded: RPC): number {
  const control = decoded.control
  const perEntry = [
    ...(control?.ihave ?? []).map(({ messageIDs }) => messageIDs.length),
    ...(control?.iwant ?? []).map(({ messageIDs }) => messageIDs.length),
    ...(control?.graft ?? []).map(() => 0),
    ...(control?.prune ?? []).map(({ peers }) => peers.length),
    ...(control?.idontwant ?? []).map(({ messageIDs }) => messageIDs.length),
  ]
  const inControl = perEntry.reduce((sum, count) => sum + count + 1, 0)
  return decoded.subscriptions.length + decoded.messages.length + inControl
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 128))]
}
const framed = (body: Uint8Array) => Uint8Array.from([...varint(body.length), ...body])

async function* pieces(whole: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0
  for (const size of sizes) {
    yield whole.subarray(at, at + size)
    at += size
  }
  yield whole.subarray(at)
}

async function frames(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const frame of guardFrames(source, { beforeFrame: async () => {} })) all.push(frame)
  return all
}

describe('the guard of gossip frames', () => {
  it('lets through whatever gossipsub writes, unchanged, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(few(rpc), fc.array(fc.nat(200), { maxLength: 12 }), async (rpcs, sizes) => {
        const sent = rpcs.map((value) => framed(RPC.encode(value)))
        const whole = Buffer.concat(sent)
        const received = await frames(pieces(whole, sizes))
        expect(received.map((frame) => Buffer.from(frame).toString('hex'))).toEqual(
          sent.map((frame) => Buffer.from(frame).toString('hex')),
        )
      }),
    )
  })

  it('counts no less than gossipsub’s decoder makes of the same bytes', () => {
    const damaged = fc
      .tuple(rpc, fc.array(fc.tuple(fc.nat(2_000), fc.nat(255)), { maxLength: 6 }))
      .map(([value, changes]) => {
        const encoded = Uint8Array.from(RPC.encode(value))
        for (const [at, byte] of changes) if (encoded.length > 0) encoded[at % encoded.length] = byte
        return encoded
      })
    const dense = fc.array(fc.constantFrom(0x0a, 0x12, 0x1a, 0x08, 0x18, 0x22, 0x02, 0x00, 0x80, 0x04), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(
        fc.oneof(
          damaged,
          dense.map((values) => Uint8Array.from(values)),
        ),
        (body) => {
          let decoded: RPC
          try {
            decoded = RPC.decode(body)
          } catch {
            return
          }
          const most = elements(decoded)
          if (most > 0)
            expect(['LIMIT_EXCEEDED', 'BAD_ENCODING']).toContain(
              thrownCode(() => checkFields(body, most - 1)),
            )
        },
      ),
      { numRuns: 3_000 },
    )
  })

  it('fails with nothing but a NodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (body) => {
        try {
          checkFields(body)
        } catch (error) {
          expect(error).toBeInstanceOf(NodeError)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('refuses a frame of very many tiny entries, which gossipsub itself would take', () => {
    const messageIDs = Array.from({ length: limits.gossipFrameFields }, () => new Uint8Array(0))
    const body = RPC.encode({
      subscriptions: [],
      messages: [],
      control: { ihave: [], iwant: [{ messageIDs }], graft: [], prune: [], idontwant: [] },
    })
    expect(thrownCode(() => checkFields(body))).toBe('LIMIT_EXCEEDED')
    const decoded = RPC.decode(body, { limits: { control$: { iwant: 1, iwant$: { messageIDs: 1 } } } })
    expect(decoded.control?.iwant[0]?.messageIDs.length).toBe(limits.gossipFrameFields)
  })

  it('refuses integers that are longer than they need to be, which gossipsub reads in its own way', () => {
    const long = [0x80, 0x80, 0x80, 0x80, 0x00]
    for (const body of [
      [0x9a, ...long, 0x00],
      [0x1a, 0x80, ...long],
      [0x1a, 0x02, 0x8a, ...long],
    ]) {
      expect(thrownCode(() => checkFields(Uint8Array.from(body)))).toBe('BAD_ENCODING')
    }
    expect(thrownCode(() => checkFields(Uint8Array.of(0x1a, 0x80, 0x80, 0x80, 0x80, 0x00)))).toBe('no error')
  })

  it('refuses a frame that is too large by its length alone', async () => {
    const claim = Uint8Array.from(varint(limits.gossipFrameBytes + 1))
    expect(await codeOf(frames(pieces(claim, [])))).toBe('LIMIT_EXCEEDED')
  })

  it('waits before each frame', async () => {
    const order: string[] = []
    const source = pieces(Buffer.concat([framed(new Uint8Array(0)), framed(new Uint8Array(0))]), [])
    for await (const _frame of guardFrames(source, { beforeFrame: async () => void order.push('wait') })) {
      order.push('frame')
    }
    expect(order).toEqual(['wait', 'frame', 'wait', 'frame'])
  })
})
