import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sha256 } from '../../../../src/ai/hashes.ts'
import { findBasePackage } from '../../../../src/ai/models/basePackage.ts'
import {
  BASE_MODEL,
  ensureBaseModel,
  modelPath,
  readBaseModel,
} from '../../../../src/ai/models/modelFolder.ts'
import { RUNTIME_PROFILE_HASH } from '../../../../src/ai/models/profile.ts'
import { isNodeError } from '../../../../src/errors/errors.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'openledger-models-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const codeOf = (action: () => unknown) => {
  try {
    action()
    return 'none'
  } catch (error) {
    return isNodeError(error) ? error.code : `unexpected ${String(error)}`
  }
}

test('builds the pinned model, with a manifest that tells its hashes', () => {
  ensureBaseModel(folder)
  const target = modelPath(folder)
  expect(readdirSync(folder)).toEqual([basename(target)])
  expect(sha256(readFileSync(join(target, 'encoder.onnx')))).toBe(BASE_MODEL.onnxHash)
  expect(sha256(readFileSync(join(target, 'tokenizer.json')))).toBe(BASE_MODEL.tokenizerHash)
  const manifest: unknown = JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8'))
  expect(manifest).toMatchObject({ onnxHash: BASE_MODEL.onnxHash, profileHash: RUNTIME_PROFILE_HASH })
  expect(readBaseModel(folder).weights.size).toBeGreaterThan(20)
})

test('a folder with other bytes is refused', () => {
  ensureBaseModel(folder)
  const file = join(modelPath(folder), 'encoder.onnx')
  const bytes = readFileSync(file)
  bytes[bytes.length - 100] = (bytes.at(-100) ?? 0) ^ 1
  writeFileSync(file, bytes)
  expect(codeOf(() => readBaseModel(folder))).toBe('BAD_MODEL')
})

test('building again leaves a finished model as it is; a folder without one is told as such', () => {
  ensureBaseModel(folder)
  const before = statSync(join(modelPath(folder), 'encoder.onnx')).mtimeMs
  ensureBaseModel(folder)
  expect(statSync(join(modelPath(folder), 'encoder.onnx')).mtimeMs).toBe(before)
  expect(codeOf(() => readBaseModel(join(folder, 'none')))).toBe('NOT_FOUND')
})

test('a package with other weights is refused, and nothing is left behind', () => {
  const copy = join(folder, 'package')
  cpSync(findBasePackage(), copy, { recursive: true })
  writeFileSync(join(copy, 'group1-shard3of7'), new Uint8Array(4_194_304))
  const target = join(folder, 'models')
  expect(codeOf(() => ensureBaseModel(target, copy))).toBe('BAD_MODEL')
  expect(codeOf(() => readdirSync(target))).not.toBe('none')
})

test('a package that is not installed is told as such', () => {
  expect(codeOf(() => findBasePackage('/'))).toBe('BAD_MODEL')
})
