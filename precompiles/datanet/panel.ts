import { bigIntToBytes, concatBytes } from '../../src/primitives/bytes.ts'
import { type Address, ZERO_ADDRESS } from '../../src/primitives/hex.ts'
import { bounds } from '../bounds.ts'
import { drawCommittee } from '../shared/audit.ts'
import { bitsIn, hasBit, withBit, withoutBit } from '../shared/bits.ts'
import { gasPrices } from '../shared/gas.ts'
import { readPacked, writePacked } from '../shared/layout.ts'
import { randomnessAfter } from '../shared/randomness.ts'
import {
  blockOf,
  type ContributionRef,
  type DatanetCall,
  type DatanetRef,
  datanetAt,
  emit,
  scorerAt,
  seatOf,
} from './call.ts'
import { quorumOf, unpackReport, type WeighedReport } from './decision.ts'
import { POLICY_OPEN } from './layout.ts'

export const round = { first: 1, second: 2, challenge: 3 } as const
export type Round = (typeof round)[keyof typeof round]

const WEIGHT_MAX = 65_535n

/** Seats that score now, but for those of the contributor, the sponsor, and whoever else is excluded. */
export function seatsOfOthers(
  call: DatanetCall,
  datanet: DatanetRef,
  contribution: ContributionRef,
  ...excluded: readonly Address[]
): bigint {
  const parties = [contribution.get('contributor'), contribution.get('sponsor'), ...excluded]
  return parties.reduce((seats, account) => {
    const seat = account === ZERO_ADDRESS ? undefined : seatOf(call, datanet, account)
    return seat === undefined ? seats : withoutBit(seats, seat)
  }, datanet.get('activeSeats'))
}

/**
 * Fixes who may be on the panel of a round: now, before anybody knows the randomness that draws among them, so that
 * neither joining nor leaving changes the draw. Appointed scorers are all on it, and start at once.
 */
export function beginRound(
  call: DatanetCall,
  contribution: ContributionRef,
  next: Round,
  candidates: bigint,
): 'waiting' | 'open' {
  const datanet = datanetAt(call, contribution.get('datanetId'))
  contribution.update({
    round: next,
    panelBlock: blockOf(call),
    seatings: datanet.get('seatings'),
    panel: candidates,
    scorersCommitted: 0n,
    scorersRevealed: 0n,
    scoreCommitEndBlock: 0,
    scoreRevealEndBlock: 0,
  })
  if (datanet.get('policy') === POLICY_OPEN) return 'waiting'
  openWindows(call, contribution)
  return 'open'
}

function openWindows(call: DatanetCall, contribution: ContributionRef): void {
  const scoreCommitEndBlock = blockOf(call) + call.parameters.scoreCommitBlocks
  const scoreRevealEndBlock = scoreCommitEndBlock + call.parameters.scoreRevealBlocks
  contribution.update({ scoreCommitEndBlock, scoreRevealEndBlock })
}

/** Whether the panel may score: in an open Datanet it is drawn first. */
export function isScored(contribution: ContributionRef): boolean {
  return contribution.get('scoreCommitEndBlock') !== 0
}

/** Draws the panel of a contribution that waits for one, in proportion to bonds. */
export function drawPanel(
  call: DatanetCall,
  contributionId: bigint,
  contribution: ContributionRef,
): 'notYet' | 'tooFew' | 'drawn' {
  const { host, staking, store, parameters } = call
  const randomness = randomnessAfter(staking, contribution.get('panelBlock'), blockOf(call))
  if (randomness === undefined) return 'notYet'
  const candidates = standingCandidates(call, contribution)
  if (candidates.length < bounds.scorerQuorum) return 'tooFew'
  const size = Math.min(parameters.scorerPanel, candidates.length)
  host.useGas(gasPrices.candidate * BigInt(candidates.length * size))
  const id = bigIntToBytes(contributionId, 8)
  const seed = host.keccak(
    concatBytes(bigIntToBytes(randomness, 32), id, Uint8Array.of(contribution.get('round'))),
  )
  const drawn = drawCommittee(seed, candidates, size, (data) => host.keccak(data)) ?? []
  const seats = [...drawn].sort((a, b) => a - b)
  contribution.set('panel', seats.reduce(withBit, 0n))
  openWindows(call, contribution)
  const panel = seats.map((seat, place) => {
    const scorer = scorerAt(call, datanetAt(call, contribution.get('datanetId')), seat)
    const weight = weightOf(scorer.get('bondWei'), parameters.scorerBondWei)
    writePacked(store, contribution.at('weights'), place, 16, BigInt(weight))
    return { account: scorer.get('account'), weight }
  })
  emit(host, 'PanelDrawn', {
    contributionId,
    datanetId: contribution.get('datanetId'),
    round: contribution.get('round'),
    scorers: panel.map(({ account }) => account),
    weights: panel.map(({ weight }) => weight),
    scoreCommitEndBlock: contribution.get('scoreCommitEndBlock'),
    scoreRevealEndBlock: contribution.get('scoreRevealEndBlock'),
  })
  return 'drawn'
}

function weightOf(bondWei: bigint, unitWei: bigint): number {
  const weight = bondWei / unitWei
  return Number(weight < WEIGHT_MAX ? weight : WEIGHT_MAX)
}

/** Candidates that still hold the seat, by seat. Leaving ones do until they take their bond. */
function standingCandidates(call: DatanetCall, contribution: ContributionRef) {
  const datanet = datanetAt(call, contribution.get('datanetId'))
  return bitsIn(contribution.get('panel')).flatMap((seat) => {
    if (!holdsSeat(call, datanet, contribution, seat)) return []
    return [{ id: seat, bondWei: scorerAt(call, datanet, seat).get('bondWei') }]
  })
}

/** Whether a seat still belongs to who had it when the panel was fixed. */
export function holdsSeat(
  call: DatanetCall,
  datanet: DatanetRef,
  contribution: ContributionRef,
  seat: number,
): boolean {
  const seating = scorerAt(call, datanet, seat).get('seating')
  return seating !== 0 && seating <= contribution.get('seatings')
}

/** A seat's place in the panel, by which its weight and its report are kept. */
function placeIn(panel: bigint, seat: number): number {
  return bitsIn(panel & ((1n << BigInt(seat)) - 1n)).length
}

export function reportSlot(contribution: ContributionRef, seat: number): readonly [bigint, number] {
  return [contribution.at('reports'), placeIn(contribution.get('panel'), seat)]
}

export function weightIn({ store }: DatanetCall, datanet: DatanetRef, contribution: ContributionRef) {
  if (datanet.get('policy') !== POLICY_OPEN) return () => 1
  const panel = contribution.get('panel')
  const weights = contribution.at('weights')
  return (seat: number) => Number(readPacked(store, weights, placeIn(panel, seat), 16))
}

/** The reports revealed in this round, by seat. */
export function reportsOf(
  call: DatanetCall,
  datanet: DatanetRef,
  contribution: ContributionRef,
): readonly WeighedReport[] {
  const seats = bitsIn(contribution.get('scorersRevealed'))
  call.host.useGas(gasPrices.candidate * BigInt(seats.length))
  const weight = weightIn(call, datanet, contribution)
  return seats.map((seat) => {
    const stored = readPacked(call.store, ...reportSlot(contribution, seat), 32)
    return { ...unpackReport(stored), seat, weight: weight(seat) }
  })
}

/** No more commits can come: whoever is still seated has committed, or the time for it is over. */
export function commitsClosed(
  call: DatanetCall,
  datanet: DatanetRef,
  contribution: ContributionRef,
): boolean {
  if (blockOf(call) > contribution.get('scoreCommitEndBlock')) return true
  const seated = contribution.get('panel') & datanet.get('takenSeats')
  return (seated & ~contribution.get('scorersCommitted')) === 0n
}

function revealsAreIn(call: DatanetCall, datanet: DatanetRef, contribution: ContributionRef): boolean {
  const committed = contribution.get('scorersCommitted') & datanet.get('takenSeats')
  const awaited = committed & ~contribution.get('scorersRevealed')
  return awaited === 0n && commitsClosed(call, datanet, contribution)
}

export function panelQuorum(datanet: DatanetRef, contribution: ContributionRef): number {
  return quorumOf(datanet.get('policy') === POLICY_OPEN, bitsIn(contribution.get('panel')).length)
}

/** Whether the round can be decided: its time is over, or enough have reported and nobody is awaited any more. */
export function isDecidable(call: DatanetCall, contribution: ContributionRef): boolean {
  if (!isScored(contribution)) return false
  if (blockOf(call) > contribution.get('scoreRevealEndBlock')) return true
  const datanet = datanetAt(call, contribution.get('datanetId'))
  const reveals = bitsIn(contribution.get('scorersRevealed')).length
  return reveals >= panelQuorum(datanet, contribution) && revealsAreIn(call, datanet, contribution)
}

/** The panel of the last round, as a view shows it. */
export function panelOf(call: DatanetCall, contribution: ContributionRef) {
  if (!isScored(contribution)) return []
  const datanet = datanetAt(call, contribution.get('datanetId'))
  const reports = new Map(reportsOf(call, datanet, contribution).map((report) => [report.seat, report]))
  const weight = weightIn(call, datanet, contribution)
  return bitsIn(contribution.get('panel')).map((seat) => {
    const report = reports.get(seat)
    const isHeld = holdsSeat(call, datanet, contribution, seat)
    return {
      seat,
      account: isHeld ? scorerAt(call, datanet, seat).get('account') : ZERO_ADDRESS,
      weight: weight(seat),
      committed: hasBit(contribution.get('scorersCommitted'), seat),
      revealed: report !== undefined,
      qualityBps: report?.qualityBps ?? 0,
      differs: report?.differs ?? false,
      reason: report?.reason ?? 0,
    }
  })
}
