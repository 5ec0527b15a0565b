import { parseEventLogs } from 'viem'
import { describe, expect, it } from 'vitest'
import { slashingAbi } from '../../../contracts/generated/Slashing.ts'
import type { Evidence } from '../../../src/consensus/core/types.ts'
import {
  type Proposal,
  proposalDigest,
  type UnsignedProposal,
  type Vote,
  type VoteType,
  voteDigest,
} from '../../../src/ledger/vote.ts'
import { devnetValidator } from '../../../src/node/devnet/keys.ts'
import { EvidenceReporter } from '../../../src/node/evidenceReporter.ts'
import { TransactionSender } from '../../../src/node/transactionSender.ts'
import { bytesToHex, type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import { sign } from '../../../src/primitives/secp256k1.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { account } from '../../support/chain.ts'
import { PoolNode } from '../../support/poolNode.ts'

const A: Hash = `0x${'aa'.repeat(32)}`
const B: Hash = `0x${'bb'.repeat(32)}`
const cheat = devnetValidator(3)
const key = hexToBytes(cheat.consensus.privateKey)

async function open(reporterKey = hexToBytes(account(0).privateKey)) {
  const node = await PoolNode.open()
  await node.test.mineEmpty(2)
  const { chain } = node.test
  const sender = new TransactionSender({ privateKey: reporterKey }, { chain, mempool: node.mempool })
  const vote = (type: VoteType, blockHash: Hash | null): Vote => {
    const unsigned = { type, height: 2, round: 1, blockHash, validator: cheat.consensus.address }
    return { ...unsigned, signature: sign(voteDigest(chain.signingDomain, unsigned), key) }
  }
  const proposal = (blockHash: Hash, validRound: number): Proposal => {
    const unsigned: UnsignedProposal = {
      height: 2,
      round: 1,
      validRound,
      blockHash,
      proposer: cheat.consensus.address,
    }
    return { ...unsigned, signature: sign(proposalDigest(chain.signingDomain, unsigned), key) }
  }
  return { node, vote, proposal, reporter: new EvidenceReporter({ sender, logger: silentLogger }), sender }
}

type Opened = Awaited<ReturnType<typeof open>>

/** Whom the head block's transactions slashed, and who was paid for telling. */
function slashedBy({ node }: Opened) {
  const { store, head } = node.test.chain
  const logs = (store.receipts(head.height) ?? []).flatMap((receipt) => receipt.logs)
  return parseEventLogs({
    abi: slashingAbi,
    eventName: 'DoubleSigned',
    logs: logs.map((log) => ({ ...log, data: bytesToHex(log.data) })) as never,
  }).map(({ args }) => [args.operator.toLowerCase(), args.reporter.toLowerCase()])
}

describe('two contradictory signatures', () => {
  it('become the transaction that slashes their signer and pays the sender', async () => {
    const world = await open()
    const { node, reporter, vote } = world
    reporter.report({ kind: 'votes', first: vote('precommit', A), second: vote('precommit', B) })
    expect(await node.minePool()).toEqual([true])
    expect(slashedBy(world)).toEqual([[cheat.operator.address, account(0).address]])
  })

  it.each<[string, (world: Opened) => Evidence]>([
    [
      'a prevote for a block and one for none',
      ({ vote }) => ({ kind: 'votes', first: vote('prevote', null), second: vote('prevote', A) }),
    ],
    [
      'two proposals',
      ({ proposal }) => ({ kind: 'proposals', first: proposal(A, -1), second: proposal(B, -1) }),
    ],
    [
      'a fresh proposal and one of an earlier round',
      ({ proposal }) => ({ kind: 'proposals', first: proposal(A, -1), second: proposal(A, 0) }),
    ],
  ])('are proof to the chain: %s', async (_name, evidenceOf) => {
    const world = await open()
    world.reporter.report(evidenceOf(world))
    expect(world.node.mempool.status().pending).toBe(1)
    expect(await world.node.minePool()).toEqual([true])
  })

  it('of one signer are reported once', async () => {
    const { node, reporter, vote, proposal } = await open()
    reporter.report({ kind: 'votes', first: vote('precommit', A), second: vote('precommit', B) })
    reporter.report({ kind: 'votes', first: vote('prevote', A), second: vote('prevote', B) })
    reporter.report({ kind: 'proposals', first: proposal(A, -1), second: proposal(B, -1) })
    expect(node.mempool.status().pending).toBe(1)
  })

  it('are reported again when the pool had refused the transaction', async () => {
    const { node, reporter, sender, vote } = await open(new Uint8Array(32).fill(7))
    const evidence: Evidence = {
      kind: 'votes',
      first: vote('precommit', A),
      second: vote('precommit', B),
    }
    reporter.report(evidence)
    expect(node.mempool.status().pending).toBe(0)
    await node.test.mine([
      node.test.transaction(account(0), { to: sender.address, value: 10n ** 18n, gasLimit: 21_000n }),
    ])
    reporter.report(evidence)
    expect(await node.minePool()).toEqual([true])
  })
})
