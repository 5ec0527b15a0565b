import type { Hash } from '../../../src/primitives/hex.ts'
import { ZERO_HASH } from '../../../src/primitives/hex.ts'
import { tupleCodec } from '../../shared/abiCodec.ts'
import { encodeParameters } from '../../shared/abiEncode.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { mappingSlot } from '../../shared/layout.ts'
import { returnBond } from '../bonds.ts'
import {
  blockOf,
  type ContributionRef,
  type DatanetAbi,
  type DatanetCall,
  type DatanetRef,
  datanetAt,
  datanetWithRole,
  emit,
  existingContribution,
  fail,
  scorerAt,
} from '../call.ts'
import { letGo } from '../endings.ts'
import { contributionStatus, role } from '../layout.ts'
import { holdsSeat, reportsOf, round } from '../panel.ts'

interface Expected {
  readonly minQualityBps: number
  readonly maxQualityBps: number
}

const answerFields = tupleCodec([
  { name: 'contributor', type: 'address' },
  { name: 'contributionId', type: 'uint64' },
  { name: 'minQualityBps', type: 'uint16' },
  { name: 'maxQualityBps', type: 'uint16' },
  { name: 'salt', type: 'bytes32' },
]).fields

export const knownAnswerMethods: Methods<DatanetAbi, DatanetCall, 'plantKnownAnswer' | 'revealKnownAnswer'> =
  {
    plantKnownAnswer: {
      gas: 0n,
      run(call, { datanetId, commitment }) {
        const datanet = datanetWithRole(call, datanetId, role.manager)
        if (commitment === ZERO_HASH) fail('ZeroCommitment')
        const slot = plantedSlot(call, datanet, commitment)
        if (call.store.load(slot) !== 0n) fail('AlreadyPlanted', { commitment })
        call.store.save(slot, call.host.block.number)
        emit(call.host, 'KnownAnswerPlanted', { datanetId, commitment })
      },
    },

    revealKnownAnswer: {
      gas: 0n,
      run(call, args) {
        const { host, store } = call
        const { contributionId, minQualityBps, maxQualityBps } = args
        const contribution = existingContribution(call, contributionId)
        const contributor = contribution.get('contributor')
        if (host.caller !== contributor) fail('NotContributor', { caller: host.caller })
        if (maxQualityBps > 10_000) fail('InvalidQuality', { qualityBps: maxQualityBps })
        if (minQualityBps > maxQualityBps) fail('InvalidQuality', { qualityBps: minQualityBps })
        checkRevealable(call, contributionId, contribution)

        const datanetId = contribution.get('datanetId')
        const datanet = datanetAt(call, datanetId)
        const commitment = host.keccak(encodeParameters(answerFields, { contributor, ...args }))
        const slot = plantedSlot(call, datanet, commitment)
        const plantedBlock = Number(store.load(slot))
        if (plantedBlock === 0) fail('UnknownCommitment', { commitment })
        const lastBlock = contribution.get('panelBlock') - 1
        if (plantedBlock > lastBlock) fail('TooLate', { lastBlock: BigInt(lastBlock) })
        store.save(slot, 0n)
        const counted = countTests(call, datanet, contribution, args)
        plant(call, contributionId, contribution)
        emit(host, 'KnownAnswerRevealed', {
          contributionId,
          datanetId,
          minQualityBps,
          maxQualityBps,
          ...counted,
        })
      },
    },
  }

function plantedSlot({ store }: DatanetCall, datanet: DatanetRef, commitment: Hash): bigint {
  return mappingSlot(store, datanet.at('knownAnswers'), commitment)
}

/** Decided, in no version, and never challenged: a challenge has other reports, and moves bonds. */
function checkRevealable(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): void {
  const status = contribution.get('status')
  const isAccepted = status === contributionStatus.accepted
  if (!isAccepted && status !== contributionStatus.rejected) fail('WrongStatus', { contributionId, status })
  if (contribution.get('round') === round.challenge) fail('AlreadyChallenged', { contributionId })
  const lastBlock = contribution.get('challengeEndBlock')
  if (isAccepted && blockOf(call) > lastBlock) fail('TooLate', { lastBlock: BigInt(lastBlock) })
}

/** Every report counts as a test of who made it, if that one still has the seat. */
function countTests(
  call: DatanetCall,
  datanet: DatanetRef,
  contribution: ContributionRef,
  { minQualityBps, maxQualityBps }: Expected,
): { readonly tests: number; readonly hits: number } {
  const reports = reportsOf(call, datanet, contribution).filter(({ seat }) =>
    holdsSeat(call, datanet, contribution, seat),
  )
  let hits = 0
  for (const { seat, differs, qualityBps } of reports) {
    const scorer = scorerAt(call, datanet, seat)
    const isHit = !differs && minQualityBps <= qualityBps && qualityBps <= maxQualityBps
    scorer.set('tests', scorer.get('tests') + 1)
    if (!isHit) continue
    scorer.set('hits', scorer.get('hits') + 1)
    hits += 1
  }
  return { tests: reports.length, hits }
}

function plant(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): void {
  contribution.set('status', contributionStatus.planted)
  letGo(call, contributionId, contribution)
  returnBond(call, contributionId, contribution)
}
