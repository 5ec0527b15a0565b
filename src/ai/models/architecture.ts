import { NodeError } from '../../errors/errors.ts'

/**
 * Sizes of the base encoder: two transformer layers of post-mixed width, mean pooling, one tanh layer, unit length.
 * Layer 0 reads embeddings of 256 and leaves a width of 512, through a residual projection of its own.
 */
export const ENCODER = {
  layers: 2,
  heads: 4,
  embeddingWidth: 256,
  width: 512,
  innerWidth: 1536,
  vocabulary: 8002,
  /** Longest input; the position signal is laid out for it. */
  maxTokens: 128,
  layerNormEpsilon: 9.999999974752427e-7,
  /** The task head reads the unit embedding times this: a unit vector's entries alone are too small to train on. */
  headInputScale: 10,
  /** Width of the rise that stands for the step in the gradient of ReLU (see `relu`). */
  reluGradientBand: 0.001,
} as const

/** The matrices that LoRA can adapt, by their module names in PEFT files, in canonical order. */
export const LORA_MODULES = [
  'layers.0.attention.qkv',
  'layers.0.attention.out',
  'layers.0.ffn.up',
  'layers.0.ffn.down',
  'layers.1.attention.qkv',
  'layers.1.attention.out',
  'layers.1.ffn.up',
  'layers.1.ffn.down',
] as const

export type LoraModule = (typeof LORA_MODULES)[number]

export function isLoraModule(name: string): name is LoraModule {
  return (LORA_MODULES as readonly string[]).includes(name)
}

/** Input and output widths of a module's matrix. */
export function moduleWidths(module: LoraModule): { readonly input: number; readonly output: number } {
  const { width, innerWidth } = ENCODER
  const layerInput = module.startsWith('layers.0.') ? ENCODER.embeddingWidth : width
  switch (module) {
    case 'layers.0.attention.qkv':
    case 'layers.1.attention.qkv':
      return { input: layerInput, output: 3 * layerInput }
    case 'layers.0.attention.out':
    case 'layers.1.attention.out':
      return { input: layerInput, output: width }
    case 'layers.0.ffn.up':
    case 'layers.1.ffn.up':
      return { input: width, output: innerWidth }
    case 'layers.0.ffn.down':
    case 'layers.1.ffn.down':
      return { input: innerWidth, output: width }
  }
}

/** Refuses unknown and repeated modules and puts the rest in canonical order. */
export function canonicalModules(names: readonly string[]): readonly LoraModule[] {
  const unknown = names.find((name) => !isLoraModule(name))
  if (unknown !== undefined) throw new NodeError('BAD_MODEL', `The base model has no module ${unknown}.`)
  if (new Set(names).size !== names.length)
    throw new NodeError('BAD_MODEL', 'A target module is named twice.')
  return LORA_MODULES.filter((module) => names.includes(module))
}

/** The layer from which on an adapter of these modules differs from the base; below it nothing depends on it. */
export function firstAdaptedLayer(modules: readonly LoraModule[]): number {
  return modules.some((module) => module.startsWith('layers.0.')) ? 0 : 1
}
