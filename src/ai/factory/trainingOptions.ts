import { z } from 'zod'
import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { utf8ToBytes } from '../../primitives/bytes.ts'
import type { Hash } from '../../primitives/hex.ts'
import { isHexBytes } from '../../primitives/hex.ts'
import { canonicalJson, sha256 } from '../hashes.ts'
import { canonicalModules, type LoraModule } from '../models/architecture.ts'
import { BASE_MODEL } from '../models/modelFolder.ts'
import { RUNTIME_PROFILE_HASH } from '../models/profile.ts'

/** How an adapter is trained. Everything here, the records and the runtime profile decide its bytes. */
export interface TrainingOptions {
  readonly rank: number
  readonly alpha: number
  readonly modules: readonly LoraModule[]
  /** Seeds the first A matrices, the validation split and the order of the batches. */
  readonly seed: Hash
  readonly epochs: number
  readonly batchSize: number
  /** First rates, in millionths, so that the manifest holds integers: 1000 is 0.001. They fall to zero by the last epoch. */
  readonly loraRateMicros: number
  readonly headRateMicros: number
  /** `balanced` weighs each class alike, whatever its number of records. */
  readonly lossWeights: 'plain' | 'balanced'
  /** Share of the records kept for validation, in percent, where none are given. */
  readonly validationPercent: number
  /** Epochs without a lower validation loss after which training ends. */
  readonly patience: number
}

export const DEFAULT_TRAINING: Omit<TrainingOptions, 'seed'> = {
  rank: 4,
  alpha: 4,
  modules: ['layers.1.attention.qkv', 'layers.1.attention.out'],
  epochs: 10,
  batchSize: 16,
  loraRateMicros: 1000,
  headRateMicros: 2000,
  lossWeights: 'balanced',
  validationPercent: 15,
  patience: 3,
}

const schema = z.object({
  rank: z.int().min(1).max(limits.loraRank),
  alpha: z.int().min(1).max(limits.loraAlpha),
  modules: z.array(z.string()).min(1),
  seed: z.string().refine((seed) => isHexBytes(seed, 32), 'is not 32 bytes of hex'),
  epochs: z.int().min(1).max(limits.trainingEpochs),
  batchSize: z.int().min(1).max(limits.trainingBatch),
  loraRateMicros: z.int().min(0).max(1_000_000),
  headRateMicros: z.int().min(0).max(1_000_000),
  lossWeights: z.enum(['plain', 'balanced']),
  validationPercent: z.int().min(1).max(50),
  patience: z.int().min(1),
})

/** The options with modules in canonical order; refuses what is out of bounds. */
export function checkedTraining(options: TrainingOptions): TrainingOptions {
  const parsed = schema.safeParse(options)
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new NodeError('BAD_REQUEST', `The training options are wrong: ${problems.join('; ')}.`, {
      problems,
    })
  }
  return { ...options, modules: canonicalModules(options.modules) }
}

/** What a manifest says of one run, enough to run it again. */
export interface TrainingFacts {
  readonly options: TrainingOptions
  readonly labels: readonly string[]
  /** Content roots of the contributions, in the order of their records. */
  readonly trainingRoots: readonly Hash[]
  /** Content roots of validation records that were given; empty when they were split off. */
  readonly validationRoots: readonly Hash[]
  readonly adapterHash: Hash
}

export interface TrainingManifest {
  readonly bytes: Uint8Array
  /** sha256 of the bytes; goes on the chain with the adapter. */
  readonly hash: Hash
}

export function trainingManifest(facts: TrainingFacts): TrainingManifest {
  const bytes = utf8ToBytes(
    canonicalJson({
      format: 1,
      baseModel: { onnxHash: BASE_MODEL.onnxHash, tokenizerHash: BASE_MODEL.tokenizerHash },
      profileHash: RUNTIME_PROFILE_HASH,
      optimizer: 'adam',
      ...facts,
    }),
  )
  return { bytes, hash: sha256(bytes) }
}
