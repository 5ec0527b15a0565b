import { getActivePrecompiles } from '@ethereumjs/evm'
import { createRIPEMD160 } from 'hash-wasm'
import { describe, expect, it } from 'vitest'
import { openBlake2f } from '../../../../src/execution/crypto/blake2f.ts'
import { openBls12381 } from '../../../../src/execution/crypto/bls12381.ts'
import { openBn254 } from '../../../../src/execution/crypto/bn254.ts'
import type { PrecompileRules } from '../../../../src/execution/crypto/standardPrecompile.ts'
import {
  loadStandardPrecompiles,
  openStandardPrecompiles,
} from '../../../../src/execution/crypto/standardPrecompiles.ts'
import { Prng } from '../../../sim/lib/prng.ts'
import { pairOf } from './support.ts'

const rules: PrecompileRules = { hasCheapBn254: true, modexpPricing: 'EIP-7883', boundsModexp: true }
const LENGTHS = [0, 1, 32, 64, 96, 128, 160, 192, 213, 256, 288, 384, 512, 600]

describe('the standard precompiles', () => {
  it('are all that ethereumjs has up to Osaka, each at its address once', async () => {
    const { reference } = await pairOf('osaka')
    const expected = [...getActivePrecompiles(reference.common).keys()].map((address) => `0x${address}`)
    const found = (await loadStandardPrecompiles()).map(({ address }) => address)
    expect([...found].sort()).toEqual(expected.sort())
  })

  it('are loaded once', async () => {
    expect(await loadStandardPrecompiles()).toBe(await loadStandardPrecompiles())
  })

  it('say what is wrong when their cryptography does not start', async () => {
    const fail = async () => {
      throw new Error('no memory')
    }
    const open = { createRIPEMD160, openBn254, openBlake2f, openBls12381 }
    for (const name of ['createRIPEMD160', 'openBn254', 'openBlake2f', 'openBls12381'] as const) {
      const opened = openStandardPrecompiles({ ...open, [name]: fail })
      await expect(opened).rejects.toMatchObject({ code: 'CRYPTO_FAILED' })
    }
  })

  it('neither change their input nor give it out, whatever kind of array it is', async () => {
    const random = new Prng(7)
    for (const { name, run } of await loadStandardPrecompiles()) {
      for (const length of LENGTHS) {
        const input = Buffer.from(random.bytes(length))
        if (name === 'blake2f') input.fill(0, 0, Math.min(2, length))
        const before = input.toString('hex')
        const first = run(input, rules)
        const copy = first === undefined ? undefined : Buffer.from(first).toString('hex')
        first?.fill(0xee)
        expect(input.toString('hex'), name).toBe(before)
        const second = run(input, rules)
        expect(second === undefined ? undefined : Buffer.from(second).toString('hex'), name).toBe(copy)
      }
    }
  })
})
