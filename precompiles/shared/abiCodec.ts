import { invariant } from '../../src/errors/errors.ts'
import type { AbiParameter } from './abiTypes.ts'

/** An ABI type, parsed once when the precompile is built. `headBytes` is its size in the head of its parent. */
export type Codec = { readonly dynamic: boolean; readonly headBytes: number } & (
  | { readonly kind: 'uint' | 'int'; readonly bits: number; readonly asNumber: boolean }
  | { readonly kind: 'address' | 'bool' | 'bytes' | 'string' }
  | { readonly kind: 'fixedBytes'; readonly size: number }
  | { readonly kind: 'array'; readonly item: Codec }
  | { readonly kind: 'tuple'; readonly fields: readonly Field[] }
)

export interface Field {
  readonly name: string
  readonly codec: Codec
}

/** Integers of at most this many bits are numbers in TypeScript, as in `ScalarOf`. */
const NUMBER_BITS = 48

function codecOf(type: string, components: readonly AbiParameter[] | undefined): Codec {
  if (type.endsWith('[]')) {
    return { kind: 'array', item: codecOf(type.slice(0, -2), components), dynamic: true, headBytes: 32 }
  }
  const integer = /^(u?int)(\d+)$/.exec(type)
  if (integer !== null) {
    const bits = Number(integer[2])
    const kind = integer[1] === 'int' ? 'int' : 'uint'
    return { kind, bits, asNumber: bits <= NUMBER_BITS, dynamic: false, headBytes: 32 }
  }
  const fixed = /^bytes(\d+)$/.exec(type)
  if (fixed !== null) return { kind: 'fixedBytes', size: Number(fixed[1]), dynamic: false, headBytes: 32 }
  switch (type) {
    case 'address':
    case 'bool':
      return { kind: type, dynamic: false, headBytes: 32 }
    case 'bytes':
    case 'string':
      return { kind: type, dynamic: true, headBytes: 32 }
    case 'tuple':
      return tupleCodec(components ?? [])
    default:
      throw new TypeError(`ABI type ${type} is not used by any interface`)
  }
}

export function tupleCodec(parameters: readonly AbiParameter[]): Codec & { kind: 'tuple' } {
  const fields = parameters.map(({ name, type, components }, index) => {
    invariant(name !== '' || parameters.length === 1, `parameter ${index} of ${type} needs a name`)
    return { name, codec: codecOf(type, components) }
  })
  const dynamic = fields.some(({ codec }) => codec.dynamic)
  const headBytes = dynamic ? 32 : fields.reduce((sum, { codec }) => sum + codec.headBytes, 0)
  return { kind: 'tuple', fields, dynamic, headBytes }
}

/** The type as it is written in a signature: `(uint64,uint32)[]`. */
export function canonicalType({ type, components }: AbiParameter): string {
  if (!type.startsWith('tuple')) return type
  return `(${(components ?? []).map(canonicalType).join(',')})${type.slice('tuple'.length)}`
}

export function signatureOf(name: string, inputs: readonly AbiParameter[]): string {
  return `${name}(${inputs.map(canonicalType).join(',')})`
}
