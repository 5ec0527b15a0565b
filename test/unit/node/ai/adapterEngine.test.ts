import { describe, expect, it } from 'vitest'
import type { ServedModel } from '../../../../src/ai/gateway/ports.ts'
import { sha256 } from '../../../../src/ai/hashes.ts'
import { RUNTIME_PROFILE, RUNTIME_PROFILE_HASH } from '../../../../src/ai/models/profile.ts'
import { NodeError } from '../../../../src/errors/errors.ts'
import { AdapterEngine, type AdapterRecord } from '../../../../src/node/ai/adapterEngine.ts'
import { bytesToUtf8, utf8ToBytes } from '../../../../src/primitives/bytes.ts'
import { ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { adapterFiles, FakeEncoder } from '../../../support/fakeEncoder.ts'
import { codeOf } from '../../../support/network/outcome.ts'

const { signal } = new AbortController()
const text = (value: string) => utf8ToBytes(value)
const model = (adapterId: bigint, adapterVersion = 1) => ({ adapterId, adapterVersion })
const keyOf = ({ adapterId, adapterVersion }: ServedModel) => `${adapterId}/${adapterVersion}`

/** Adapters 1 and 2 are on the chain with their files, 2 in two versions; 3 with files that are not its own. */
function open() {
  const fake = new FakeEncoder()
  const fetched: string[] = []
  const records = new Map<string, AdapterRecord>()
  const addRecord = (key: string, k: number, files: string) =>
    records.set(key, { k, projectionSeed: ZERO_HASH, weightsHash: adapterFiles(files).hash })
  addRecord('1/1', 4, 'adapter 1/1')
  addRecord('2/1', 8, 'adapter 2/1')
  addRecord('2/2', 16, 'adapter 2/2')
  addRecord('3/1', 4, 'something else')
  const engine = new AdapterEngine({
    encoder: async () => fake.encoder,
    adapterRecord: (one) => records.get(keyOf(one)),
    files: async (one) => {
      fetched.push(keyOf(one))
      return adapterFiles(`adapter ${keyOf(one)}`)
    },
  })
  return { engine, fake, fetched, records }
}

describe('serving an adapter', () => {
  it('lists it once it is loaded, each version by itself', async () => {
    const { engine } = open()
    expect(engine.models()).toEqual([])
    for (const one of [model(1n), model(2n), model(1n), model(2n, 2)]) await engine.serve(one, signal)
    expect(engine.models()).toEqual([model(1n), model(2n), model(2n, 2)])
  })

  it('lists a version no longer once it is retired, and still runs its answers again', async () => {
    const { engine } = open()
    for (const one of [model(2n), model(2n, 2)]) await engine.serve(one, signal)
    engine.retire(model(2n))
    expect(engine.models()).toEqual([model(2n, 2)])
    const job = { ...model(2n), input: text('x'), output: text('{"label":"sad"}'), auditSeed: ZERO_HASH }
    expect(await engine.reexecute(job, signal)).toMatchObject({ inputTokens: 1 })
  })

  it('fails when the chain has no such adapter or version, or names other files', async () => {
    const { engine } = open()
    expect(await codeOf(engine.serve(model(9n), signal))).toBe('NOT_FOUND')
    expect(await codeOf(engine.serve(model(1n, 2), signal))).toBe('NOT_FOUND')
    expect(await codeOf(engine.serve(model(3n), signal))).toBe('BAD_MODEL')
    expect(engine.models()).toEqual([])
  })

  it('fetches files once, and again only when that failed', async () => {
    const { fake, fetched, records } = open()
    let failures = 1
    const engine = new AdapterEngine({
      encoder: async () => fake.encoder,
      adapterRecord: (one) => records.get(keyOf(one)),
      files: async (one) => {
        if (failures-- > 0) throw new NodeError('PEER_UNREACHABLE', 'nobody has it')
        fetched.push(keyOf(one))
        return adapterFiles(`adapter ${keyOf(one)}`)
      },
    })
    expect(await codeOf(engine.serve(model(1n), signal))).toBe('PEER_UNREACHABLE')
    await engine.serve(model(1n), signal)
    await engine.serve(model(1n), signal)
    expect(fetched).toEqual(['1/1'])
  })
})

describe('an answer', () => {
  it('is canonical bytes for the receipt, and scores for people', async () => {
    const { engine, fake } = open()
    const found = await engine.infer(model(2n), text('how are you'), signal)
    expect(bytesToUtf8(found.output)).toBe('{"label":"angry"}')
    expect(found).toMatchObject({ inputTokens: 3, outputTokens: 0, profileHash: RUNTIME_PROFILE_HASH })
    expect(found.queryRow).toEqual(Uint8Array.of(1, 254, 127, 129))
    expect(found.predictions.map(({ label }) => label)).toEqual(['angry', 'sad', 'calm'])
    const [first, second] = found.predictions.map(({ score }) => score)
    expect(first! / second!).toBeCloseTo(Math.E, 6)
    expect(found.predictions.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 10)
    expect(fake.asked).toEqual(['load', 'attribute how are you k=8'])
  })

  it('is that of the version that is asked for', async () => {
    const { engine, fake, fetched } = open()
    for (const version of [2, 1, 2]) await engine.infer(model(2n, version), text('x'), signal)
    expect(fake.asked).toEqual(['load', 'attribute x k=16', 'load', 'attribute x k=8', 'attribute x k=16'])
    expect(fetched).toEqual(['2/2', '2/1'])
  })

  it('has scores that add up to one for large logits too', async () => {
    const { engine, fake } = open()
    fake.logits = [1000, -1000, 1000]
    const { predictions } = await engine.infer(model(1n), text('x'), signal)
    expect(predictions.map(({ score }) => score)).toEqual([0.5, 0.5, 0])
  })

  it('leaves out the bytes beside a row that shares its buffer', async () => {
    const { engine, fake } = open()
    fake.queryRow = Int8Array.of(9, 9, 5, -5, 9).subarray(2, 4)
    expect((await engine.infer(model(1n), text('x'), signal)).queryRow).toEqual(Uint8Array.of(5, 251))
  })

  it('comes also when the encoder has forgotten the adapter, whose files are still here', async () => {
    const { engine, fake, fetched } = open()
    await engine.serve(model(1n), signal)
    fake.loaded.clear()
    await engine.infer(model(1n), text('x'), signal)
    expect(fake.asked).toEqual(['load', 'load', 'attribute x k=4'])
    expect(fetched).toEqual(['1/1'])
  })

  it('fails as the encoder does', async () => {
    const { engine, fake } = open()
    await engine.serve(model(1n), signal)
    fake.attribute = () => Promise.reject(new NodeError('LIMIT_EXCEEDED', 'too long'))
    expect(await codeOf(engine.infer(model(1n), text('x'), signal))).toBe('LIMIT_EXCEEDED')
    expect(fake.asked).toEqual(['load'])
  })

  it('is quoted by its tokens', async () => {
    const { engine } = open()
    expect(await engine.quote(model(1n), text('one two'), signal)).toEqual({
      inputTokens: 2,
      maxOutputTokens: 0,
    })
    expect(await codeOf(engine.quote(model(1n), Uint8Array.of(0xff), signal))).toBe('BAD_ENCODING')
    expect(await codeOf(engine.infer(model(1n), Uint8Array.of(0xff), signal))).toBe('BAD_ENCODING')
  })
})

describe('running an answer again', () => {
  const auditSeed = sha256(text('seed'))
  const job = (output: string | Uint8Array, adapterId = 1n) => ({
    ...model(adapterId),
    input: text('how are you'),
    output: typeof output === 'string' ? text(output) : output,
    auditSeed,
  })

  it('gives this node’s own answer, and the row and digest of the host’s', async () => {
    const { engine, fake } = open()
    const found = await engine.reexecute(job('{"label":"sad"}'), signal)
    expect(bytesToUtf8(found.output)).toBe('{"label":"angry"}')
    expect(found).toMatchObject({
      isCloseCall: false,
      inputTokens: 3,
      outputTokens: 0,
      queryRow: Uint8Array.of(1, 254, 127, 129),
      digest: sha256(text('digest')),
    })
    expect(fake.asked).toEqual(['load', `audit how are you k=4 as 2 by ${auditSeed}`])
  })

  it('is a close call below the profile’s margin', async () => {
    const { engine, fake } = open()
    const margin = Number(RUNTIME_PROFILE.answerMarginEpsilon)
    expect(margin).toBeGreaterThan(0)
    const isClose = async (own: number) => {
      fake.margin = own
      return (await engine.reexecute(job('{"label":"sad"}'), signal)).isCloseCall
    }
    expect(await isClose(margin)).toBe(false)
    expect(await isClose(margin / 2)).toBe(true)
  })

  it.each<[string, string | Uint8Array]>([
    ['another class', '{"label":"happy"}'],
    ['no JSON', 'sad'],
    ['no object', '"sad"'],
    ['null', 'null'],
    ['no label', '{"class":"sad"}'],
    ['a label that is no text', '{"label":2}'],
    ['more than a label', '{"label":"sad","score":1}'],
    ['other spaces', '{"label": "sad"}'],
    ['other escapes', '{"label":"s\\u0061d"}'],
    ['a byte order mark', Uint8Array.of(0xef, 0xbb, 0xbf, ...text('{"label":"sad"}'))],
    ['no UTF-8', Uint8Array.of(0xff)],
    ['nothing', ''],
  ])('finds the receipt bad for %s', async (_what, output) => {
    const { engine } = open()
    expect(await codeOf(engine.reexecute(job(output), signal))).toBe('BAD_RECEIPT')
  })

  it('is this node’s failure when the adapter is not to be had', async () => {
    const { engine } = open()
    expect(await codeOf(engine.reexecute(job('{"label":"sad"}', 9n), signal))).toBe('NOT_FOUND')
    expect(await codeOf(engine.reexecute(job('{"label":"sad"}', 3n), signal))).toBe('BAD_MODEL')
  })
})
