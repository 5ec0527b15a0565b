import { z } from 'zod'
import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { bytesToUtf8, concatBytes, utf8ToBytes } from '../../primitives/bytes.ts'

/**
 * The safetensors format: an 8-byte little-endian length, a JSON header of that length (padded with spaces to 8
 * bytes), then the tensors' bytes without gaps. Written: F32. Read: F32, F16 and BF16, widened to float32.
 */
export interface NamedTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
}

export interface TensorFile {
  readonly tensors: readonly NamedTensor[]
  readonly metadata: Readonly<Record<string, string>>
}

const LENGTH_BYTES = 8
const ELEMENT_BYTES = { F32: 4, F16: 2, BF16: 2 } as const
type ElementName = keyof typeof ELEMENT_BYTES

const entrySchema = z.strictObject({
  dtype: z.enum(['F32', 'F16', 'BF16']),
  shape: z.array(z.int().nonnegative()).max(8),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
})
const metadataSchema = z.record(z.string(), z.string())

/** Bytes of the file: tensors in the order given, header keys in that order too, so equal input gives equal bytes. */
export function encodeSafetensors(file: TensorFile): Uint8Array {
  const entries = [`"__metadata__":${JSON.stringify(file.metadata)}`]
  let offset = 0
  for (const { name, shape, data } of file.tensors) {
    const entry = { dtype: 'F32', shape, data_offsets: [offset, offset + 4 * data.length] }
    entries.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`)
    offset += 4 * data.length
  }
  // not one object: JavaScript would move names that look like numbers to the front
  const json = `{${entries.join(',')}}`
  const headerBytes = utf8ToBytes(json + ' '.repeat((8 - (utf8ToBytes(json).length % 8)) % 8))
  const length = new Uint8Array(LENGTH_BYTES)
  new DataView(length.buffer).setBigUint64(0, BigInt(headerBytes.length), true)
  return concatBytes(length, headerBytes, ...file.tensors.map(({ data }) => floatBytes(data)))
}

/** Parses a file from outside. Every byte must belong to one tensor: no gaps, no overlaps, nothing after the last. */
export function decodeSafetensors(bytes: Uint8Array): TensorFile {
  if (bytes.length > limits.adapterBytes) {
    throw new NodeError('LIMIT_EXCEEDED', `An adapter has ${limits.adapterBytes} bytes at most.`)
  }
  const { header, body } = cut(bytes)
  const { __metadata__: rawMetadata, ...entries } = header
  const metadata = metadataSchema.safeParse(rawMetadata ?? {})
  if (!metadata.success) throw malformed('its metadata are not texts')
  const names = Object.keys(entries)
  if (names.length > limits.adapterTensors)
    throw malformed(`it has more than ${limits.adapterTensors} tensors`)
  const parsed = names.map((name) => {
    const entry = entrySchema.safeParse(entries[name])
    if (!entry.success) throw malformed(`the entry of ${name} is wrong`)
    return { name, ...entry.data }
  })
  // an empty tensor begins where the next one does
  parsed.sort((a, b) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1])
  let end = 0
  const tensors = parsed.map(({ name, dtype, shape, data_offsets: [from, to] }): NamedTensor => {
    const count = shape.reduce((product, size) => product * size, 1)
    if (from !== end || to - from !== count * ELEMENT_BYTES[dtype] || to > body.length) {
      throw malformed(`the bytes of ${name} are not where they should be`)
    }
    end = to
    return { name, shape, data: readFloats(body.subarray(from, to), dtype) }
  })
  if (end !== body.length) throw malformed('bytes follow the last tensor')
  return { tensors, metadata: metadata.data }
}

function cut(bytes: Uint8Array): { header: Record<string, unknown>; body: Uint8Array } {
  if (bytes.length < LENGTH_BYTES) throw malformed('it is too short')
  const headerLength = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  if (headerLength > BigInt(Math.min(limits.adapterHeaderBytes, bytes.length - LENGTH_BYTES))) {
    throw malformed('its header is too long')
  }
  const bodyStart = LENGTH_BYTES + Number(headerLength)
  const text = bytesToUtf8(bytes.subarray(LENGTH_BYTES, bodyStart))
  const header = z.record(z.string(), z.unknown()).safeParse(parseJson(text))
  if (!header.success) throw malformed('its header is not an object')
  return { header: header.data, body: bytes.subarray(bodyStart) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed('its header is not JSON')
  }
}

function floatBytes(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(4 * values.length)
  const view = new DataView(bytes.buffer)
  values.forEach((value, i) => {
    view.setFloat32(4 * i, value, true)
  })
  return bytes
}

function readFloats(bytes: Uint8Array, dtype: ElementName): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const values = new Float32Array(bytes.length / ELEMENT_BYTES[dtype])
  for (let i = 0; i < values.length; i++) {
    switch (dtype) {
      case 'F32':
        values[i] = view.getFloat32(4 * i, true)
        break
      case 'F16':
        values[i] = halfToFloat(view.getUint16(2 * i, true))
        break
      case 'BF16':
        values[i] = bfloatToFloat(view.getUint16(2 * i, true))
        break
    }
  }
  return values
}

/** IEEE 754 binary16. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** bfloat16 is the upper half of a float32. */
function bfloatToFloat(bits: number): number {
  const view = new DataView(new ArrayBuffer(4))
  view.setUint32(0, bits << 16)
  return view.getFloat32(0)
}

const malformed = (why: string) => new NodeError('BAD_MODEL', `The safetensors file is malformed: ${why}.`)
