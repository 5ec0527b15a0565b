import { z } from 'zod'
import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { bytesToUtf8, utf8ToBytes } from '../../primitives/bytes.ts'
import type { Hash } from '../../primitives/hex.ts'
import { canonicalJson, sha256 } from '../hashes.ts'
import { canonicalModules } from '../models/architecture.ts'
import { CLASSIFIER_BIAS, CLASSIFIER_WEIGHT } from '../models/encoderGraph.ts'
import { BASE_MODEL } from '../models/modelFolder.ts'
import {
  type Adapter,
  type AdapterConfig,
  checkedConfig,
  parameterCount,
  parameterLayout,
} from './adapter.ts'
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from './safetensors.ts'

/** An adapter as PEFT's `save_pretrained` lays it out: `adapter_model.safetensors` and `adapter_config.json`. */
export interface AdapterFiles {
  readonly weights: Uint8Array
  readonly config: Uint8Array
}

const KEY_PREFIX = 'base_model.model.'
const HEAD_MODULE = 'classifier'

const configSchema = z.object({
  peft_type: z.literal('LORA'),
  r: z.int(),
  lora_alpha: z.int(),
  target_modules: z.array(z.string()).max(limits.adapterTensors),
  modules_to_save: z.array(z.string()).max(limits.adapterTensors),
  base_model_name_or_path: z.string().nullish(),
  // variants whose answers differ from plain LoRA's
  bias: z.literal('none').default('none'),
  fan_in_fan_out: z.literal(false).default(false),
  use_dora: z.literal(false).default(false),
  use_rslora: z.literal(false).default(false),
  rank_pattern: z.record(z.string(), z.never()).default({}),
  alpha_pattern: z.record(z.string(), z.never()).default({}),
})
const labelsSchema = z.array(z.string().min(1).max(limits.labelCharacters)).max(limits.classes)

/** Files of `adapter`; equal adapters give equal bytes. Class names stand in the metadata of the weights file. */
export function exportAdapter(adapter: Adapter): AdapterFiles {
  const { config, values } = adapter
  const tensors = parameterLayout(config).map(
    ({ name, shape, offset, length }): NamedTensor => ({
      name: keyOf(name),
      shape,
      data: values.slice(offset, offset + length),
    }),
  )
  tensors.sort((a, b) => (a.name < b.name ? -1 : 1))
  const metadata = {
    format: 'pt',
    base_model_sha256: BASE_MODEL.onnxHash,
    labels: JSON.stringify(config.labels),
  }
  return { weights: encodeSafetensors({ tensors, metadata }), config: utf8ToBytes(peftConfig(config)) }
}

/** Reads an adapter's files, which may come from anywhere. */
export function importAdapter(files: AdapterFiles): Adapter {
  const { tensors, metadata } = decodeSafetensors(files.weights)
  if ((metadata.base_model_sha256 ?? BASE_MODEL.onnxHash) !== BASE_MODEL.onnxHash) {
    throw new NodeError('BAD_MODEL', 'The adapter was made for another base model.')
  }
  const byKey = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  const config = readConfig(files.config, labelsOf(metadata, byKey.get(keyOf(CLASSIFIER_WEIGHT))))
  const layout = parameterLayout(config)
  if (byKey.size !== layout.length) {
    throw new NodeError(
      'BAD_MODEL',
      `The adapter has ${byKey.size} tensors, not the ${layout.length} of its targets.`,
    )
  }
  const values = new Float32Array(parameterCount(config))
  for (const { name, shape, offset } of layout) {
    const tensor = byKey.get(keyOf(name))
    if (tensor === undefined || tensor.shape.join() !== shape.join()) {
      throw new NodeError('BAD_MODEL', `${keyOf(name)} is missing or not ${shape.join(' × ')}.`)
    }
    values.set(tensor.data, offset)
  }
  if (!values.every(Number.isFinite))
    throw new NodeError('BAD_MODEL', 'The adapter holds numbers that are not finite.')
  return { config, values }
}

/** sha256 of the weights file: the adapter's name on the chain. */
export function adapterHash(files: AdapterFiles): Hash {
  return sha256(files.weights)
}

/** `layers.1.attention.out.lora_A` is `base_model.model.layers.1.attention.out.lora_A.weight` in PEFT's files. */
function keyOf(parameter: string): string {
  const isHead = parameter === CLASSIFIER_WEIGHT || parameter === CLASSIFIER_BIAS
  return `${KEY_PREFIX}${parameter}${isHead ? '' : '.weight'}`
}

function peftConfig(config: AdapterConfig): string {
  return canonicalJson({
    alpha_pattern: {},
    base_model_name_or_path: BASE_MODEL.name,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: config.alpha,
    lora_dropout: 0,
    modules_to_save: [HEAD_MODULE],
    peft_type: 'LORA',
    r: config.rank,
    rank_pattern: {},
    target_modules: config.modules,
    task_type: 'SEQ_CLS',
    use_dora: false,
    use_rslora: false,
  })
}

function readConfig(bytes: Uint8Array, labels: readonly string[]): AdapterConfig {
  if (bytes.length > limits.adapterConfigBytes) {
    throw new NodeError(
      'LIMIT_EXCEEDED',
      `An adapter's configuration has ${limits.adapterConfigBytes} bytes at most.`,
    )
  }
  const parsed = configSchema.safeParse(parseJson(bytesToUtf8(bytes)))
  if (!parsed.success) {
    throw new NodeError('BAD_MODEL', 'adapter_config.json is not that of a plain LoRA adapter.', {
      problems: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    })
  }
  const { r, lora_alpha, target_modules, modules_to_save } = parsed.data
  if (modules_to_save.join() !== HEAD_MODULE) {
    throw new NodeError('BAD_MODEL', `modules_to_save has to be ["${HEAD_MODULE}"].`)
  }
  return checkedConfig({ rank: r, alpha: lora_alpha, modules: canonicalModules(target_modules), labels })
}

/** The class names of the file, or numbers for an adapter that was made elsewhere and has none. */
function labelsOf(
  metadata: Readonly<Record<string, string>>,
  head: NamedTensor | undefined,
): readonly string[] {
  const classes = head?.shape[0] ?? 0
  if (classes > limits.classes)
    throw new NodeError('BAD_MODEL', `A head has ${limits.classes} classes at most.`)
  if (metadata.labels === undefined) return Array.from({ length: classes }, (_, i) => `class ${i}`)
  const labels = labelsSchema.safeParse(parseJson(metadata.labels))
  if (!labels.success) throw new NodeError('BAD_MODEL', 'The class names of the adapter are malformed.')
  return labels.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new NodeError('BAD_MODEL', "The adapter's JSON is malformed.", {}, error)
  }
}
