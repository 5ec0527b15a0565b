import fc from 'fast-check'
import { encodeAbiParameters, encodeErrorResult, parseAbi, toHex } from 'viem'
import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { hexToBytes } from '../../../src/primitives/hex.ts'
import { revertReason } from '../../../src/rpc/calls/failure.ts'
import type { CallResult } from '../../../src/rpc/ports.ts'
import { EMITTER, FakeNode, GWEI, makeRpc, RECIPIENT, TOPIC, wallet } from './fixtures.ts'

const ok = (fields: Partial<CallResult> = {}): CallResult => ({
  output: new Uint8Array(0),
  gasUsed: 21_000n,
  gasRefund: 0n,
  ...fields,
})
const reverted = (output: Uint8Array): CallResult =>
  ok({ output, failure: { isRevert: true, message: 'revert' } })
const outOfGas = ok({ failure: { isRevert: false, message: 'out of gas' } })
const abi = parseAbi([
  'error Error(string)',
  'error Panic(uint256)',
  'error Shortage(address who, uint256 wei)',
])

let node: FakeNode
let rpc: ReturnType<typeof makeRpc>
beforeEach(() => {
  node = new FakeNode()
  rpc = makeRpc(node)
})

describe('eth_call', () => {
  it('passes the whole request on, with every override', async () => {
    node.callResult = () => ok({ output: Uint8Array.of(1, 2) })
    const result = await rpc.get(
      'eth_call',
      {
        from: RECIPIENT,
        to: EMITTER,
        gas: '0x5208',
        maxFeePerGas: '0x5',
        maxPriorityFeePerGas: '0x1',
        value: '0x2',
        nonce: '0x3',
        input: '0xabcd',
        data: '0xABCD',
        chainId: '0x275bc',
        accessList: [{ address: EMITTER, storageKeys: [TOPIC] }, { address: RECIPIENT }],
        somethingElse: { ignored: true },
      },
      'latest',
      {
        [EMITTER]: { balance: '0x64', nonce: '0x1', code: '0x6001', stateDiff: { [TOPIC]: TOPIC } },
        [RECIPIENT]: { state: {} },
      },
      {
        number: '0x99',
        time: '0x5',
        gasLimit: '0x1000',
        feeRecipient: EMITTER,
        baseFeePerGas: '0x0',
        prevRandao: TOPIC,
      },
    )
    expect(result).toBe('0x0102')
    expect(node.calls_).toEqual([
      {
        request: {
          from: RECIPIENT,
          to: EMITTER,
          gasLimit: 21_000n,
          gasPriceWei: undefined,
          feeCapWei: 5n,
          tipCapWei: 1n,
          valueWei: 2n,
          nonce: 3n,
          data: Uint8Array.of(0xab, 0xcd),
          accessList: [
            { address: EMITTER, storageKeys: [TOPIC] },
            { address: RECIPIENT, storageKeys: [] },
          ],
          authorizationList: undefined,
          blobFeeCapWei: undefined,
          blobVersionedHashes: undefined,
        },
        target: {
          blockNumber: 0n,
          stateOverrides: new Map([
            [
              EMITTER,
              {
                nonce: 1n,
                balanceWei: 100n,
                code: Uint8Array.of(0x60, 1),
                state: undefined,
                stateDiff: new Map([[TOPIC, TOPIC]]),
                movePrecompileTo: undefined,
              },
            ],
            [
              RECIPIENT,
              {
                nonce: undefined,
                balanceWei: undefined,
                code: undefined,
                state: new Map(),
                stateDiff: undefined,
                movePrecompileTo: undefined,
              },
            ],
          ]),
          blockOverrides: {
            number: 0x99n,
            timestamp: 5n,
            gasLimit: 0x1000n,
            coinbase: EMITTER,
            prevRandao: TOPIC,
            baseFeeWei: 0n,
            blobBaseFeeWei: undefined,
          },
        },
      },
    ])
  })

  it('bounds the gas that nobody pays for', async () => {
    for (const gas of [undefined, null, toHex(limits.rpcCallGas + 1n)]) {
      await rpc.get('eth_call', { to: EMITTER, gas })
      expect(node.calls_.at(-1)?.request.gasLimit).toBe(limits.rpcCallGas)
    }
  })

  it('refuses requests that contradict themselves', async () => {
    for (const wrong of [
      { gasPrice: '0x1', maxFeePerGas: '0x1' },
      { maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x2' },
      { input: '0x01', data: '0x02' },
      { chainId: '0x1' },
      { to: null, from: '0x1' },
    ]) {
      expect((await rpc.ask('eth_call', wrong)).error?.code).toBe(-32602)
    }
    const both = { [EMITTER]: { state: {}, stateDiff: {} } }
    expect((await rpc.ask('eth_call', {}, 'latest', both)).error?.code).toBe(-32602)
    expect((await rpc.ask('eth_call', {}, 'latest', { notAnAddress: {} })).error?.code).toBe(-32602)
    expect(node.calls_).toEqual([])
  })

  it('answers a revert with code 3, the data untouched and the reason where there is one', async () => {
    const error = async (data: `0x${string}`) => {
      node.callResult = () => reverted(hexToBytes(data))
      return (await rpc.ask('eth_call', { to: EMITTER })).error
    }
    const text = encodeErrorResult({ abi, errorName: 'Error', args: ['user error'] })
    expect(await error(text)).toEqual({ code: 3, message: 'execution reverted: user error', data: text })
    const panic = encodeErrorResult({ abi, errorName: 'Panic', args: [1n] })
    expect(await error(panic)).toEqual({ code: 3, message: 'execution reverted: assert(false)', data: panic })
    const custom = encodeErrorResult({ abi, errorName: 'Shortage', args: [EMITTER, 5n] })
    expect(await error(custom)).toEqual({ code: 3, message: 'execution reverted', data: custom })
    expect(await error('0x')).toEqual({ code: 3, message: 'execution reverted', data: '0x' })
  })

  it('answers any other failure in the EVM’s words', async () => {
    node.callResult = () => outOfGas
    expect((await rpc.ask('eth_call', {})).error).toEqual({ code: -32000, message: 'out of gas' })
  })

  it('reads a revert reason only from well-formed data', () => {
    fc.assert(
      fc.property(fc.string(), (reason) => {
        const valid = Buffer.from(reason).toString() === reason
        fc.pre(valid)
        const data = encodeErrorResult({ abi, errorName: 'Error', args: [reason] })
        expect(revertReason(hexToBytes(data))).toBe(reason)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 140 }), (tail) => {
        const bytes = Uint8Array.from([0x08, 0xc3, 0x79, 0xa0, ...tail])
        expect(['string', 'undefined']).toContain(typeof revertReason(bytes))
      }),
    )
    const tooLong = encodeAbiParameters([{ type: 'uint256' }, { type: 'uint256' }], [32n, 2n ** 255n])
    expect(revertReason(hexToBytes(`0x08c379a0${tooLong.slice(2)}`))).toBe(undefined)
  })
})

describe('eth_estimateGas', () => {
  /** A call that needs `needed` gas on the way and pays for `used` in the end. */
  const needs = (needed: bigint, used = needed) => {
    node.callResult = ({ gasLimit = 0n }) =>
      gasLimit < needed ? outOfGas : ok({ gasUsed: used, gasRefund: 0n })
  }
  const call = { to: EMITTER, data: '0x01' }

  it('is exact for a plain transfer, at the cost of one run', async () => {
    needs(21_000n)
    expect(await rpc.get('eth_estimateGas', { from: RECIPIENT, to: EMITTER, value: '0x0' })).toBe('0x5208')
    expect(node.calls_.length).toBe(1)
  })

  it('is enough, and within 1.5 % of the least that is enough', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.bigInt(21_001n, 16_000_000n),
        fc.integer({ min: 30, max: 100 }),
        async (needed, percent) => {
          const used = (needed * BigInt(percent)) / 100n
          needs(needed, used < 21_000n ? 21_000n : used)
          node.calls_.length = 0
          const estimate = BigInt((await rpc.get('eth_estimateGas', call)) as string)
          expect(estimate).toBeGreaterThanOrEqual(needed)
          expect(estimate * 1_000n).toBeLessThanOrEqual(needed * 1_080n + 3_000_000n)
          if (percent < 90) expect(estimate * 1_000n).toBeLessThanOrEqual(needed * 1_016n)
          expect(node.calls_.length).toBeLessThan(20)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('gives the revert of a call that fails with the most gas there is', async () => {
    node.callResult = () => reverted(Uint8Array.of(1, 2, 3, 4))
    expect((await rpc.ask('eth_estimateGas', call)).error).toEqual({
      code: 3,
      message: 'execution reverted',
      data: '0x01020304',
    })
    // EIP-7825 caps a transaction below the block.
    expect(node.calls_[0]?.request.gasLimit).toBe(2n ** 24n)
    needs(2n ** 24n + 1n)
    expect((await rpc.ask('eth_estimateGas', call)).error).toEqual({
      code: -32000,
      message: `gas required exceeds allowance (${2n ** 24n})`,
    })
  })

  it('never tries more than asked for, or than the sender can pay', async () => {
    const alice = wallet(0)
    needs(50_000n)
    node.world.set(alice.address, { balanceWei: 100_000n * GWEI + 7n })
    await rpc.get('eth_estimateGas', { ...call, gas: toHex(80_000n) })
    expect(node.calls_[0]?.request.gasLimit).toBe(80_000n)
    node.calls_.length = 0
    const priced = { ...call, from: alice.address, maxFeePerGas: toHex(GWEI), value: '0x7' }
    await rpc.get('eth_estimateGas', priced)
    expect(node.calls_[0]?.request.gasLimit).toBe(100_000n)
    node.calls_.length = 0
    await rpc.get('eth_estimateGas', priced, 'latest', {
      [alice.address]: { balance: toHex(70_000n * GWEI + 7n) },
    })
    expect(node.calls_[0]?.request.gasLimit).toBe(70_000n)
    const broke = await rpc.ask('eth_estimateGas', { ...priced, value: toHex(10n ** 18n) })
    expect(broke.error?.code).toBe(-32003)
  })
})

describe('eth_createAccessList', () => {
  it('gives the list and the gas, and the error beside them when the call fails', async () => {
    node.callResult = () => ok({ gasUsed: 30_000n })
    const accessList = [{ address: EMITTER, storageKeys: [TOPIC] }]
    expect(await rpc.get('eth_createAccessList', { to: EMITTER })).toEqual({ accessList, gasUsed: '0x7530' })
    node.callResult = () => reverted(Uint8Array.of(1))
    expect(await rpc.get('eth_createAccessList', { to: EMITTER }, 'latest')).toEqual({
      accessList,
      gasUsed: '0x5208',
      error: 'execution reverted',
    })
  })
})
