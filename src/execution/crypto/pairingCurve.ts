import { invariant } from '../../errors/errors.ts'
import { Mcl, type mclCurves, type Pointer, valueBytes } from './mcl.ts'

export interface CurveEncoding {
  readonly curve: keyof typeof mclCurves
  /** The prime of the base field, big endian; as long as a field element. */
  readonly modulus: Uint8Array
  /** Zero bytes before each field element. */
  readonly padding: number
  /** Whether the part with i comes first in an element of Fp2. */
  readonly imaginaryFirst: boolean
  /** Whether the curve over the base field has points outside the subgroup. */
  readonly hasCofactor: boolean
}

/**
 * Points that mcl gets at once. It keeps tables for them on a stack of 1 MiB, and the gas limit of a transaction
 * allows thousands in one call.
 */
const BATCH = 128

/** Where a curve keeps its values: each call overwrites what the one before has left. */
interface Places {
  readonly bytes: Pointer
  readonly fields: readonly [Pointer, Pointer]
  readonly scalars: Pointer
  readonly g1: { readonly batch: Pointer; readonly sum: Pointer; readonly term: Pointer }
  readonly g2: { readonly batch: Pointer; readonly sum: Pointer; readonly term: Pointer }
  readonly product: Pointer
  readonly factor: Pointer
}

/**
 * The points of one curve as precompiles encode them. A method that gets a caller's bytes answers undefined (or false)
 * when they are no valid points; what it throws is a fault of this node.
 */
export class PairingCurve {
  readonly mcl: Mcl
  readonly #encoding: CurveEncoding
  readonly #places: Places

  private constructor(encoding: CurveEncoding, mcl: Mcl) {
    this.#encoding = encoding
    this.mcl = mcl
    const { fp, fr, g1, g2, gt } = valueBytes
    const points = (size: number) => ({
      batch: mcl.allocate(BATCH * size),
      sum: mcl.allocate(size),
      term: mcl.allocate(size),
    })
    this.#places = {
      bytes: mcl.allocate(fp),
      fields: [mcl.allocate(2 * fp), mcl.allocate(2 * fp)],
      scalars: mcl.allocate(BATCH * fr),
      g1: points(g1),
      g2: points(g2),
      product: mcl.allocate(gt),
      factor: mcl.allocate(gt),
    }
  }

  static async open(encoding: CurveEncoding): Promise<PairingCurve> {
    return new PairingCurve(encoding, await Mcl.open(encoding.curve))
  }

  get g1Bytes(): number {
    return 2 * this.#fieldBytes
  }

  get g2Bytes(): number {
    return 4 * this.#fieldBytes
  }

  /** The sum of the two points at the start of `input`; they need not be in the subgroup. */
  addG1(input: Uint8Array): Uint8Array | undefined {
    const { term, sum } = this.#places.g1
    if (!this.loadG1(sum, input, 0) || !this.loadG1(term, input, this.g1Bytes)) return undefined
    this.mcl.call._mclBnG1_add(sum, sum, term)
    return this.storeG1(sum)
  }

  addG2(input: Uint8Array): Uint8Array | undefined {
    const { term, sum } = this.#places.g2
    if (!this.loadG2(sum, input, 0) || !this.loadG2(term, input, this.g2Bytes)) return undefined
    this.mcl.call._mclBnG2_add(sum, sum, term)
    return this.#storeG2(sum)
  }

  /** The point at the start of `input` times the 32-byte scalar after it; of a curve whose G1 has no other points. */
  mulG1(input: Uint8Array): Uint8Array | undefined {
    const { scalars, g1 } = this.#places
    if (!this.loadG1(g1.sum, input, 0)) return undefined
    this.loadScalar(scalars, input, this.g1Bytes)
    this.mcl.call._mclBnG1_mul(g1.sum, g1.sum, scalars)
    return this.storeG1(g1.sum)
  }

  /** The sum of points times scalars, in pairs; all points must be in the subgroup. */
  msmG1(input: Uint8Array): Uint8Array | undefined {
    const { call } = this.mcl
    const { scalars, g1 } = this.#places
    call._mclBnG1_clear(g1.sum)
    const isValid = this.#inBatches(input, this.g1Bytes + SCALAR_BYTES, {
      load: (offset, index) => {
        const point = g1.batch + index * valueBytes.g1
        this.loadScalar(scalars + index * valueBytes.fr, input, offset + this.g1Bytes)
        return this.loadG1(point, input, offset) && this.isInSubgroup(point)
      },
      run: (count) => {
        call._mclBnG1_mulVec(g1.term, g1.batch, scalars, count)
        call._mclBnG1_add(g1.sum, g1.sum, g1.term)
      },
    })
    return isValid ? this.storeG1(g1.sum) : undefined
  }

  msmG2(input: Uint8Array): Uint8Array | undefined {
    const { call } = this.mcl
    const { scalars, g2 } = this.#places
    call._mclBnG2_clear(g2.sum)
    const isValid = this.#inBatches(input, this.g2Bytes + SCALAR_BYTES, {
      load: (offset, index) => {
        const point = g2.batch + index * valueBytes.g2
        this.loadScalar(scalars + index * valueBytes.fr, input, offset + this.g2Bytes)
        return this.loadG2(point, input, offset) && call._mclBnG2_isValidOrder(point) === 1
      },
      run: (count) => {
        call._mclBnG2_mulVec(g2.term, g2.batch, scalars, count)
        call._mclBnG2_add(g2.sum, g2.sum, g2.term)
      },
    })
    return isValid ? this.#storeG2(g2.sum) : undefined
  }

  /** Whether the product of the pairings is one; all points must be in their subgroups. */
  isPairingOne(input: Uint8Array): boolean | undefined {
    const { call } = this.mcl
    const { g1, g2, product, factor } = this.#places
    call._mclBnGT_setInt32(product, 1)
    const isValid = this.#inBatches(input, this.g1Bytes + this.g2Bytes, {
      load: (offset, index) => {
        const p = g1.batch + index * valueBytes.g1
        const q = g2.batch + index * valueBytes.g2
        return (
          this.loadG1(p, input, offset) &&
          this.loadG2(q, input, offset + this.g1Bytes) &&
          this.isInSubgroup(p) &&
          call._mclBnG2_isValidOrder(q) === 1
        )
      },
      run: (count) => {
        call._mclBn_millerLoopVec(factor, g1.batch, g2.batch, count)
        call._mclBnGT_mul(product, product, factor)
      },
    })
    if (!isValid) return undefined
    call._mclBn_finalExp(product, product)
    return call._mclBnGT_isOne(product) === 1
  }

  /** The map of RFC 9380 from the field element at the start of `input`, cofactor cleared. */
  mapToG1(input: Uint8Array): Uint8Array | undefined {
    const { fields, g1 } = this.#places
    if (!this.loadField(fields[0], input, 0)) return undefined
    invariant(this.mcl.call._mclBnFp_mapToG1(g1.sum, fields[0]) === 0, 'Each field element maps to a point.')
    return this.storeG1(g1.sum)
  }

  mapToG2(input: Uint8Array): Uint8Array | undefined {
    const { fields, g2 } = this.#places
    if (!this.#loadFp2(fields[0], input, 0)) return undefined
    invariant(this.mcl.call._mclBnFp2_mapToG2(g2.sum, fields[0]) === 0, 'Each field element maps to a point.')
    return this.#storeG2(g2.sum)
  }

  get #fieldBytes(): number {
    return this.#encoding.padding + this.#encoding.modulus.length
  }

  isInSubgroup(point: Pointer): boolean {
    return !this.#encoding.hasCofactor || this.mcl.call._mclBnG1_isValidOrder(point) === 1
  }

  /** False as soon as an item cannot be loaded. */
  #inBatches(
    input: Uint8Array,
    itemBytes: number,
    { load, run }: { load: (offset: number, index: number) => boolean; run: (count: number) => void },
  ): boolean {
    let count = 0
    for (let offset = 0; offset + itemBytes <= input.length; offset += itemBytes) {
      if (!load(offset, count)) return false
      count++
      if (count < BATCH) continue
      run(count)
      count = 0
    }
    if (count > 0) run(count)
    return true
  }

  /** A point of the curve or, all zeros, infinity. */
  loadG1(point: Pointer, input: Uint8Array, offset: number): boolean {
    const { call } = this.mcl
    if (isZero(input, offset, this.g1Bytes)) {
      call._mclBnG1_clear(point)
      return true
    }
    const { fp } = valueBytes
    if (!this.loadField(point, input, offset)) return false
    if (!this.loadField(point + fp, input, offset + this.#fieldBytes)) return false
    call._mclBnFp_setInt32(point + 2 * fp, 1)
    return call._mclBnG1_isValid(point) === 1
  }

  loadG2(point: Pointer, input: Uint8Array, offset: number): boolean {
    const { call } = this.mcl
    if (isZero(input, offset, this.g2Bytes)) {
      call._mclBnG2_clear(point)
      return true
    }
    const { fp } = valueBytes
    if (!this.#loadFp2(point, input, offset)) return false
    if (!this.#loadFp2(point + 2 * fp, input, offset + 2 * this.#fieldBytes)) return false
    call._mclBnFp_setInt32(point + 4 * fp, 1)
    call._mclBnFp_setInt32(point + 5 * fp, 0)
    return call._mclBnG2_isValid(point) === 1
  }

  #loadFp2(place: Pointer, input: Uint8Array, offset: number): boolean {
    const { fp } = valueBytes
    const [first, second] = this.#encoding.imaginaryFirst ? [place + fp, place] : [place, place + fp]
    return this.loadField(first, input, offset) && this.loadField(second, input, offset + this.#fieldBytes)
  }

  /** A canonical element of the base field, as the precompile encodes it. */
  loadField(place: Pointer, input: Uint8Array, offset: number): boolean {
    const { modulus, padding } = this.#encoding
    if (!isZero(input, offset, padding)) return false
    const bytes = input.subarray(offset + padding, offset + padding + modulus.length)
    if (bytes.length < modulus.length || Buffer.compare(bytes, modulus) >= 0) return false
    this.mcl.write(this.#places.bytes, bytes)
    const status = this.mcl.call._mclBnFp_setBigEndianMod(place, this.#places.bytes, bytes.length)
    invariant(status === 0, 'mcl takes each canonical field element.')
    return true
  }

  /** Any 32 bytes; reduced by the order of the subgroup. */
  loadScalar(place: Pointer, input: Uint8Array, offset: number): void {
    this.mcl.write(this.#places.bytes, input.subarray(offset, offset + SCALAR_BYTES))
    const status = this.mcl.call._mclBnFr_setBigEndianMod(place, this.#places.bytes, SCALAR_BYTES)
    invariant(status === 0, 'mcl takes each scalar.')
  }

  storeG1(point: Pointer): Uint8Array {
    const { call } = this.mcl
    const output = new Uint8Array(this.g1Bytes)
    if (call._mclBnG1_isZero(point) === 1) return output
    call._mclBnG1_normalize(point, point)
    this.#storeField(output, 0, point)
    this.#storeField(output, this.#fieldBytes, point + valueBytes.fp)
    return output
  }

  #storeG2(point: Pointer): Uint8Array {
    const { call } = this.mcl
    const output = new Uint8Array(this.g2Bytes)
    if (call._mclBnG2_isZero(point) === 1) return output
    call._mclBnG2_normalize(point, point)
    for (let index = 0; index < 4; index++) {
      const place = this.#encoding.imaginaryFirst ? index ^ 1 : index
      this.#storeField(output, index * this.#fieldBytes, point + place * valueBytes.fp)
    }
    return output
  }

  #storeField(output: Uint8Array, offset: number, place: Pointer): void {
    output.set(this.fieldBytes(place), offset + this.#encoding.padding)
  }

  /** Big endian, without padding. */
  fieldBytes(place: Pointer): Uint8Array {
    const { bytes } = this.#places
    const length = this.mcl.call._mclBnFp_serialize(bytes, valueBytes.fp, place)
    invariant(length === this.#encoding.modulus.length, 'mcl writes a field element at its full length.')
    return this.mcl.read(bytes, length).reverse()
  }
}

const SCALAR_BYTES = 32

function isZero(input: Uint8Array, offset: number, length: number): boolean {
  for (let at = offset; at < offset + length; at++) if (input[at] !== 0) return false
  return true
}
