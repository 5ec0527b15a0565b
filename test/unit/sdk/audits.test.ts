import { decodeEventLog, encodeEventTopics } from 'viem'
import { expect, it } from 'vitest'
import { iProofOfAttributionAbi } from '../../../contracts/generated/IProofOfAttribution.ts'
import { ATTRIBUTION_ADDRESS } from '../../../precompiles/addresses.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { appealCommitment, auditCommitment, auditVerdicts, receiptFacts } from '../../../src/sdk/audits.ts'
import { testHash } from '../../support/precompileWorld.ts'
import { auditors, Fixture, requester, stranger } from '../precompiles/proofOfAttribution/fixture.ts'

const salt = testHash('salt')
const { ok, outputMismatch, undecided } = auditVerdicts

it('makes the commitments that the chain opens, of committees and of electors', () => {
  const f = new Fixture()
  const receipt = f.receipt()
  f.settle(receipt)
  f.chain.advance()
  f.draw(receipt)
  const receiptIds = [receipt.receiptId]
  const digests = [testHash('digest')]
  const committee = f.committee(receipt)
  const found = [ok, outputMismatch, undecided]
  committee.forEach(({ address }, seat) => {
    const verdicts = [found[seat]!]
    const commitment = auditCommitment({ auditor: address, receiptIds, verdicts, digests, salt })
    f.attribution.send('commitAudit', [receiptIds, commitment], { from: address })
  })
  committee.forEach(({ address }, seat) => {
    f.attribution.send('revealAudit', [receiptIds, [found[seat]], digests, salt], { from: address })
  })
  expect(f.attribution.read('getAudit', [receipt.receiptId]).verdicts).toEqual(found)
  expect(f.openAppeals(receipt)).toEqual([3])
  for (const { address } of auditors) {
    const commitment = appealCommitment({ auditor: address, receiptIds, verdicts: [ok], salt })
    f.attribution.send('commitAppeal', [receiptIds, commitment], { from: address })
  }
  for (const { address } of auditors) {
    f.attribution.send('revealAppeal', [receiptIds, [ok], salt], { from: address })
  }
  expect(f.attribution.read('getAppeal', [receipt.receiptId]).verdicts).toEqual(auditors.map(() => ok))
})

it('finds the facts of a receipt that the chain takes back', async () => {
  const f = new Fixture({ parameters: { auditRateBps: 0 } })
  const receipt = f.receipt()
  f.settle(receipt)
  // what a node answers: the logs that match the topics
  const client = {
    getContractEvents: async ({ args }: { args: { receiptId: `0x${string}` } }) => {
      const topics = encodeEventTopics({ abi: iProofOfAttributionAbi, eventName: 'ReceiptSettled', args })
      return f.chain.logs
        .filter((log) => log.address === ATTRIBUTION_ADDRESS && log.topics[0] === topics[0])
        .filter((log) => log.topics[1] === topics[1])
        .map((log) =>
          decodeEventLog({
            abi: iProofOfAttributionAbi,
            topics: log.topics as [`0x${string}`],
            data: bytesToHex(log.data),
          }),
        )
    },
  }
  const facts = await receiptFacts(client as never, receipt.receiptId, { fromBlock: 0n })
  const valueWei = f.world.parameters.receiptChallengeBondWei
  f.attribution.send('challengeReceipt', [facts], { from: stranger.address, valueWei })
  expect(facts?.requester).toBe(requester.address)
  expect(await receiptFacts(client as never, testHash('none'), { fromBlock: 0n })).toBeUndefined()
})
