import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { PrecompileRules } from '../../../src/execution/crypto/standardPrecompile.ts'
import { loadStandardPrecompiles } from '../../../src/execution/crypto/standardPrecompiles.ts'
import { bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'

/**
 * A folder of published vectors, as clients share them: `blsG1Add.json` and `fail-blsG1Add.json` hold lists of inputs
 * with outputs and gas, or with nothing but a failure. Not in the repository, so not there in CI.
 */
const folder = process.env.OPENLEDGER_PRECOMPILE_VECTORS ?? ''

const vectors = z.array(
  z.object({
    Name: z.string(),
    Input: z.string(),
    Expected: z.string().optional(),
    ExpectedError: z.string().optional(),
    Gas: z.number().optional(),
  }),
)

const osaka: PrecompileRules = { hasCheapBn254: true, modexpPricing: 'EIP-7883', boundsModexp: true }
const byzantium: PrecompileRules = { ...osaka, modexpPricing: 'EIP-198', boundsModexp: false }
const berlin: PrecompileRules = { ...byzantium, modexpPricing: 'EIP-2565' }

const files: readonly { file: string; name: string; rules?: PrecompileRules }[] = [
  { file: 'ecRecover', name: 'ecrecover' },
  { file: 'modexp', name: 'modexp', rules: byzantium },
  { file: 'modexp_eip2565', name: 'modexp', rules: berlin },
  { file: 'modexp_eip7883', name: 'modexp' },
  { file: 'bn256Add', name: 'bn254Add' },
  { file: 'bn256ScalarMul', name: 'bn254Mul' },
  { file: 'bn256Pairing', name: 'bn254Pairing' },
  { file: 'blake2F', name: 'blake2f' },
  { file: 'fail-blake2f', name: 'blake2f' },
  { file: 'pointEvaluation', name: 'pointEvaluation' },
  { file: 'blsG1Add', name: 'bls12381G1Add' },
  { file: 'fail-blsG1Add', name: 'bls12381G1Add' },
  // a product alone is a sum of one
  { file: 'blsG1Mul', name: 'bls12381G1Msm' },
  { file: 'fail-blsG1Mul', name: 'bls12381G1Msm' },
  { file: 'blsG1MultiExp', name: 'bls12381G1Msm' },
  { file: 'fail-blsG1MultiExp', name: 'bls12381G1Msm' },
  { file: 'blsG2Add', name: 'bls12381G2Add' },
  { file: 'fail-blsG2Add', name: 'bls12381G2Add' },
  { file: 'blsG2Mul', name: 'bls12381G2Msm' },
  { file: 'fail-blsG2Mul', name: 'bls12381G2Msm' },
  { file: 'blsG2MultiExp', name: 'bls12381G2Msm' },
  { file: 'fail-blsG2MultiExp', name: 'bls12381G2Msm' },
  { file: 'blsPairing', name: 'bls12381Pairing' },
  { file: 'fail-blsPairing', name: 'bls12381Pairing' },
  { file: 'blsMapG1', name: 'bls12381MapFpToG1' },
  { file: 'fail-blsMapG1', name: 'bls12381MapFpToG1' },
  { file: 'blsMapG2', name: 'bls12381MapFp2ToG2' },
  { file: 'fail-blsMapG2', name: 'bls12381MapFp2ToG2' },
  { file: 'p256Verify', name: 'p256Verify' },
]

describe.skipIf(folder === '')(
  `published vectors of precompiles (${folder || 'set OPENLEDGER_PRECOMPILE_VECTORS to a folder of them'})`,
  { timeout: 120_000 },
  () => {
    it.each(files)('$file', async ({ file, name, rules = osaka }) => {
      const path = join(folder, `${file}.json`)
      if (!existsSync(path)) throw new Error(`there is no ${path}`)
      const precompile = (await loadStandardPrecompiles()).find((one) => one.name === name)
      if (precompile === undefined) throw new Error(`there is no precompile ${name}`)
      const list = vectors.parse(JSON.parse(readFileSync(path, 'utf8')))
      expect(list.length).toBeGreaterThan(0)
      for (const vector of list) {
        const input = hexToBytes(`0x${vector.Input}`)
        const output = precompile.run(input, rules)
        if (vector.Expected === undefined) {
          expect(output, vector.Name).toBeUndefined()
          continue
        }
        expect(bytesToHex(output ?? new Uint8Array(1)), vector.Name).toBe(`0x${vector.Expected}`)
        if (vector.Gas !== undefined) {
          const gas = precompile.gas(input, rules)
          expect(gas, vector.Name).toBe(BigInt(vector.Gas))
        }
      }
    })
  },
)
