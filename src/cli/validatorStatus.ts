import { formatEther } from 'viem'
import type { RevealChain } from '../node/revealChain.ts'
import { type Address, type Hash, ZERO_ADDRESS, ZERO_HASH } from '../primitives/hex.ts'
import type { Output } from './output.ts'
import { lower, type StakingClient } from './stakingClient.ts'

interface ValidatorRecord {
  readonly consensusKey: Address
  readonly jailedUntil: bigint
  readonly tombstoned: boolean
  readonly place: number
  readonly feeRecipient: Address
  readonly randomnessTip: Hash
  readonly stakeWei: bigint
}

export interface StatusRequest {
  readonly client: StakingClient
  readonly output: Output
  readonly operator: Address
  readonly reveals: RevealChain | undefined
}

/** `openledger validator status`: one line a fact, or one object with --json. */
export async function showStatus(request: StatusRequest): Promise<void> {
  const { client, output, operator } = request
  const record = await client.read<ValidatorRecord>('validatorOf', [operator])
  const members = await client.read<readonly { operator: Address; power: bigint }[]>('members')
  const unbonding = await client.read<readonly { amountWei: bigint; withdrawableAt: bigint }[]>(
    'unbondingsOf',
    [operator],
  )
  const [memberBlocks, missedBlocks, missedInWindow] = await client.read<readonly [bigint, bigint, number]>(
    'participationOf',
    [operator],
  )
  const member = members.find((one) => lower(one.operator) === operator)
  const facts = {
    operator,
    state: stateOf(record, member !== undefined),
    consensusKey: lower(record.consensusKey),
    feeRecipient: lower(record.feeRecipient),
    stakeWei: record.stakeWei,
    power: member?.power ?? 0n,
    rewardsWei: await client.read<bigint>('pendingRewardsWei', [operator]),
    jailedUntil: record.jailedUntil,
    unbonding: unbonding.map(({ amountWei, withdrawableAt }) => ({ amountWei, withdrawableAt })),
    memberBlocks,
    missedBlocks,
    missedInWindow,
    ...revealFacts(request.reveals, record.randomnessTip),
    height: await client.height(),
  }
  output.emit('status', facts)
  for (const line of lines(facts)) output.say(line)
}

type State = 'unknown' | 'tombstoned' | 'left' | 'jailed' | 'member' | 'candidate'

function stateOf(record: ValidatorRecord, isMember: boolean): State {
  if (record.consensusKey === ZERO_ADDRESS) return 'unknown'
  if (record.tombstoned) return 'tombstoned'
  if (record.place === 0) return 'left'
  if (record.jailedUntil > 0n) return 'jailed'
  return isMember ? 'member' : 'candidate'
}

function revealFacts(reveals: RevealChain | undefined, tip: Hash) {
  // a validator that was in no set yet has a chain to come, and none now
  if (reveals === undefined || tip === ZERO_HASH) return {}
  const found = reveals.find(tip)
  return { revealsLeft: found?.remaining ?? 0, revealGeneration: found?.generation ?? null }
}

function lines(facts: {
  readonly [name: string]: unknown
  readonly stakeWei: bigint
  readonly rewardsWei: bigint
  readonly unbonding: readonly { readonly amountWei: bigint; readonly withdrawableAt: bigint }[]
  readonly revealsLeft?: number
}): string[] {
  const row = (name: string, value: unknown) => `${name.padEnd(16)}${String(value)}`
  return [
    row('operator', facts.operator),
    row('state', facts.state),
    row('consensus key', facts.consensusKey),
    row('fee recipient', facts.feeRecipient),
    row('stake', `${formatEther(facts.stakeWei)} OPEN, power ${String(facts.power)}`),
    row('rewards', `${formatEther(facts.rewardsWei)} OPEN`),
    ...facts.unbonding.map((entry) =>
      row(
        'unbonding',
        `${formatEther(entry.amountWei)} OPEN, to withdraw from block ${entry.withdrawableAt} on`,
      ),
    ),
    row('signed', `all but ${String(facts.missedBlocks)} of ${String(facts.memberBlocks)} blocks`),
    ...(facts.jailedUntil === 0n
      ? []
      : [row('jailed', `to unjail from block ${String(facts.jailedUntil)} on`)]),
    ...(facts.revealsLeft === undefined ? [] : [row('reveals left', facts.revealsLeft)]),
    row('at block', facts.height),
  ]
}
