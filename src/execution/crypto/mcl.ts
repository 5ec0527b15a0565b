// The one file that knows mcl-wasm: the C interface of the mcl library, with an instance for each curve. The classes
// of the package share one instance, keep flags in it, and hold all points of a call on a stack of 1 MiB.
import { createRequire } from 'node:module'
import { invariant } from '../../errors/errors.ts'

/** A place in an instance's memory. */
export type Pointer = number

/** Functions write their first argument, unless they answer a question. */
export interface MclFunctions {
  _mclBn_setMapToMode(mode: number): number
  _mclBn_verifyOrderG1(verify: number): void
  _mclBn_verifyOrderG2(verify: number): void
  _mclBnFp_setInt32(z: Pointer, value: number): void
  _mclBnFp_setBigEndianMod(z: Pointer, bytes: Pointer, length: number): number
  _mclBnFp_serialize(bytes: Pointer, room: number, x: Pointer): number
  _mclBnFp_squareRoot(z: Pointer, x: Pointer): number
  _mclBnFp_add(z: Pointer, x: Pointer, y: Pointer): void
  _mclBnFp_mul(z: Pointer, x: Pointer, y: Pointer): void
  _mclBnFp_neg(z: Pointer, x: Pointer): void
  _mclBnFp_mapToG1(z: Pointer, x: Pointer): number
  _mclBnFp2_mapToG2(z: Pointer, x: Pointer): number
  _mclBnFr_neg(z: Pointer, x: Pointer): void
  _mclBnFr_setBigEndianMod(z: Pointer, bytes: Pointer, length: number): number
  _mclBnG1_clear(z: Pointer): void
  _mclBnG1_isZero(x: Pointer): number
  _mclBnG1_isValid(x: Pointer): number
  _mclBnG1_isValidOrder(x: Pointer): number
  _mclBnG1_normalize(z: Pointer, x: Pointer): void
  _mclBnG1_add(z: Pointer, x: Pointer, y: Pointer): void
  _mclBnG1_mul(z: Pointer, x: Pointer, k: Pointer): void
  _mclBnG1_mulVec(z: Pointer, x: Pointer, k: Pointer, n: number): void
  _mclBnG2_clear(z: Pointer): void
  _mclBnG2_isZero(x: Pointer): number
  _mclBnG2_isValid(x: Pointer): number
  _mclBnG2_isValidOrder(x: Pointer): number
  _mclBnG2_normalize(z: Pointer, x: Pointer): void
  _mclBnG2_add(z: Pointer, x: Pointer, y: Pointer): void
  _mclBnG2_mulVec(z: Pointer, x: Pointer, k: Pointer, n: number): void
  _mclBnGT_setInt32(z: Pointer, value: number): void
  _mclBnGT_isOne(x: Pointer): number
  _mclBnGT_mul(z: Pointer, x: Pointer, y: Pointer): void
  _mclBn_millerLoopVec(z: Pointer, p: Pointer, q: Pointer, n: number): void
  _mclBn_finalExp(z: Pointer, x: Pointer): void
  _mclBn_getUint64NumToPrecompute(): number
  _mclBn_precomputeG2(z: Pointer, q: Pointer): void
  _mclBn_precomputedMillerLoop2(z: Pointer, p1: Pointer, q1: Pointer, p2: Pointer, q2: Pointer): void
}

interface MclModule extends MclFunctions {
  readonly wasmMemory: { readonly buffer: ArrayBuffer }
  _malloc(bytes: number): Pointer
  _mclBn_init(curve: number, compiledTimeVar: number): number
}

type CreateModule = (options: { cryptoGetRandomValues: (bytes: Uint8Array) => void }) => Promise<MclModule>

/** mcl's numbers of the curves. */
export const mclCurves = { bn254: 4, bls12381: 5 } as const

/** Bytes of a value in memory: the build reserves 384 bits for Fp and 256 for Fr, whatever the curve. */
export const valueBytes = { fp: 48, fr: 32, g1: 3 * 48, g2: 6 * 48, gt: 12 * 48 } as const
const COMPILED_TIME_VAR = 46 // MCLBN_COMPILED_TIME_VAR of that build
const MAP_TO_CURVE_RFC9380 = 5 // MCL_MAP_TO_MODE_HASH_TO_CURVE

export class Mcl {
  readonly call: MclFunctions
  readonly #module: MclModule
  #heap: Uint8Array

  private constructor(module: MclModule) {
    this.call = module
    this.#module = module
    this.#heap = new Uint8Array(module.wasmMemory.buffer)
  }

  static async open(curve: keyof typeof mclCurves): Promise<Mcl> {
    const createModule = createRequire(import.meta.url)('mcl-wasm/dist/mcl_c.js') as CreateModule
    const module = await createModule({
      cryptoGetRandomValues: () => {
        throw new Error('the precompiles need no randomness')
      },
    })
    invariant(module._mclBn_init(mclCurves[curve], COMPILED_TIME_VAR) === 0, 'mcl knows the curve.')
    // orders are checked where a precompile's rules say so, not by each function that meets a point
    module._mclBn_verifyOrderG1(0)
    module._mclBn_verifyOrderG2(0)
    if (curve === 'bls12381') module._mclBn_setMapToMode(MAP_TO_CURVE_RFC9380)
    return new Mcl(module)
  }

  /** Room that is kept until the process ends. */
  allocate(bytes: number): Pointer {
    const pointer = this.#module._malloc(bytes)
    invariant(pointer !== 0, 'mcl has memory for its values.')
    return pointer
  }

  write(pointer: Pointer, bytes: Uint8Array): void {
    this.#memory().set(bytes, pointer)
  }

  read(pointer: Pointer, length: number): Uint8Array {
    return this.#memory().slice(pointer, pointer + length)
  }

  /** Memory that grew lies in a new buffer. */
  #memory(): Uint8Array {
    if (this.#heap.length === 0) this.#heap = new Uint8Array(this.#module.wasmMemory.buffer)
    return this.#heap
  }
}
