import { utf8ToBytes } from '../../primitives/bytes.ts'
import type { Hash } from '../../primitives/hex.ts'
import { canonicalJson, sha256 } from '../hashes.ts'
import { ENCODER } from './architecture.ts'

/**
 * All that decides the bits of an answer beside the model, the adapter and the input. A receipt names the hash of
 * it; an auditor runs the same profile. Numbers that are not integers are written as decimal strings.
 *
 * Batching: one request a run, its own length, no padding. Matrix kernels add up in an order that depends on the
 * shape of the whole batch, so a neighbour or a padded length could change the last bits of an answer.
 */
export const RUNTIME_PROFILE = {
  format: 1,
  runtime: 'onnxruntime-node',
  runtimeVersion: '1.30.0',
  executionProvider: 'cpu',
  precision: 'float32',
  intraOpThreads: 1,
  interOpThreads: 1,
  executionMode: 'sequential',
  graphOptimization: 'basic',
  batching: 'one request a run, unpadded',
  maxTokens: ENCODER.maxTokens,
  truncation: 'first tokens',
  headInputScale: ENCODER.headInputScale,
  reluGradientBand: String(ENCODER.reluGradientBand),
  /** An auditor's own margin between the two best logits below which another answer is not held against a host. */
  answerMarginEpsilon: '0.001',
} as const

export const RUNTIME_PROFILE_HASH: Hash = sha256(utf8ToBytes(canonicalJson(RUNTIME_PROFILE)))
