import { describe, expect, test } from 'vitest'
import { initialAdapter, parameterLayout } from '../../../../src/ai/lora/adapter.ts'
import { type AdapterFiles, adapterHash, exportAdapter, importAdapter } from '../../../../src/ai/lora/peft.ts'
import { decodeSafetensors, encodeSafetensors, type TensorFile } from '../../../../src/ai/lora/safetensors.ts'
import { isNodeError } from '../../../../src/errors/errors.ts'
import { seedOf } from '../../../support/models.ts'

const config = {
  rank: 4,
  alpha: 8,
  modules: ['layers.1.attention.qkv', 'layers.1.attention.out'] as const,
  labels: ['ham', 'spam', 'née'],
}

function sample() {
  const adapter = initialAdapter(config, seedOf(1))
  adapter.values.forEach((value, i) => {
    adapter.values[i] = value + Math.sin(i)
  })
  return adapter
}

const codeOf = (files: AdapterFiles) => {
  try {
    importAdapter(files)
    return 'none'
  } catch (error) {
    return isNodeError(error) ? error.code : `unexpected ${String(error)}`
  }
}

test('an adapter that is written and read again is the same, bit for bit', () => {
  const adapter = sample()
  const files = exportAdapter(adapter)
  const again = importAdapter(files)
  expect(again).toEqual(adapter)
  expect(adapterHash(exportAdapter(again))).toBe(adapterHash(files))
})

test('the files are those of PEFT: names, shapes and settings', () => {
  const files = exportAdapter(sample())
  const shapes = Object.fromEntries(
    decodeSafetensors(files.weights).tensors.map(({ name, shape }) => [name, shape]),
  )
  expect(shapes).toEqual({
    'base_model.model.layers.1.attention.qkv.lora_A.weight': [4, 512],
    'base_model.model.layers.1.attention.qkv.lora_B.weight': [1536, 4],
    'base_model.model.layers.1.attention.out.lora_A.weight': [4, 512],
    'base_model.model.layers.1.attention.out.lora_B.weight': [512, 4],
    'base_model.model.classifier.weight': [3, 512],
    'base_model.model.classifier.bias': [3],
  })
  expect(JSON.parse(Buffer.from(files.config).toString())).toMatchObject({
    peft_type: 'LORA',
    r: 4,
    lora_alpha: 8,
    target_modules: ['layers.1.attention.qkv', 'layers.1.attention.out'],
    modules_to_save: ['classifier'],
    task_type: 'SEQ_CLS',
  })
})

test('a fresh adapter starts as PEFT starts one', () => {
  const adapter = initialAdapter(config, seedOf(5))
  for (const { name, shape, offset, length } of parameterLayout(adapter.config)) {
    const values = adapter.values.subarray(offset, offset + length)
    if (!name.endsWith('lora_A')) {
      expect(values.every((value) => value === 0)).toBe(true)
      continue
    }
    const bound = 1 / Math.sqrt(shape[1]!)
    expect(values.every((value) => Math.abs(value) <= bound)).toBe(true)
    // a uniform distribution has the variance bound²/3
    const variance = values.reduce((sum, value) => sum + value * value, 0) / length
    expect(variance / (bound * bound)).toBeCloseTo(1 / 3, 1)
  }
})

test('an adapter of another tool, without class names, gets numbers', () => {
  const files = exportAdapter(sample())
  const { tensors } = decodeSafetensors(files.weights)
  const foreign = encodeSafetensors({ tensors, metadata: { format: 'pt' } })
  expect(importAdapter({ weights: foreign, config: files.config }).config.labels).toEqual([
    'class 0',
    'class 1',
    'class 2',
  ])
})

describe('adapters that do not fit are refused', () => {
  const withConfig = (change: Record<string, unknown>): AdapterFiles => {
    const files = exportAdapter(sample())
    const settings = JSON.parse(Buffer.from(files.config).toString()) as Record<string, unknown>
    return { ...files, config: Buffer.from(JSON.stringify({ ...settings, ...change })) }
  }
  const withFile = (change: (file: TensorFile) => TensorFile): AdapterFiles => {
    const files = exportAdapter(sample())
    return { ...files, weights: encodeSafetensors(change(decodeSafetensors(files.weights))) }
  }
  test.each<[string, AdapterFiles, string]>([
    ['another method', withConfig({ peft_type: 'IA3' }), 'BAD_MODEL'],
    ['rank zero', withConfig({ r: 0 }), 'BAD_MODEL'],
    ['rank above the bound', withConfig({ r: 65 }), 'BAD_MODEL'],
    ['a rank that the tensors do not have', withConfig({ r: 8 }), 'BAD_MODEL'],
    ['an unknown target', withConfig({ target_modules: ['q_proj'] }), 'BAD_MODEL'],
    ['a target twice', withConfig({ target_modules: [config.modules[0], config.modules[0]] }), 'BAD_MODEL'],
    ['DoRA', withConfig({ use_dora: true }), 'BAD_MODEL'],
    ['ranks by pattern', withConfig({ rank_pattern: { x: 2 } }), 'BAD_MODEL'],
    ['no head', withConfig({ modules_to_save: [] }), 'BAD_MODEL'],
    ['a configuration that is too large', withConfig({ x: 'y'.repeat(70_000) }), 'LIMIT_EXCEEDED'],
    ['no JSON', { ...exportAdapter(sample()), config: Buffer.from('{') }, 'BAD_MODEL'],
    ['a tensor missing', withFile((file) => ({ ...file, tensors: file.tensors.slice(1) })), 'BAD_MODEL'],
    [
      'a number that is not finite',
      withFile((file) => {
        file.tensors[0]!.data[0] = Number.NaN
        return file
      }),
      'BAD_MODEL',
    ],
    [
      'another base model',
      withFile((file) => ({ ...file, metadata: { base_model_sha256: seedOf(3) } })),
      'BAD_MODEL',
    ],
    [
      'class names that are no list',
      withFile((file) => ({ ...file, metadata: { labels: '{}' } })),
      'BAD_MODEL',
    ],
    [
      'a class name twice',
      withFile((file) => ({ ...file, metadata: { labels: '["a","a","b"]' } })),
      'BAD_MODEL',
    ],
    [
      'too few class names',
      withFile((file) => ({ ...file, metadata: { labels: '["a","b"]' } })),
      'BAD_MODEL',
    ],
  ])('%s', (_name, files, code) => {
    expect(codeOf(files)).toBe(code)
  })
})
