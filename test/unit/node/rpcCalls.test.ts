import { encodeFunctionData } from 'viem'
import { beforeAll, describe, expect, it } from 'vitest'
import { iDatanetRegistryAbi } from '../../../contracts/generated/IDatanetRegistry.ts'
import { DATANET_ADDRESS } from '../../../precompiles/addresses.ts'
import { predeploys } from '../../../src/chainspec/addresses.ts'
import type { HeadState } from '../../../src/node/headState.ts'
import { rpcCalls, rpcStateAccess } from '../../../src/node/rpcPorts.ts'
import { bytesToBigInt } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import type { AccountOverride, BlockOverrides, CallRequest } from '../../../src/rpc/ports.ts'
import { verifyAccountProof, verifySlotProof } from '../../../src/state/proofs.ts'
import { account } from '../../support/chain.ts'
import { codeOf } from '../../support/network/outcome.ts'
import { PoolNode } from '../../support/poolNode.ts'
import { datanetTerms } from '../../support/precompileWorld.ts'

const receiver: Address = `0x${'42'.repeat(20)}`
const contract: Address = `0x${'43'.repeat(20)}`
const GWEI = 10n ** 9n
const slot = (value: number): Hash => `0x${value.toString(16).padStart(64, '0')}`

/** Code that returns what these instructions leave on the stack. */
const returning = (instructions: string) => hexToBytes(`0x${instructions}5f5260205ff3`)
const NUMBER = returning('43')
const TIMESTAMP = returning('42')
const COINBASE = returning('41')
const GASPRICE = returning('3a')
const BASEFEE = returning('48')
const SLOT_0 = returning('5f54')
const SLOT_1 = returning('600154')

let node: PoolNode

/** Each of three blocks pays one wei to the receiver. */
beforeAll(async () => {
  node = await PoolNode.open()
  for (let n = 0; n < 3; n++) {
    await node.test.mine([
      node.test.transaction(account(0), { to: receiver, value: 1n, gasLimit: 21_000n }),
      ...(n === 1 ? [createDatanet()] : []),
    ])
  }
})

const createDatanet = () =>
  node.test.transaction(account(1), {
    to: DATANET_ADDRESS,
    data: encodeFunctionData({
      abi: iDatanetRegistryAbi,
      functionName: 'createDatanet',
      args: ['Weaknesses', 0, 1, 'CC0-1.0', 'bafymeta', datanetTerms()],
    }),
  })

const state = () => rpcStateAccess({ chain: node.test.chain, head: node.head, kv: node.kv })
const calls = () => rpcCalls({ chain: node.test.chain, state: state() })

/** What code returns as a number, run in place of a contract. */
async function run(
  code: Uint8Array,
  options: { request?: CallRequest; override?: AccountOverride; block?: BlockOverrides } = {},
): Promise<bigint> {
  const { failure, output } = await calls().call(
    { to: contract, ...options.request },
    {
      blockNumber: 3n,
      stateOverrides: new Map([[contract, { code, ...options.override }]]),
      blockOverrides: options.block,
    },
  )
  expect(failure).toBeUndefined()
  return bytesToBigInt(output)
}

describe('states', () => {
  it('are those after each block, and of no block that is not there', async () => {
    for (let height = 0; height <= 3; height++) {
      const paid = (await state().at(BigInt(height))).account(receiver)
      expect(paid?.balanceWei ?? 0n).toBe(BigInt(height))
    }
    expect(await codeOf(state().at(4n))).toBe('NOT_FOUND')
  })

  it('are read from the tries where the head’s snapshot has not moved on', async () => {
    const { test, head, kv } = await PoolNode.open()
    const before = { height: head.height, state: head.state }
    await test.mine([test.transaction(account(0), { to: receiver, value: 5n, gasLimit: 21_000n })])
    const now = rpcStateAccess({ chain: test.chain, head, kv })
    expect(await now.at(1n)).toBe(head.state)
    // as between the write of a block and its first listener
    const between = rpcStateAccess({ chain: test.chain, head: before as HeadState, kv })
    expect((await between.at(1n)).account(receiver)?.balanceWei).toBe(5n)
    expect((await between.at(0n)).account(receiver)).toBeUndefined()
  })
})

describe('proofs', () => {
  const rootAt = (height: number) => bytesToHex(node.test.chain.store.block(height)!.header.stateRoot)

  it('show accounts and slots under the root of their block', async () => {
    const proof = await state().proof(predeploys.staking, [slot(0), slot(99)], 2n)
    const shown = verifyAccountProof(rootAt(2), predeploys.staking, proof.accountProof)
    expect(shown).toEqual(proof.account)
    expect(proof.storageProofs.map(({ value }) => value)).toEqual([4n, 0n])
    for (const one of proof.storageProofs) {
      expect(verifySlotProof(shown!.storageRoot, one.slot, one.proof)).toBe(one.value)
    }
  })

  it('are of the block that is asked for', async () => {
    const balances = [1n, 2n].map(async (height) => {
      const { accountProof } = await state().proof(receiver, [], height)
      return verifyAccountProof(rootAt(Number(height)), receiver, accountProof)?.balanceWei
    })
    expect(await Promise.all(balances)).toEqual([1n, 2n])
    expect(await codeOf(state().proof(receiver, [], 4n))).toBe('NOT_FOUND')
  })
})

describe('calls', () => {
  const getDatanet: CallRequest = {
    to: DATANET_ADDRESS,
    data: hexToBytes(
      encodeFunctionData({ abi: iDatanetRegistryAbi, functionName: 'getDatanet', args: [1n] }),
    ),
  }

  it('run on the state after the block, native precompiles included', async () => {
    const before = await calls().call(getDatanet, { blockNumber: 1n })
    expect(before.failure?.isRevert).toBe(true)
    expect(before.output.length).toBeGreaterThanOrEqual(4)
    const after = await calls().call(getDatanet, { blockNumber: 2n })
    expect(after.failure).toBeUndefined()
    expect(after.gasUsed).toBeGreaterThan(21_000n)
    expect(await codeOf(calls().call(getDatanet, { blockNumber: 4n }))).toBe('NOT_FOUND')
    expect(await codeOf(calls().createAccessList(getDatanet, { blockNumber: 4n }))).toBe('NOT_FOUND')
  })

  it('tell a failure that is no revert', async () => {
    const stateOverrides = new Map([[contract, { code: Uint8Array.of(0xfe) }]])
    const { failure, output } = await calls().call(
      { to: contract, gasLimit: 50_000n },
      { blockNumber: 3n, stateOverrides },
    )
    expect([failure?.isRevert, output.length]).toEqual([false, 0])
  })

  it('that cannot start fail', async () => {
    const request = { from: receiver, to: contract, valueWei: 10n }
    expect(await codeOf(calls().call(request, { blockNumber: 3n }))).toBe('TX_INVALID')
  })

  it('are free unless a price is named', async () => {
    const from = account(0).address
    const baseFeeWei = node.test.chain.head.block.header.baseFeePerGas!
    expect(await run(GASPRICE)).toBe(0n)
    expect(await run(BASEFEE)).toBe(0n)
    expect(await run(GASPRICE, { request: { from, gasPriceWei: 5n * GWEI } })).toBe(5n * GWEI)
    const capped = { from, feeCapWei: 5n * GWEI, tipCapWei: GWEI }
    expect(await run(GASPRICE, { request: capped })).toBe(baseFeeWei + GWEI)
    // a cap without a tip gives none
    expect(await run(GASPRICE, { request: { from, feeCapWei: 5n * GWEI } })).toBe(baseFeeWei)
    expect(await run(BASEFEE, { request: capped })).toBe(baseFeeWei)
  })

  it('see the block, or what overrides it', async () => {
    const { header } = node.test.chain.head.block
    expect(await run(NUMBER)).toBe(3n)
    expect(await run(TIMESTAMP)).toBe(header.timestamp)
    expect(await run(NUMBER, { block: { number: 99n } })).toBe(99n)
    expect(await run(TIMESTAMP, { block: { timestamp: 77n } })).toBe(77n)
    expect(await run(COINBASE, { block: { coinbase: receiver } })).toBe(BigInt(receiver))
  })

  it('see overridden storage: all of it, or some slots', async () => {
    const to = predeploys.staking
    const values = new Map([[slot(1), slot(7)]])
    const at = async (code: Uint8Array, override: AccountOverride) => {
      const stateOverrides = new Map([[to, { code, ...override }]])
      return bytesToBigInt((await calls().call({ to }, { blockNumber: 3n, stateOverrides })).output)
    }
    expect(await at(SLOT_0, {})).toBe(4n)
    expect(await at(SLOT_1, { stateDiff: values })).toBe(7n)
    expect(await at(SLOT_0, { stateDiff: values })).toBe(4n)
    expect(await at(SLOT_1, { state: values })).toBe(7n)
    expect(await at(SLOT_0, { state: values })).toBe(0n)
  })

  it('see overridden balances and change nothing', async () => {
    const stateOverrides = new Map([[contract, { balanceWei: 50n }]])
    const request = { from: contract, to: receiver, valueWei: 50n }
    expect((await calls().call(request, { blockNumber: 3n, stateOverrides })).failure).toBeUndefined()
    expect((await state().at(3n)).account(receiver)?.balanceWei).toBe(3n)
  })

  it('do not move precompiles', async () => {
    const stateOverrides = new Map([[DATANET_ADDRESS, { movePrecompileTo: receiver }]])
    const moved = calls().call(getDatanet, { blockNumber: 3n, stateOverrides })
    expect(await codeOf(moved)).toBe('BAD_REQUEST')
  })

  it('tell which slots they touch, and their gas with that list', async () => {
    const stateOverrides = new Map([[contract, { code: SLOT_0 }]])
    const target = { blockNumber: 3n, stateOverrides }
    const { accessList, gasUsed, failure } = await calls().createAccessList({ to: contract }, target)
    expect(failure).toBeUndefined()
    expect(accessList).toEqual([{ address: contract, storageKeys: [slot(0)] }])
    const plain = await calls().call({ to: contract }, target)
    const listed = await calls().call({ to: contract, accessList }, target)
    expect(gasUsed).toBe(listed.gasUsed)
    // an address and a slot named cost more than the cold slot alone
    expect(gasUsed).toBe(plain.gasUsed + 2_400n + 1_900n - 2_000n)
  })
})
