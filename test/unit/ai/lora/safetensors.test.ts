import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeSafetensors, encodeSafetensors } from '../../../../src/ai/lora/safetensors.ts'
import { isNodeError } from '../../../../src/errors/errors.ts'

/** A file as the format's description lays it out, made by hand. */
function file(header: unknown, body: Uint8Array, headerLength?: bigint): Uint8Array {
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(headerLength ?? BigInt(json.length))
  return Uint8Array.from(Buffer.concat([length, json, body]))
}

const codeOf = (bytes: Uint8Array) => {
  try {
    decodeSafetensors(bytes)
    return 'none'
  } catch (error) {
    return isNodeError(error) ? error.code : `unexpected ${String(error)}`
  }
}

test('writes the layout of the format: length, header padded to 8 bytes, tensors without gaps', () => {
  const bytes = encodeSafetensors({
    tensors: [
      { name: 'b', shape: [2], data: Float32Array.of(1, -2) },
      { name: 'a', shape: [1, 1], data: Float32Array.of(0.5) },
    ],
    metadata: { format: 'pt' },
  })
  const headerLength = Number(Buffer.from(bytes).readBigUInt64LE())
  expect(headerLength % 8).toBe(0)
  const header: unknown = JSON.parse(Buffer.from(bytes.subarray(8, 8 + headerLength)).toString())
  expect(header).toEqual({
    __metadata__: { format: 'pt' },
    b: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
    a: { dtype: 'F32', shape: [1, 1], data_offsets: [8, 12] },
  })
  expect(Buffer.from(bytes.subarray(8 + headerLength)).toString('hex')).toBe('0000803f000000c00000003f')
})

test('what is written is read again, whatever it holds', () => {
  const tensor = fc
    .array(fc.float({ noNaN: true }), { maxLength: 20 })
    .map((values) => Float32Array.from(values))
  const tensors = fc.uniqueArray(
    fc.tuple(
      fc.string({ minLength: 1 }).filter((name) => !name.startsWith('__')),
      tensor,
    ),
    {
      selector: ([name]) => name,
      maxLength: 5,
    },
  )
  fc.assert(
    fc.property(tensors, (named) => {
      const input = {
        tensors: named.map(([name, data]) => ({ name, shape: [data.length], data })),
        metadata: { x: 'y' },
      }
      const output = decodeSafetensors(encodeSafetensors(input))
      const byName = new Map(output.tensors.map((entry) => [entry.name, entry]))
      expect(byName.size).toBe(named.length)
      for (const entry of input.tensors) expect(byName.get(entry.name)).toEqual(entry)
      expect(output.metadata).toEqual({ x: 'y' })
    }),
  )
})

test('empty tensors and names like numbers keep their order', () => {
  const input = [
    { name: 'b', shape: [0], data: new Float32Array(0) },
    { name: '1', shape: [1], data: Float32Array.of(1) },
    { name: '0', shape: [0, 3], data: new Float32Array(0) },
  ]
  const bytes = encodeSafetensors({ tensors: input, metadata: {} })
  expect(Buffer.from(bytes).toString('latin1')).toMatch(/"__metadata__".*"b".*"1".*"0"/)
  const { tensors } = decodeSafetensors(bytes)
  for (const tensor of input) expect(tensors).toContainEqual(tensor)
})

test('half precision is widened', () => {
  const halves = Buffer.from('003c00c0ff7b0100', 'hex') // 1, −2, 65504, the smallest
  const half = decodeSafetensors(file({ h: { dtype: 'F16', shape: [4], data_offsets: [0, 8] } }, halves))
  expect([...half.tensors[0]!.data]).toEqual([1, -2, 65_504, 2 ** -24])
  const brains = Buffer.from('803f20c0', 'hex') // 1, −2.5
  const brain = decodeSafetensors(file({ b: { dtype: 'BF16', shape: [2], data_offsets: [0, 4] } }, brains))
  expect([...brain.tensors[0]!.data]).toEqual([1, -2.5])
})

describe('hostile files', () => {
  const entry = { dtype: 'F32', shape: [1], data_offsets: [0, 4] }
  const four = new Uint8Array(4)
  test.each<[string, Uint8Array, string]>([
    ['empty', new Uint8Array(0), 'BAD_MODEL'],
    ['header longer than the file', file({}, four, 2n ** 63n), 'BAD_MODEL'],
    ['header no JSON', file({}, Uint8Array.of(0x7b), 3n), 'BAD_MODEL'],
    ['header a list', file([], four), 'BAD_MODEL'],
    ['unknown type', file({ a: { ...entry, dtype: 'F64' } }, four), 'BAD_MODEL'],
    ['negative offset', file({ a: { ...entry, data_offsets: [-4, 0] } }, four), 'BAD_MODEL'],
    ['offset past the end', file({ a: { ...entry, data_offsets: [0, 4] } }, new Uint8Array(2)), 'BAD_MODEL'],
    ['shape and bytes disagree', file({ a: { ...entry, shape: [2] } }, four), 'BAD_MODEL'],
    ['overlap', file({ a: entry, b: entry }, four), 'BAD_MODEL'],
    ['gap', file({ a: { ...entry, data_offsets: [4, 8] } }, new Uint8Array(8)), 'BAD_MODEL'],
    ['bytes after the last', file({ a: entry }, new Uint8Array(8)), 'BAD_MODEL'],
    ['huge shape', file({ a: { ...entry, shape: [2 ** 40, 2 ** 40] } }, four), 'BAD_MODEL'],
    ['metadata not texts', file({ __metadata__: { a: 1 }, a: entry }, four), 'BAD_MODEL'],
    ['too large', new Uint8Array(9 * 1024 * 1024), 'LIMIT_EXCEEDED'],
  ])('%s', (_name, bytes, code) => {
    expect(codeOf(bytes)).toBe(code)
  })

  test('random bytes never do more than fail with a code', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(['none', 'BAD_MODEL', 'BAD_ENCODING']).toContain(codeOf(bytes))
      }),
    )
  })
})
