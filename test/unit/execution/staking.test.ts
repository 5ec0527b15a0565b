import { createBlock } from '@ethereumjs/block'
import { decodeErrorResult, decodeFunctionResult, encodeFunctionData } from 'viem'
import { beforeAll, describe, expect, it } from 'vitest'
import { slashingAbi } from '../../../contracts/generated/Slashing.ts'
import { stakingAbi } from '../../../contracts/generated/Staking.ts'
import { predeploys, SYSTEM_ADDRESS } from '../../../src/chainspec/addresses.ts'
import type { GenesisInput } from '../../../src/chainspec/schema.ts'
import { isNodeError } from '../../../src/errors/errors.ts'
import { CallRunner } from '../../../src/execution/calls.ts'
import { activeSetSlots, readMembers, readRandomnessTip } from '../../../src/execution/stakingView.ts'
import { type UnsignedVote, voteDigest } from '../../../src/ledger/vote.ts'
import { type DevnetKey, devnetValidator } from '../../../src/node/devnet/keys.ts'
import { withConstructedAlloc } from '../../../src/node/genesisFile.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import { sign } from '../../../src/primitives/secp256k1.ts'
import { account, devnetGenesis, revealChain, TestChain } from '../../support/chain.ts'

const OPEN = 10n ** 18n
const tip: Hash = `0x${'77'.repeat(32)}`

type StakingCall = Parameters<typeof encodeFunctionData<typeof stakingAbi>>[0]
const encode = (functionName: string, args: readonly unknown[] = []) =>
  encodeFunctionData({ abi: stakingAbi, functionName, args } as StakingCall)

async function send(test: TestChain, from: DevnetKey, data: Hex, value = 0n, to = predeploys.staking) {
  const { receipts } = await test.mine([test.transaction(from, { to, data, value })])
  return receipts[0]?.succeeded
}

/** The name of the custom error that the call ends with, or undefined. */
async function errorOf(test: TestChain, from: Address, data: Hex, valueWei = 0n) {
  const { chain } = test
  const runner = new CallRunner(
    { spec: chain.spec, genesisHash: chain.genesisHash },
    { precompiles: chain.precompiles },
  )
  const outcome = await runner.run(
    { from, to: predeploys.staking, data: hexToBytes(data), valueWei },
    { block: chain.head.block, state: chain.head.state },
  )
  if (outcome.failure === undefined) return undefined
  return decodeErrorResult({ abi: stakingAbi, data: bytesToHex(outcome.output) }).errorName
}

/** Signature of a consensus key over `joinDigest(operator)`, as the contract computes it. */
function keyProof(test: TestChain, consensus: DevnetKey, operator: Address): Hex {
  const word = (hex: string) => hexToBytes(`0x${hex.replace(/^0x/, '').padStart(64, '0')}`)
  const digest = keccakHex(
    concatBytes(
      word(keccakHex(new TextEncoder().encode('openledger.staking.join.v1'))),
      word(test.chain.spec.chainId.toString(16)),
      word(predeploys.staking),
      word(operator),
    ),
  )
  const signature = sign(hexToBytes(digest), hexToBytes(consensus.privateKey))
  signature[64] = 27 + (signature[64] ?? 0)
  return bytesToHex(signature)
}

function joinData(test: TestChain, operator: DevnetKey, consensus: DevnetKey, proofBy = consensus) {
  return encode('join', [consensus.address, operator.address, tip, keyProof(test, proofBy, operator.address)])
}

function signedMessage(test: TestChain, key: DevnetKey, vote: Omit<UnsignedVote, 'validator'>) {
  const digest = voteDigest(test.chain.signingDomain, { ...vote, validator: key.address })
  const signature = sign(digest, hexToBytes(key.privateKey))
  return {
    kind: vote.type === 'prevote' ? 1 : 2,
    height: BigInt(vote.height),
    round: BigInt(vote.round),
    blockHash: vote.blockHash ?? `0x${'00'.repeat(32)}`,
    validRound: 2n ** 256n - 1n,
    r: bytesToHex(signature.subarray(0, 32)),
    s: bytesToHex(signature.subarray(32, 64)),
    v: 27 + (signature[64] ?? 0),
  }
}

/** Shorter than the devnet's, so that a test sees several. */
const EPOCH = 5
let genesis: GenesisInput
beforeAll(async () => {
  const base = devnetGenesis()
  const short = { ...base, consensus: { ...base.consensus, epochBlocks: EPOCH } }
  genesis = await withConstructedAlloc(short, 'test')
})

describe('the Staking predeploy', () => {
  it('names the genesis validators in its storage, as the node reads it', async () => {
    const test = await TestChain.open()
    const expected = [0, 1, 2, 3].map(devnetValidator)
    const found = readMembers(test.chain.head.state)
    expect(new Set(found.map((member) => member.address))).toEqual(
      new Set(expected.map((v) => v.consensus.address)),
    )
    expect(found.every((member) => member.power === 10_000n)).toBe(true)
    // equal stakes: the lower operator address comes first
    expect(found.map((member) => member.operator)).toEqual(found.map((member) => member.operator).sort())
  })

  it('lists the slots that hold the set: those alone give it again', async () => {
    const test = await TestChain.open()
    const { state } = test.chain.head
    const slots = activeSetSlots(4)
    expect(slots).toHaveLength(1 + 4 * 3)
    const kept = new Map(slots.map((slot) => [slot, state.storage(predeploys.staking, slot)]))
    const only = { ...state, storage: (_: Address, slot: Hash) => kept.get(slot) ?? 0n }
    expect(readMembers(only)).toEqual(readMembers(state))
  })

  it('uses the builder’s reveal and refuses a wrong one', async () => {
    const test = await TestChain.open()
    const { operator } = devnetValidator(2)
    const before = readRandomnessTip(test.chain.head.state, operator.address)
    const { block } = await test.mine([], 2)
    expect(keccakHex(block.header.extraData)).toBe(before)
    expect(readRandomnessTip(test.chain.head.state, operator.address)).toBe(
      bytesToHex(block.header.extraData),
    )
    await expect(
      test.chain.build({
        feeRecipient: devnetValidator(1).feeRecipient.address,
        reveal: new Uint8Array(32),
        timestamp: block.header.timestamp + 1n,
        transactions: { next: () => undefined, skip: () => undefined },
        isTimeUp: () => false,
      }),
    ).rejects.toSatisfy((error) => isNodeError(error, 'BAD_EXECUTION'))
  })

  it('goes on with the seed’s next hash chain from the epoch after the operator registered it', async () => {
    const test = await TestChain.open({ genesis })
    const { operator } = devnetValidator(0)
    const next = revealChain(0).tipOf(1)
    expect(await send(test, operator, encode('setRandomnessTip', [next]))).toBe(true)
    await test.mineEmpty(EPOCH - 2)
    expect(readRandomnessTip(test.chain.head.state, operator.address)).not.toBe(next)
    await test.mine([], 0)
    expect(readRandomnessTip(test.chain.head.state, operator.address)).toBe(next)
    // the builder's chain of hashes was told nothing: it finds the generation by the tip
    const { block } = await test.mine([], 0)
    expect(keccakHex(block.header.extraData)).toBe(next)
  })

  it('lets a validator join at the end of the epoch and leave at the end of another', async () => {
    const test = await TestChain.open({ genesis })
    const operator = account(5)
    expect(await errorOf(test, operator.address, joinData(test, operator, account(6)), 9_999n * OPEN)).toBe(
      'StakeTooLow',
    )
    const stakeWei = 10_000n * OPEN
    await test.mine([test.transaction(account(4), { to: operator.address, value: 100n * OPEN })])
    expect(
      await errorOf(test, operator.address, joinData(test, operator, account(6), account(7)), stakeWei),
    ).toBe('BadKeyProof')
    expect(await send(test, operator, joinData(test, operator, account(6)), stakeWei)).toBe(true)
    expect(await errorOf(test, operator.address, joinData(test, operator, account(6)), 1n)).toBe(
      'AlreadyRegistered',
    )
    expect(test.chain.head.nextSet.size).toBe(4)
    await test.mineEmpty(EPOCH - test.chain.head.height)
    expect(test.chain.head.nextSet.get(account(6).address)?.power).toBe(10_000n)

    expect(await send(test, operator, encode('unbond', [stakeWei]))).toBe(true)
    expect(await errorOf(test, operator.address, encode('withdraw'))).toBe('NotYetWithdrawable')
    await test.mineEmpty(2 * EPOCH - test.chain.head.height)
    expect(test.chain.head.nextSet.indexOf(account(6).address)).toBeUndefined()
  })

  it('keeps system calls to the node', async () => {
    const test = await TestChain.open()
    expect(await errorOf(test, account(0).address, encode('onEpochEnd'))).toBe('OnlySystem')
    expect(await errorOf(test, account(0).address, encode('onBlockStart', ['0x', tip]))).toBe('OnlySystem')
    expect(await errorOf(test, SYSTEM_ADDRESS, encode('onEpochEnd'))).toBeUndefined()
  })

  it('slashes a validator that signed two blocks, pays the reporter, and removes it', async () => {
    const test = await TestChain.open({ genesis })
    await test.mineEmpty(3)
    const cheat = devnetValidator(3)
    const vote = (blockHash: Hash) =>
      signedMessage(test, cheat.consensus, { type: 'precommit', height: 2, round: 0, blockHash })
    const report = encodeFunctionData({
      abi: slashingAbi,
      functionName: 'reportDoubleSign',
      args: [vote(`0x${'aa'.repeat(32)}`), vote(`0x${'bb'.repeat(32)}`)],
    })
    const treasuryBefore = test.chain.head.state.account(predeploys.treasury)?.balanceWei ?? 0n
    expect(await send(test, account(0), report, 0n, predeploys.slashing)).toBe(true)
    // 5 % of 10,000 OPEN, of which 5 % is the bounty
    const treasury = test.chain.head.state.account(predeploys.treasury)?.balanceWei ?? 0n
    const baseFees = test.chain.head.block.header.gasUsed * (test.chain.head.block.header.baseFeePerGas ?? 0n)
    expect(treasury - treasuryBefore - baseFees / 2n).toBe(475n * OPEN)
    await test.mineEmpty(EPOCH - test.chain.head.height)
    expect(test.chain.head.nextSet.indexOf(cheat.consensus.address)).toBeUndefined()
  })

  it('counts who signed the parent', async () => {
    const test = await TestChain.open()
    const candidate = await test.build([], 0)
    const certificate = test.certificate(candidate, [1, 2, 3])
    await test.chain.commit(candidate.envelope, certificate)
    await test.mine([], 1)
    const runner = new CallRunner(
      { spec: test.chain.spec, genesisHash: test.chain.genesisHash },
      { precompiles: test.chain.precompiles },
    )
    const counts = await Promise.all(
      [0, 1].map(async (index) => {
        const data = encode('participationOf', [devnetValidator(index).operator.address])
        const { output } = await runner.run(
          { to: predeploys.staking, data: hexToBytes(data) },
          {
            block: createBlock({ header: test.chain.head.block.header }, { common: test.chain.spec.common }),
            state: test.chain.head.state,
          },
        )
        return decodeFunctionResult({
          abi: stakingAbi,
          functionName: 'participationOf',
          data: bytesToHex(output),
        })
      }),
    )
    expect(counts).toEqual([
      [1n, 1n, 1],
      [1n, 0n, 0],
    ])
  })
})
