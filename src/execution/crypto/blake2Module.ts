/**
 * The compression function of BLAKE2b (RFC 7693, section 3.2), assembled to WebAssembly: a call of the precompile may
 * ask for millions of rounds at one gas each. The rounds can be done in parts, because an engine replaces its first,
 * slow code between two calls only.
 */

/** RFC 7693, section 2.7; from round 10 on the schedules repeat. */
const SIGMA: readonly (readonly number[])[] = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
]

/** RFC 7693, section 2.6. */
const IV: readonly bigint[] = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
]

/** RFC 7693, section 3.2: the words that each of a round's eight mixings takes. */
const MIXINGS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const

const WORDS = 16
const WORD_BYTES = 8
const HALF_BYTES = 8 * WORD_BYTES
const LAST_FLAG_BYTES = WORD_BYTES
const OFFSET_BYTES = 2 * WORD_BYTES

/** Where the module's memory holds what: the state h, the message m, the offset t and the mask of the last block. */
export const blake2Memory = {
  state: 0,
  message: HALF_BYTES,
  offset: HALF_BYTES + WORDS * WORD_BYTES,
  lastBlock: HALF_BYTES + WORDS * WORD_BYTES + OFFSET_BYTES,
  work: HALF_BYTES + WORDS * WORD_BYTES + OFFSET_BYTES + LAST_FLAG_BYTES,
} as const

// WebAssembly 1.0, section 5: opcodes and types
const op = {
  block: 0x02,
  loop: 0x03,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  get: 0x20,
  set: 0x21,
  i64Load: 0x29,
  i64Store: 0x37,
  i32Const: 0x41,
  i64Const: 0x42,
  i32Eqz: 0x45,
  i32Sub: 0x6b,
  i64Add: 0x7c,
  i64Xor: 0x85,
  i64Rotr: 0x8a,
} as const
const type = { i32: 0x7f, i64: 0x7e, func: 0x60, empty: 0x40 } as const

// the parameter and the locals of `mix`
const ROUNDS = 0
const V = 1

function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  do {
    bytes.push(rest < 128 ? rest : (rest & 127) | 128)
    rest >>>= 7
  } while (rest > 0)
  return bytes
}

function signed(value: bigint): number[] {
  const bytes: number[] = []
  let rest = BigInt.asIntN(64, value)
  for (;;) {
    const byte = Number(rest & 127n)
    rest >>= 7n
    const isLast = (rest === 0n && byte < 64) || (rest === -1n && byte >= 64)
    bytes.push(isLast ? byte : byte | 128)
    if (isLast) return bytes
  }
}

const section = (id: number, content: readonly number[]) => [id, ...unsigned(content.length), ...content]
const name = (text: string) => [text.length, ...Buffer.from(text, 'ascii')]
const load = (at: number) => [op.i32Const, 0, op.i64Load, 3, ...unsigned(at)]
const store = (at: number, value: readonly number[]) => [
  ...[op.i32Const, 0, ...value, op.i64Store, 3],
  ...unsigned(at),
]

/** RFC 7693, section 3.1: mixes two message words into four words of the work vector. */
function mixing([a, b, c, d]: readonly number[], x: number, y: number): number[] {
  const va = V + (a ?? 0)
  const vb = V + (b ?? 0)
  const vc = V + (c ?? 0)
  const vd = V + (d ?? 0)
  const addTo = (target: number, more: readonly number[]) => [
    ...[op.get, target, op.get, vb, op.i64Add],
    ...more,
    ...[op.i64Add, op.set, target],
  ]
  const turn = (target: number, by: number, bits: number) => [
    ...[op.get, target, op.get, by, op.i64Xor],
    ...[op.i64Const, ...signed(BigInt(bits)), op.i64Rotr, op.set, target],
  ]
  const addC = [op.get, vc, op.get, vd, op.i64Add, op.set, vc]
  const word = (index: number) => load(blake2Memory.message + index * WORD_BYTES)
  return [
    ...addTo(va, word(x)),
    ...turn(vd, va, 32),
    ...addC,
    ...turn(vb, vc, 24),
    ...addTo(va, word(y)),
    ...turn(vd, va, 16),
    ...addC,
    ...turn(vb, vc, 63),
  ]
}

/** Ends the loop when no round is left, then does one with this schedule. */
function round(schedule: readonly number[]): number[] {
  return [
    ...[op.get, ROUNDS, op.i32Eqz, op.brIf, 1],
    ...[op.get, ROUNDS, op.i32Const, 1, op.i32Sub, op.set, ROUNDS],
    ...MIXINGS.flatMap((words, i) => mixing(words, schedule[2 * i] ?? 0, schedule[2 * i + 1] ?? 0)),
  ]
}

const wordsUpTo = (count: number) => Array.from({ length: count }, (_, i) => i)

/** Fills the work vector. */
function startBody(): number[] {
  const { state, offset, work } = blake2Memory
  // the two words of the offset, then the mask, go into words 12 to 14
  const masked = (i: number) => (i >= 4 && i < 7 ? [...load(offset + (i - 4) * WORD_BYTES), op.i64Xor] : [])
  return [
    0,
    ...wordsUpTo(8).flatMap((i) => store(work + i * WORD_BYTES, load(state + i * WORD_BYTES))),
    ...wordsUpTo(8).flatMap((i) =>
      store(work + HALF_BYTES + i * WORD_BYTES, [op.i64Const, ...signed(IV[i] ?? 0n), ...masked(i)]),
    ),
    op.end,
  ]
}

/** Mixes for some rounds; all but the last call's are a multiple of ten. */
function mixBody(): number[] {
  const at = (i: number) => blake2Memory.work + i * WORD_BYTES
  return [
    ...[1, WORDS, type.i64],
    ...wordsUpTo(WORDS).flatMap((i) => [...load(at(i)), op.set, V + i]),
    ...[op.block, type.empty, op.loop, type.empty, ...SIGMA.flatMap(round), op.br, 0, op.end, op.end],
    ...wordsUpTo(WORDS).flatMap((i) => store(at(i), [op.get, V + i])),
    op.end,
  ]
}

/** Folds the work vector into the state. */
function finishBody(): number[] {
  const { state, work } = blake2Memory
  const folded = (i: number) => [
    ...load(state + i * WORD_BYTES),
    ...[...load(work + i * WORD_BYTES), op.i64Xor],
    ...[...load(work + HALF_BYTES + i * WORD_BYTES), op.i64Xor],
  ]
  return [0, ...wordsUpTo(8).flatMap((i) => store(state + i * WORD_BYTES, folded(i))), op.end]
}

function assemble(): Uint8Array {
  const bodies = [startBody(), mixBody(), finishBody()]
  const exported = ['start', 'mix', 'finish'].flatMap((text, index) => [...name(text), 0, index])
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [2, type.func, 0, 0, type.func, 1, type.i32, 0]),
    ...section(3, [3, 0, 1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [4, ...name('memory'), 2, 0, ...exported]),
    ...section(10, [3, ...bodies.flatMap((body) => [...unsigned(body.length), ...body])]),
  ])
}

export interface Blake2Module {
  readonly memory: { readonly buffer: ArrayBuffer }
  start(): void
  mix(rounds: number): void
  finish(): void
}

/** Node has it; the types that the project compiles with do not. */
const { WebAssembly: webAssembly } = globalThis as unknown as {
  WebAssembly: { instantiate(bytes: Uint8Array): Promise<{ instance: { exports: Blake2Module } }> }
}

export async function instantiateBlake2(): Promise<Blake2Module> {
  const { instance } = await webAssembly.instantiate(assemble())
  return instance.exports
}
