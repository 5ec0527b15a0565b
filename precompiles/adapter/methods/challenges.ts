import { bigIntToBytes, concatBytes } from '../../../src/primitives/bytes.ts'
import type { Address, Hash } from '../../../src/primitives/hex.ts'
import { bounds } from '../../bounds.ts'
import { drawCommittee, outcomeOf, verdict as verdicts } from '../../shared/audit.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { gasPrices } from '../../shared/gas.ts'
import { refOf } from '../../shared/money.ts'
import { randaoSlot } from '../../shared/randomness.ts'
import { activateFrom, holdBack } from '../activity.ts'
import {
  type AdapterAbi,
  type AdapterCall,
  type AdapterRef,
  blockOf,
  type ChallengeRef,
  challengeAt,
  checkText,
  emit,
  existingAdapter,
  fail,
  newestVersion,
  requireUnchallenged,
  type VersionRef,
  versionAt,
} from '../call.ts'
import { divideLost, divideSlashed } from '../challenge.ts'
import { type RowSeat, revealsClosed, seatsOf } from '../committee.ts'
import {
  adapterStatus,
  type ChallengeStatus,
  challengeStatus,
  creditReason,
  SEAT_FIELDS,
  versionStatus,
  WHOLE_FOLD,
} from '../layout.ts'

/** A challenge that is open, with what it is about. */
interface OpenChallenge {
  readonly adapterId: bigint
  readonly adapter: AdapterRef
  readonly version: number
  readonly view: VersionRef
  readonly challenge: ChallengeRef
}

export const challengeMethods: Methods<
  AdapterAbi,
  AdapterCall,
  'challengeRows' | 'drawRowAudit' | 'resolveRowChallenge' | 'getRowChallenge'
> = {
  challengeRows: {
    gas: 0n,
    run(call, { adapterId, row, evidenceCid }) {
      const { host, money, registry, parameters } = call
      const adapter = existingAdapter(call, adapterId)
      requireUnchallenged(call, adapterId)
      const { version, view } = newestVersion(call, adapter, versionStatus.published)
      if (row !== WHOLE_FOLD && row >= view.get('rowCount')) fail('UnknownRow', { row })
      checkText(evidenceCid, bounds.cidBytes, true)
      const bondWei = host.valueWei
      const expectedWei = parameters.rowChallengeBondWei
      if (bondWei !== expectedWei) fail('WrongBond', { bondWei, expectedWei })
      const challengeId = registry.get('challengeCount') + 1n
      registry.set('challengeCount', challengeId)
      holdBack(call, adapter, view)
      challengeAt(call, adapterId).update({
        ...NO_AUDIT,
        challenger: host.caller,
        challengeId,
        status: challengeStatus.waiting,
        row,
        version,
        challengeBlock: blockOf(call),
        bondWei,
      })
      money.receive('bondsWei', bondWei)
      const challenger = host.caller
      emit(host, 'RowsChallenged', { adapterId, challengeId, challenger, version, row, evidenceCid })
      return challengeId
    },
  },

  drawRowAudit: {
    gas: 0n,
    run(call, { adapterId }) {
      const { host, parameters } = call
      const open = openChallenge(call, adapterId, challengeStatus.waiting)
      const { challenge } = open
      const committee = drawSeats(call, open, seedOf(call, open))
      if (committee === undefined) {
        end(call, open, challengeStatus.dropped)
        return []
      }
      const commitEndBlock = blockOf(call) + parameters.rowAuditCommitBlocks
      const revealEndBlock = commitEndBlock + parameters.auditRevealBlocks
      const seats = committee.length
      challenge.update({ status: challengeStatus.audit, seats, commitEndBlock, revealEndBlock })
      committee.forEach((auditor, seat) => {
        const field = SEAT_FIELDS[seat]
        if (field !== undefined) challenge.set(field, auditor)
      })
      const challengeId = challenge.get('challengeId')
      emit(host, 'RowAuditDrawn', { adapterId, challengeId, committee, commitEndBlock, revealEndBlock })
      return committee
    },
  },

  resolveRowChallenge: {
    gas: 0n,
    run(call, { adapterId }) {
      const open = openChallenge(call, adapterId, challengeStatus.audit)
      const { challenge } = open
      if (!revealsClosed(call, challenge)) {
        fail('TooEarly', { fromBlock: BigInt(challenge.get('revealEndBlock') + 1) })
      }
      const seats = seatsOf(challenge)
      const status = statusOf[outcomeOf(seats.map(({ verdict }) => ({ verdict, digest: 0n })))]
      end(call, open, status)
      return status
    },
  },

  getRowChallenge: {
    gas: 0n,
    run(call, { adapterId }) {
      existingAdapter(call, adapterId)
      const challenge = challengeAt(call, adapterId)
      const status = challenge.get('status')
      if (status === challengeStatus.none) fail('WrongChallengeStatus', { adapterId, status })
      const seats = seatsOf(challenge)
      return {
        ...challenge.values(),
        committee: seats.map(({ auditor }) => auditor),
        verdicts: seats.map(({ verdict }) => verdict),
      }
    },
  },
}

const statusOf = {
  ok: challengeStatus.right,
  against: challengeStatus.refuted,
  noQuorum: challengeStatus.undecided,
} as const

/** What an earlier challenge of the same adapter may have left. */
const NO_AUDIT = {
  seats: 0,
  committed: 0,
  revealed: 0,
  verdicts: 0,
  commitEndBlock: 0,
  revealEndBlock: 0,
} as const

function openChallenge(call: AdapterCall, adapterId: bigint, wanted: ChallengeStatus): OpenChallenge {
  const adapter = existingAdapter(call, adapterId)
  const challenge = challengeAt(call, adapterId)
  const status = challenge.get('status')
  if (status !== wanted) fail('WrongChallengeStatus', { adapterId, status })
  const version = challenge.get('version')
  return { adapterId, adapter, version, view: versionAt(call, adapter, version), challenge }
}

/** The randomness of the block after the challenge: nobody knew it when the challenge was sent. */
function seedOf(call: AdapterCall, { adapterId, version, challenge }: OpenChallenge): Hash {
  const fromBlock = BigInt(challenge.get('challengeBlock') + 1)
  const randao = call.host.block.number < fromBlock ? 0n : call.staking.load(randaoSlot(fromBlock))
  if (randao === 0n) fail('TooEarly', { fromBlock })
  return call.host.keccak(
    concatBytes(
      bigIntToBytes(randao, 32),
      bigIntToBytes(adapterId, 8),
      bigIntToBytes(BigInt(version), 4),
      bigIntToBytes(BigInt(challenge.get('row')), 4),
    ),
  )
}

function drawSeats(
  call: AdapterCall,
  { adapter, challenge }: OpenChallenge,
  seed: Hash,
): readonly Address[] | undefined {
  const { host, auditors, parameters } = call
  const { challenger, challengeBlock } = challenge.values()
  const excluded = [adapter.get('owner'), challenger]
  const all = auditors.active(adapter.get('baseModelId'))
  host.useGas(gasPrices.candidate * BigInt(all.length))
  const eligible = all.filter(
    ({ account, activeBlock }) => activeBlock <= challengeBlock && !excluded.includes(account),
  )
  const candidates = eligible.map(({ bondWei }, id) => ({ id, bondWei }))
  const drawn = drawCommittee(seed, candidates, parameters.auditCommittee, (data) => host.keccak(data))
  return drawn?.flatMap((id) => eligible[id]?.account ?? [])
}

/** Ends a challenge: what becomes of the version, then the money. */
function end(call: AdapterCall, open: OpenChallenge, status: ChallengeStatus): void {
  const { adapterId, adapter, view, challenge } = open
  const { challengeId, bondWei, challenger } = challenge.values()
  challenge.set('status', status)
  if (status === challengeStatus.refuted) refute(adapter, view)
  else goOn(call, open, status)
  const activeFromBlock = view.get('activeFromBlock')
  emit(call.host, 'RowChallengeEnded', { adapterId, challengeId, status, activeFromBlock })
  if (status === challengeStatus.refuted) slash(call, open)
  if (status === challengeStatus.right) {
    divide(call, open, bondWei)
    return
  }
  call.money.credit('bondsWei', challenger, creditReason.challengeBondReturned, refOf(adapterId), bondWei)
}

function refute(adapter: AdapterRef, view: VersionRef): void {
  view.set('status', versionStatus.refuted)
  if (adapter.get('currentVersion') === 0) adapter.set('status', adapterStatus.refuted)
}

/** Rows that were found right can be challenged for as long again as when the challenge came. */
function goOn(call: AdapterCall, { adapter, view, challenge }: OpenChallenge, status: ChallengeStatus): void {
  const block = blockOf(call)
  const before = view.get('challengeEndBlock')
  const left = before - challenge.get('challengeBlock')
  const challengeEndBlock = status === challengeStatus.right ? block + left : Math.max(before, block)
  view.set('challengeEndBlock', challengeEndBlock)
  activateFrom(call, adapter, view, challengeEndBlock)
}

/** Takes the adapter's whole bond. */
function slash(call: AdapterCall, { adapterId, adapter, version, challenge }: OpenChallenge): void {
  const { host, money, parameters } = call
  const bondWei = adapter.get('bondWei')
  adapter.set('bondWei', 0n)
  const auditors = sideOf(challenge, (verdict) => verdict > verdicts.ok)
  const parts = divideSlashed(bondWei, auditors.length)
  emit(host, 'AdapterSlashed', { adapterId, version, amountWei: bondWei })
  const credit = (account: Address, reason: number, amountWei: bigint) =>
    money.credit('bondsWei', account, reason, refOf(adapterId), amountWei)
  credit(challenge.get('challenger'), creditReason.challenger, parts.challengerWei)
  for (const auditor of auditors) credit(auditor, creditReason.auditor, parts.auditorWei)
  credit(parameters.treasuryAddress, creditReason.slashed, parts.treasuryWei)
}

/** Divides the bond of a challenge that was lost. */
function divide(call: AdapterCall, { adapterId, adapter, challenge }: OpenChallenge, bondWei: bigint): void {
  const auditors = sideOf(challenge, (verdict) => verdict === verdicts.ok)
  const { auditorWei, ownerWei } = divideLost(bondWei, auditors.length)
  const credit = (account: Address, reason: number, amountWei: bigint) =>
    call.money.credit('bondsWei', account, reason, refOf(adapterId), amountWei)
  for (const auditor of auditors) credit(auditor, creditReason.auditor, auditorWei)
  credit(adapter.get('owner'), creditReason.challengeLost, ownerWei)
}

function sideOf(challenge: ChallengeRef, isOnSide: (verdict: RowSeat['verdict']) => boolean): Address[] {
  return seatsOf(challenge).flatMap(({ auditor, verdict }) => (isOnSide(verdict) ? [auditor] : []))
}
