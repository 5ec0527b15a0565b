import { NodeError } from '../../errors/errors.ts'

/** What the check needs of a runtime. */
export interface Embedder {
  tokenize(text: string): readonly number[]
  embed(ids: readonly number[]): Promise<Float32Array>
}

/**
 * The first coordinates of some embeddings, as the original package's own runtime computes them. A machine whose
 * runtime strays from them further than the tolerance would fail its audits, so it does not start.
 */
const GOLDEN: readonly { readonly text: string; readonly start: readonly number[] }[] = [
  {
    text: 'How old are you?',
    start: [0.0386853, 0.0504437, -0.0455236, 0.0560794, -0.0600766, -0.0550972, 0.0621866, 0.0622829],
  },
  {
    text: 'A buffer overflow in the parser allows remote attackers to execute arbitrary code.',
    start: [-0.0626454, -0.0653407, 0.0213881, 0.0276179, 0.02586, -0.0455075, 0.0182787, -0.0644898],
  },
  {
    text: 'Attribution pays the people whose data made the answer.',
    start: [-0.0112379, -0.072478, -0.030032, 0.0486125, 0.0160357, 0.009214, -0.0032, -0.0206515],
  },
]

/** Float32 kernels of different machines were seen to differ by 5·10⁻⁷ at most. */
const TOLERANCE = 1e-5

export async function checkGolden(runtime: Embedder): Promise<void> {
  for (const { text, start } of GOLDEN) {
    const embedding = await runtime.embed(runtime.tokenize(text))
    const error = start.reduce((most, value, i) => Math.max(most, Math.abs(value - (embedding[i] ?? 0))), 0)
    if (!(error <= TOLERANCE)) {
      throw new NodeError(
        'BAD_MODEL',
        'The runtime on this machine does not give the base model’s outputs.',
        { error },
      )
    }
  }
}
