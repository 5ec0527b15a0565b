import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { utf8ToBytes } from '../../primitives/bytes.ts'
import type { Hash } from '../../primitives/hex.ts'
import { canonicalJson, sha256 } from '../hashes.ts'
import { BASE_PACKAGE, findBasePackage, readBaseWeights, readPackageFile } from './basePackage.ts'
import { buildEncoderGraph } from './encoderGraph.ts'
import { encodeOnnx } from './graph/encode.ts'
import { RUNTIME_PROFILE, RUNTIME_PROFILE_HASH } from './profile.ts'
import { type Weights, weightsOfOnnx } from './weights.ts'

/**
 * A model folder holds what a node needs to run the base encoder: `encoder.onnx`, `tokenizer.json` and a manifest.
 * It is built once from the weights package; the bytes are the same on every machine, so their hashes are pinned
 * here and a folder with other bytes is refused.
 */
export const BASE_MODEL = {
  name: 'use-lite-en',
  onnxHash: '0x5232ad5cd7ccc0f4643e1df9a4d5eeccf469a754b3443aed3ee0b07f43e305d7',
  tokenizerHash: '0x1ad860b9720c16cd48e666d664a556b2515c04f5a26a4b53c0372427913b1b8e',
  licence: 'Apache-2.0',
} as const satisfies { name: string; onnxHash: Hash; tokenizerHash: Hash; licence: string }

const ONNX_FILE = 'encoder.onnx'
const TOKENIZER_FILE = 'tokenizer.json'
const MANIFEST_FILE = 'manifest.json'

export interface BaseModel {
  readonly weights: Weights
  readonly onnx: Uint8Array
  /** Bytes of the vocabulary. */
  readonly tokenizer: Uint8Array
}

/** `.cache/models` beside the package's package.json. */
export function defaultModelFolder(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return join(folder, '.cache', 'models')
    if (dirname(folder) === folder) throw new NodeError('BAD_MODEL', 'The package root was not found.')
  }
}

/** The model's folder under `folder`; named after its manifest, so that another model or profile has another one. */
export function modelPath(folder: string): string {
  return join(folder, `${BASE_MODEL.name}-${sha256(manifestJson()).slice(2, 10)}`)
}

/** Builds the model under `folder` unless it is there; several processes may do so at once. Blocks for a second. */
export function ensureBaseModel(folder: string, packageFolder: string = findBasePackage()): void {
  const target = modelPath(folder)
  if (existsSync(join(target, MANIFEST_FILE))) return
  const weights = readBaseWeights(packageFolder)
  const graph = buildEncoderGraph(weights, { from: 'tokens', to: 'embedding', modules: [] })
  const building = `${target}.${process.pid}`
  rmSync(building, { recursive: true, force: true })
  mkdirSync(building, { recursive: true })
  writeFileSync(join(building, ONNX_FILE), encodeOnnx(graph))
  writeFileSync(join(building, TOKENIZER_FILE), readPackageFile(packageFolder, 'vocab.json'))
  writeFileSync(join(building, MANIFEST_FILE), manifestJson())
  try {
    renameSync(building, target)
  } catch (error) {
    rmSync(building, { recursive: true, force: true })
    if (!existsSync(join(target, MANIFEST_FILE))) throw error
  }
}

/** Reads and checks the model under `folder`. */
export function readBaseModel(folder: string): BaseModel {
  const target = modelPath(folder)
  const onnx = readFile(target, ONNX_FILE)
  const tokenizer = readFile(target, TOKENIZER_FILE)
  if (sha256(onnx) !== BASE_MODEL.onnxHash || sha256(tokenizer) !== BASE_MODEL.tokenizerHash) {
    throw new NodeError('BAD_MODEL', `${target} does not hold the base model; delete it and start again.`)
  }
  return { weights: weightsOfOnnx(onnx), onnx, tokenizer }
}

function readFile(folder: string, name: string): Uint8Array {
  const path = join(folder, name)
  if (!existsSync(path)) throw new NodeError('NOT_FOUND', `${path} does not exist.`)
  if (statSync(path).size > limits.modelFileBytes) throw new NodeError('BAD_MODEL', `${path} is too large.`)
  return Uint8Array.from(readFileSync(path))
}

function manifestJson(): Uint8Array {
  return utf8ToBytes(
    canonicalJson({
      format: 1,
      ...BASE_MODEL,
      source: `${BASE_PACKAGE.name}@${BASE_PACKAGE.version}`,
      onnxFile: ONNX_FILE,
      tokenizerFile: TOKENIZER_FILE,
      profile: RUNTIME_PROFILE,
      profileHash: RUNTIME_PROFILE_HASH,
    }),
  )
}
