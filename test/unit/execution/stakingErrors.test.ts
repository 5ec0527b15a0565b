import { decodeErrorResult, encodeFunctionData } from 'viem'
import { beforeAll, describe, expect, it } from 'vitest'
import { stakingAbi } from '../../../contracts/generated/Staking.ts'
import { predeploys, SYSTEM_ADDRESS } from '../../../src/chainspec/addresses.ts'
import { type AccountOverride, CallRunner } from '../../../src/execution/calls.ts'
import { voteDigest } from '../../../src/ledger/vote.ts'
import { type DevnetKey, devnetValidator } from '../../../src/node/devnet/keys.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  ZERO_ADDRESS,
} from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import { sign } from '../../../src/primitives/secp256k1.ts'
import { account, TestChain } from '../../support/chain.ts'
import { expectedErrors } from '../../support/errorLists.ts'

const OPEN = 10n ** 18n
const STAKE = 10_000n * OPEN
const tip: Hash = `0x${'77'.repeat(32)}`
const slot = (n: number): Hash => `0x${n.toString(16).padStart(64, '0')}`
/** Of `_operators`, the list of all that ever registered; the node itself reads the three slots before it. */
const OPERATORS_SLOT = 4
const CANDIDATES_MAX = 200n

const validator = devnetValidator(0)
const cheat = devnetValidator(3)
const joiner = account(5)
const key = account(6)

let test: TestChain

function signature(digest: Uint8Array, by: DevnetKey): Uint8Array {
  const bytes = sign(digest, hexToBytes(by.privateKey))
  bytes[64] = 27 + (bytes[64] ?? 0)
  return bytes
}

/** Of a consensus key over `joinDigest(operator)`. */
function keyProof(by: DevnetKey, operator: Address): Hex {
  const word = (hex: string) => hexToBytes(`0x${hex.replace(/^0x/, '').padStart(64, '0')}`)
  const tag = keccakHex(new TextEncoder().encode('openledger.staking.join.v1'))
  const chainId = test.chain.spec.chainId.toString(16)
  const digest = keccakHex(concatBytes(word(tag), word(chainId), word(predeploys.staking), word(operator)))
  return bytesToHex(signature(hexToBytes(digest), by))
}

function message(blockHash: Hash) {
  const vote = {
    type: 'precommit',
    height: 1,
    round: 0,
    blockHash,
    validator: cheat.consensus.address,
  } as const
  const bytes = signature(voteDigest(test.chain.signingDomain, vote), cheat.consensus)
  return {
    kind: 2,
    height: 1n,
    round: 0n,
    blockHash,
    validRound: 2n ** 256n - 1n,
    r: bytesToHex(bytes.subarray(0, 32)),
    s: bytesToHex(bytes.subarray(32, 64)),
    v: bytes[64] ?? 0,
  }
}

const join = (consensus: Address, recipient: Address, proof: Hex) => [consensus, recipient, tip, proof]

interface Case {
  readonly error: string
  readonly what: string
  readonly from: Address
  readonly method: string
  readonly args?: () => readonly unknown[]
  readonly valueWei?: bigint
  readonly blockNumber?: bigint
  readonly staking?: AccountOverride
  readonly sender?: AccountOverride
}

const REFUSES: Address = `0x${'fd'.repeat(20)}`
const aa: Hash = `0x${'aa'.repeat(32)}`
const bb: Hash = `0x${'bb'.repeat(32)}`

const cases: readonly Case[] = [
  { error: 'OnlySystem', what: 'a system call by an account', from: joiner.address, method: 'onEpochEnd' },
  {
    error: 'BadReveal',
    what: 'a reveal that is nobody’s preimage',
    from: SYSTEM_ADDRESS,
    method: 'onBlockStart',
    args: () => ['0x', tip],
  },
  { error: 'UnknownOperator', what: 'stake of a stranger', from: joiner.address, method: 'addStake' },
  {
    error: 'BadKeyProof',
    what: 'a key that signed for another operator',
    from: joiner.address,
    method: 'join',
    args: () => join(key.address, joiner.address, keyProof(key, key.address)),
    valueWei: STAKE,
  },
  {
    error: 'ZeroAddress',
    what: 'no fee recipient',
    from: joiner.address,
    method: 'join',
    args: () => join(key.address, ZERO_ADDRESS, keyProof(key, joiner.address)),
    valueWei: STAKE,
  },
  {
    error: 'ZeroAddress',
    what: 'the zero key, which a broken signature recovers to',
    from: joiner.address,
    method: 'join',
    args: () => join(ZERO_ADDRESS, joiner.address, '0x'),
    valueWei: STAKE,
  },
  {
    error: 'AlreadyRegistered',
    what: 'an operator twice',
    from: validator.operator.address,
    method: 'join',
    args: () => join(key.address, joiner.address, keyProof(key, validator.operator.address)),
    valueWei: STAKE,
  },
  {
    error: 'ConsensusKeyTaken',
    what: 'the key of another validator',
    from: joiner.address,
    method: 'join',
    args: () =>
      join(validator.consensus.address, joiner.address, keyProof(validator.consensus, joiner.address)),
    valueWei: STAKE,
  },
  {
    error: 'StakeTooLow',
    what: 'a wei less than the minimum',
    from: joiner.address,
    method: 'join',
    args: () => join(key.address, joiner.address, keyProof(key, joiner.address)),
    valueWei: STAKE - 1n,
  },
  {
    error: 'CandidatesFull',
    what: 'the 201st operator',
    from: joiner.address,
    method: 'join',
    args: () => join(key.address, joiner.address, keyProof(key, joiner.address)),
    valueWei: STAKE,
    staking: { stateDiff: new Map([[slot(OPERATORS_SLOT), CANDIDATES_MAX]]) },
  },
  {
    error: 'NothingToWithdraw',
    what: 'more than is staked',
    from: validator.operator.address,
    method: 'unbond',
    args: () => [10n ** 30n],
  },
  {
    error: 'NotYetWithdrawable',
    what: 'stake that is still bound',
    from: cheat.operator.address,
    method: 'withdraw',
  },
  {
    error: 'TransferFailed',
    what: 'an operator whose code refuses the wei',
    from: cheat.operator.address,
    method: 'withdraw',
    blockNumber: 10n ** 6n,
    sender: { code: hexToBytes(`0xef0100${REFUSES.slice(2)}`) },
  },
  {
    error: 'NoDoubleSign',
    what: 'one message twice',
    from: joiner.address,
    method: 'reportDoubleSign',
    args: () => [message(aa), message(aa)],
  },
  {
    error: 'Tombstoned',
    what: 'a second report',
    from: joiner.address,
    method: 'reportDoubleSign',
    args: () => [message(aa), message(bb)],
  },
]

const encode = (functionName: string, args: readonly unknown[]) =>
  encodeFunctionData({ abi: stakingAbi, functionName, args } as never)

/** The fourth validator has begun to leave, and then signed two blocks. */
beforeAll(async () => {
  test = await TestChain.open()
  const send = async (from: DevnetKey, method: string, args: readonly unknown[]) => {
    const tx = test.transaction(from, { to: predeploys.staking, data: encode(method, args) })
    const { receipts } = await test.mine([tx])
    expect(receipts[0]?.succeeded).toBe(true)
  }
  await test.mine([test.transaction(account(4), { to: cheat.operator.address, value: OPEN })])
  await send(cheat.operator, 'unbond', [OPEN])
  await send(account(4), 'reportDoubleSign', [message(aa), message(bb)])
})

describe('the Staking predeploy refuses', () => {
  const reached = new Set<string>()

  it.each(cases)('$what with $error', async (one) => {
    const { spec, genesisHash, precompiles, head } = test.chain
    const runner = new CallRunner({ spec, genesisHash }, { precompiles })
    const data = hexToBytes(encode(one.method, one.args?.() ?? []))
    const overrides: [Address, AccountOverride][] = [
      [REFUSES, { code: hexToBytes('0x5f5ffd') }],
      [one.from, { balanceWei: 10n ** 30n, ...one.sender }],
      [predeploys.staking, one.staking ?? {}],
    ]
    const outcome = await runner.run(
      { from: one.from, to: predeploys.staking, data, valueWei: one.valueWei ?? 0n },
      {
        block: head.block,
        state: head.state,
        stateOverrides: new Map(overrides),
        ...(one.blockNumber === undefined ? {} : { blockOverride: { number: one.blockNumber } }),
      },
    )
    expect(outcome.failure?.reverted).toBe(true)
    const { errorName } = decodeErrorResult({ abi: stakingAbi, data: bytesToHex(outcome.output) })
    expect(errorName).toBe(one.error)
    reached.add(errorName)
  })

  it('with every error of its list, somewhere above', () => {
    expect([...reached].sort()).toEqual(expectedErrors('test/unit/execution/stakingErrors.test.ts'))
  })
})
