import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { iClaimableAbi } from '../../../contracts/generated/IClaimable.ts'
import { type Address, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import type { Contract } from '../../support/contract.ts'
import type { MemoryChain } from '../../support/memoryHost.ts'
import {
  type Account,
  account,
  contribution,
  type MadeReceipt,
  nearMinhash,
  numbers,
  OPEN,
  testHash,
  testParameters,
  World,
} from '../../support/precompileWorld.ts'
import { SALT as ROW_SALT, commitmentOf as rowCommitmentOf } from './adapter/fixture.ts'
import { DatanetLife, datanetSteps } from './datanet/life.ts'
import {
  application,
  auditors,
  contributors,
  Fixture,
  host,
  hostSigner,
  owner,
  requester,
  settler,
  stranger,
} from './proofOfAttribution/fixture.ts'

/** Lives of each kind, and their seed; with others than these, what they must reach is not asked. */
const RUNS = process.env.FUZZ_RUNS === undefined ? undefined : Number(process.env.FUZZ_RUNS)
const SEED = Number(process.env.FUZZ_SEED ?? 161_212)
const isUsual = RUNS === undefined && SEED === 161_212

const council = account(33)

type Books = Contract<typeof iClaimableAbi>

/** Credits, account by account, are what the events say, and add up to the books. */
function checkCredits(contract: Books): void {
  const expected = new Map<string, bigint>()
  const add = (who: unknown, wei: unknown) => {
    const key = String(who).toLowerCase()
    expected.set(key, (expected.get(key) ?? 0n) + (wei as bigint))
  }
  for (const { name, args } of contract.history()) {
    if (name === 'Credited') add(args.account, args.amountWei)
    if (name === 'ContributionPaid' || name === 'RemainderPaid') add(args.contributor, args.amountWei)
    if (name === 'Claimed') add(args.account, -(args.amountWei as bigint))
  }
  let total = 0n
  for (const [who, wei] of expected) {
    expect(contract.read('credits', [who as Address])).toBe(wei)
    total += wei
  }
  expect(contract.read('totals').creditsWei).toBe(total)
}

/** The account holds what its books say. */
function checkBalance(contract: Books): void {
  const books = contract.read('totals')
  const sums = books.depositsWei + books.pendingWei + books.potsWei + books.creditsWei + books.bondsWei
  expect(contract.chain.balanceOf(contract.address)).toBe(sums)
}

const int8At = (row: Uint8Array, index: number) => new DataView(row.buffer, row.byteOffset).getInt8(4 + index)

const supplyOf = (chain: MemoryChain) => [...chain.balances.values()].reduce((sum, wei) => sum + wei, 0n)

/** One random life of the whole system: every step is tried, many are refused, and none may lose or make a wei. */
class Life {
  readonly f = new Fixture({ parameters: { auditRateBps: 6000, governanceAddress: council.address } })
  readonly receipts: MadeReceipt[] = []
  readonly verdicts = new Map<string, number>()
  /** Verdicts that seats have committed to, by challenge. */
  readonly rowVerdicts = new Map<bigint, readonly { auditor: Account; verdict: number }[]>()
  readonly adapterIds: bigint[] = [this.f.adapterId]
  readonly datanets = new DatanetLife(this.f.world)
  readonly totalWei: bigint
  #contributions = 0
  /** A query that points away from all rows together. */
  readonly #against = Uint8Array.from(
    Int8Array.from({ length: this.f.k }, (_, i) =>
      Math.max(-60, Math.min(60, -Math.trunc(this.f.rows.reduce((sum, row) => sum + int8At(row, i), 0) / 8))),
    ),
  )

  /** In some lives nobody earns anything. */
  readonly #isUnearned: boolean

  constructor(seed: number) {
    this.#isUnearned = seed % 2 === 1
    this.totalWei = supplyOf(this.f.chain)
  }

  step(kind: number, seed: number): void {
    const { f } = this
    const next = numbers(seed)
    const pick = <T>(list: readonly T[]): T => list[next() % list.length]!
    const attempt = (method: string, args: readonly unknown[], from: Account, valueWei = 0n) =>
      f.attribution.try(method as never, args, { from: from.address, valueWei })
    const some = () => this.receipts.filter(() => next() % 3 === 0).slice(-20)
    switch (kind) {
      case 0:
        attempt('deposit', [pick([ZERO_ADDRESS, host.address])], requester, BigInt(next()))
        return
      case 1:
        attempt('requestWithdraw', [pick([ZERO_ADDRESS, host.address]), BigInt(next())], requester)
        return
      case 2:
        attempt('withdraw', [pick([ZERO_ADDRESS, host.address])], requester)
        return
      case 3:
      case 4: {
        const { version } = f.world.adapters.read('getAdapter', [f.adapterId])
        const batch = Array.from({ length: 1 + (next() % 4) }, () =>
          f.receipt({
            adapterVersion: Math.max(1, version - (next() % 2)),
            application: pick([ZERO_ADDRESS, application.address]),
            outputTokens: next() % 5000,
            auditClass: next() % 4 === 0 ? 2 : 0,
            ...(this.#isUnearned && { queryRow: this.#against }),
            ...(next() % 6 === 0 && { signer: stranger }),
          }),
        )
        const again = next() % 3 === 0 ? this.receipts.slice(-1) : []
        attempt('settle', [[...batch, ...again].map((receipt) => receipt.signed)], settler)
        const settled = batch.filter((receipt) => this.statusOf(receipt) !== 0)
        this.receipts.push(...settled)
        return
      }
      case 5:
        f.chain.advance(1 + (next() % 8))
        return
      case 6: {
        const drawn = some()
        attempt('drawAudits', [drawn.map((receipt) => receipt.receiptId)], stranger)
        for (const receipt of next() % 2 === 0 ? drawn : []) this.#commitAll(receipt, next)
        return
      }
      case 7:
        for (const receipt of some()) this.#commitAll(receipt, next)
        return
      case 8:
        for (const receipt of some()) this.#revealAll(receipt)
        return
      case 9:
      case 10: {
        const list = next() % 2 === 0 ? this.receipts.slice(-64) : some()
        const facts = list.map((receipt) => f.world.factsOf(receipt.receiptId))
        const rows = list.map((receipt) => (next() % 4 === 0 ? '0x' : receipt.signed.queryRow))
        attempt('finalize', [facts, rows], stranger)
        return
      }
      case 11: {
        const receipt = this.receipts.at(-1 - (next() % 5))
        if (receipt !== undefined) attempt('markWrong', [f.world.factsOf(receipt.receiptId)], requester)
        return
      }
      case 12:
        attempt('closeWindow', [f.adapterId, 1 + (next() % 12)], stranger)
        return
      case 13:
        attempt('claim', [], pick([host, owner, settler, stranger, ...contributors, ...auditors]))
        return
      case 14: {
        const auditor = pick(auditors)
        if (next() % 5 === 0) attempt('deregisterAuditor', [f.baseModelId], auditor)
        attempt('withdrawAuditorBond', [f.baseModelId], auditor)
        attempt('registerAuditor', [f.baseModelId], auditor, BigInt(10 + (next() % 5)) * OPEN)
        return
      }
      case 15:
        if (next() % 3 === 0) attempt('deregisterHost', [], host)
        attempt('withdrawHostBond', [], host)
        attempt('registerHost', [hostSigner.address, 'https://h'], host, BigInt(5 + (next() % 50)) * OPEN)
        attempt('addHostBond', [], host, BigInt(next()))
        return
      case 16:
        this.#contribute(next)
        return
      case 17:
        this.#draft(next)
        return
      case 18:
        this.#challenge(next)
        return
      case 19:
        this.#judge(next)
        return
      case 20:
        this.#endAdapters(next)
        return
      case 21:
        this.datanets.step(pick(datanetSteps), next())
        return
      // receipts, and challenges of rows, from their beginning to their end, each step as incomplete as alone
      case 22:
        for (const one of [3, 5, 6, 7, 8]) this.step(one, next())
        f.chain.advance(f.world.parameters.challengeWindowBlocks + f.world.parameters.auditRevealBlocks)
        this.step(9, next())
        return
      case 23:
        for (const one of [17, 18]) this.step(one, next())
        f.chain.advance()
        this.step(19, next())
        f.chain.advance(f.world.parameters.rowAuditCommitBlocks + 1)
        this.step(19, next())
        f.chain.advance(f.world.parameters.auditRevealBlocks + 1)
        this.step(19, next())
        return
      case 24:
        attempt('closeWindows', [this.adapterIds.slice(next() % 2), 1 + (next() % 12)], stranger)
        return
      case 25: {
        const places = Array.from({ length: 1 + (next() % 6) }, () => next() % 6)
        attempt('claimRemainder', [f.datanetId, 1, places], stranger)
        return
      }
      case 26:
        this.#tombstone(next)
        return
      case 27: {
        const [values] = f.attribution.read('governed', [])
        const moved = next() % 1500
        const changes = {
          contributorsBps: 3000 + moved,
          ownerBps: 3000 - moved,
          settlerCapBps: next() % 2000,
          finalizerCapBps: next() % 6000,
          auditorPayBps: next() % 6000,
          closerCapBps: next() % 1000,
          hostSlashBps: next() % 10_001,
          windowReceipts: 1 + (next() % 6),
        }
        attempt('setGoverned', [{ ...values, ...changes }], council)
        return
      }
      default:
        f.chain.fund(f.attribution.address, 0n)
        attempt('sweepSurplus', [], stranger)
    }
  }

  statusOf(receipt: MadeReceipt): number {
    const outcome = this.f.attribution.try('getReceipt', [receipt.receiptId], { from: stranger.address })
    return outcome.ok ? outcome.value.status : 0
  }

  /** Now and then, or no member would be left that earns. */
  #tombstone(next: () => number): void {
    const { world, datanetId } = this.f
    if (next() % 3 > 0) return
    const member = world.datanets.read('versionMembers', [datanetId, 1, next() % 6, 1])[0]
    if (member === undefined) return
    const from = member.contributor.toLowerCase() as Address
    world.datanets.try('tombstone', [member.contributionId], { from })
  }

  #commitAll(receipt: MadeReceipt, next: () => number): void {
    if (this.statusOf(receipt) !== 2 || this.verdicts.has(receipt.receiptId)) return
    const verdict = [1, 1, 2, 4][next() % 4]!
    this.verdicts.set(receipt.receiptId, verdict)
    for (const auditor of this.f.committee(receipt)) {
      if (next() % 12 === 0) continue
      const commitment = this.f.commitmentOf(auditor, [receipt.receiptId], [verdict], [testHash('d')])
      this.f.attribution.try('commitAudit', [[receipt.receiptId], commitment], { from: auditor.address })
    }
    if (next() % 3 > 0) this.#revealAll(receipt)
  }

  #revealAll(receipt: MadeReceipt): void {
    const verdict = this.verdicts.get(receipt.receiptId)
    if (verdict === undefined || this.statusOf(receipt) !== 2) return
    const args = [[receipt.receiptId], [verdict], [testHash('d')], testHash('audit salt')]
    for (const auditor of this.f.committee(receipt)) {
      this.f.attribution.try('revealAudit', args, { from: auditor.address })
    }
  }

  #contribute(next: () => number): void {
    const { world, datanetId } = this.f
    this.#contributions += 1
    const by = contributors[next() % 3]!
    const base = contribution(2000 + this.#contributions, by)
    const spec =
      next() % 2 === 0 ? base : { ...base, minhash: nearMinhash(contribution(0, by).minhash, next() % 40) }
    const id = world.commit(datanetId, spec)
    if (next() % 4 !== 0) {
      world.chain.advance(2)
      world.reveal(id, spec)
    }
    world.datanets.try('settleOrder', [datanetId, 8], { from: stranger.address })
    world.datanets.try('resolve', [[id]], { from: stranger.address })
    world.datanets.try('claim', [], { from: by.address })
  }

  /** Another adapter, or the next version of one; most are published at once. */
  #draft(next: () => number): void {
    const { f } = this
    const { adapters } = f.world
    const from = { from: owner.address, valueWei: BigInt(next() % 3) * OPEN }
    const datanets = [{ datanetId: f.datanetId, version: 1 }]
    const known = this.adapterIds[next() % this.adapterIds.length]!
    let adapterId = known
    if (this.adapterIds.length < 5 && next() % 2 === 0) {
      const created = adapters.try('createAdapter', [f.world.draft(f.baseModelId, datanets)], from)
      if (!created.ok) return
      adapterId = created.value
      this.adapterIds.push(adapterId)
    } else if (!adapters.try('newVersion', [known, f.world.versionDraft(datanets)], from).ok) return
    if (next() % 5 === 0) adapters.try('dropDraft', [adapterId], { from: owner.address })
    else f.world.publishRows(adapterId, owner, f.rows)
    if (next() % 4 !== 0) this.#challenge(next)
  }

  #challenge(next: () => number): void {
    const { f } = this
    const by = [stranger, application, contributors[0]][next() % 3]!
    const row = next() % 3 === 0 ? 2 ** 32 - 1 : next() % 8
    const valueWei = next() % 9 === 0 ? OPEN : f.world.parameters.rowChallengeBondWei
    for (const adapterId of this.adapterIds.slice(next() % 2)) {
      f.world.adapters.try('challengeRows', [adapterId, row, ''], { from: by.address, valueWei })
    }
  }

  /** Draws committees, and takes their verdicts as far as they have come. */
  #judge(next: () => number): void {
    const { f } = this
    const { adapters } = f.world
    for (const adapterId of this.adapterIds) {
      adapters.try('drawRowAudit', [adapterId], { from: stranger.address })
      const found = adapters.try('getRowChallenge', [adapterId], { from: stranger.address })
      if (!found.ok || found.value.status !== 2) continue
      const { challengeId, committee } = found.value
      const agreed = [1, 1, 2, 4][next() % 4]!
      const seats = committee.flatMap((address) => {
        const auditor = auditors.find((one) => one.address === address.toLowerCase())
        const verdict = next() % 4 === 0 ? 1 + (next() % 2) : agreed
        return auditor === undefined || next() % 6 === 0 ? [] : [{ auditor, verdict }]
      })
      if (!this.rowVerdicts.has(challengeId)) {
        this.rowVerdicts.set(challengeId, seats)
        for (const { auditor, verdict } of seats) {
          const args = [[adapterId], rowCommitmentOf(auditor, [adapterId], [verdict])]
          adapters.try('commitRowAudit', args, { from: auditor.address })
        }
      }
      for (const seat of this.rowVerdicts.get(challengeId) ?? []) {
        const args = [[adapterId], [seat.verdict], ROW_SALT]
        adapters.try('revealRowAudit', args, { from: seat.auditor.address })
      }
      adapters.try('resolveRowChallenge', [adapterId], { from: stranger.address })
    }
  }

  /** Ends adapters other than the one that answers, and lets everybody claim. */
  #endAdapters(next: () => number): void {
    const { adapters } = this.f.world
    for (const adapterId of this.adapterIds.slice(1)) {
      if (next() % 6 === 0) adapters.try('deprecate', [adapterId], { from: owner.address })
      adapters.try('releaseBond', [adapterId], { from: stranger.address })
      adapters.try('topUpBond', [adapterId], { from: stranger.address, valueWei: BigInt(next()) })
    }
    this.#transfer(next)
    for (const { address } of [owner, stranger, application, ...contributors, ...auditors]) {
      if (next() % 2 === 0) adapters.try('claim', [], { from: address })
    }
  }

  /** Gives an adapter from its owner to a stranger and back. */
  #transfer(next: () => number): void {
    const { adapters } = this.f.world
    const adapterId = this.adapterIds[next() % this.adapterIds.length]!
    const [from, to] = next() % 2 === 0 ? [owner, stranger] : [stranger, owner]
    adapters.try('transferAdapter', [adapterId, to.address], { from: from.address })
    adapters.try('acceptAdapter', [adapterId], { from: to.address })
  }

  /** What must hold after every step: nothing is made or lost, and each account holds what its books say. */
  checkBalances(): void {
    expect(supplyOf(this.f.chain)).toBe(this.totalWei)
    for (const contract of this.#books()) checkBalance(contract)
  }

  /** And what the books are made of, item by item. */
  check(): void {
    for (const contract of this.#books()) checkCredits(contract)
    this.#checkBuckets()
    this.#checkAdapterBonds()
    this.datanets.check()
  }

  /** Bonds of adapters and of challenges that are open. */
  #checkAdapterBonds(): void {
    const { adapters } = this.f.world
    let bondsWei = 0n
    for (const adapterId of this.adapterIds) {
      bondsWei += adapters.read('getAdapter', [adapterId]).bondWei
      const found = adapters.try('getRowChallenge', [adapterId], { from: stranger.address })
      if (found.ok && found.value.status <= 2) bondsWei += found.value.bondWei
    }
    expect(adapters.read('totals').bondsWei).toBe(bondsWei)
  }

  #books(): readonly Books[] {
    const { datanets, adapters, attribution } = this.f.world
    return [datanets, adapters, attribution].map((contract) => contract as unknown as Books)
  }

  #checkBuckets(): void {
    const { attribution, adapterId } = this.f
    const totals = attribution.read('totals')
    const deposits = [ZERO_ADDRESS, host.address].map(
      (forHost) => attribution.read('depositOf', [requester.address, forHost]).balanceWei,
    )
    expect(deposits[0]! + deposits[1]!).toBe(totals.depositsWei)
    const open = this.receipts.filter((receipt) => [1, 2].includes(this.statusOf(receipt)))
    const fees = open.map((receipt) => attribution.read('getReceipt', [receipt.receiptId]).feeWei)
    const pending = open.map(
      (receipt, n) => fees[n]! - (this.f.world.factsOf(receipt.receiptId).settlerWei as bigint),
    )
    expect(pending.reduce((a, b) => a + b, 0n)).toBe(totals.pendingWei)
    expect(attribution.read('hostInfo', [host.address]).openFeesWei).toBe(fees.reduce((a, b) => a + b, 0n))
    const [newest, closed] = attribution.read('windowsOf', [adapterId])
    const waiting = Array.from({ length: Number(newest - closed) }, (_, n) =>
      attribution.read('getWindow', [adapterId, closed + 1n + BigInt(n)]),
    )
    let remaindersWei = 0n
    for (const { name, args } of attribution.history()) {
      if (name === 'RemainderAdded') remaindersWei += args.amountWei as bigint
      if (name === 'RemainderPaid') remaindersWei -= args.amountWei as bigint
    }
    expect(remaindersWei >= 0n).toBe(true)
    // a window that is being paid has given out a part already
    if (waiting.every((window) => window.state === 1)) {
      expect(waiting.reduce((sum, window) => sum + window.potWei, remaindersWei)).toBe(totals.potsWei)
    }
  }
}

describe('money', () => {
  it('of Datanets is neither lost nor made by any sequence of steps', { timeout: 60_000 }, () => {
    // what moves contributions on comes more often, so that decisions, challenges and releases are reached
    const often = ['commit', 'commit', 'round', 'challenge', 'release'] as const
    const kind = fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(...datanetSteps) },
      { weight: 3, arbitrary: fc.constantFrom(...often) },
    )
    const steps = fc.array(fc.tuple(kind, fc.nat()), { minLength: 90, maxLength: 120 })
    const seen = new Map<string, number>()
    const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1)
    fc.assert(
      fc.property(steps, (list) => {
        const world = new World({ ...testParameters, contributionChallengeBlocks: 12 })
        const life = new DatanetLife(world)
        const contract = world.datanets as unknown as Books
        const totalWei = supplyOf(world.chain)
        const check = () => {
          checkCredits(contract)
          life.check()
        }
        list.forEach(([step, seed], n) => {
          life.step(step, seed)
          expect(supplyOf(world.chain)).toBe(totalWei)
          checkBalance(contract)
          if (n % 10 === 0) check()
        })
        check()
        for (const { name, args } of world.datanets.history()) {
          if (name === 'Credited') count(`credit ${args.reason}`)
          if (name === 'ContributionResolved') count(`round ${args.round} to ${args.status}`)
          if (name === 'KnownAnswerRevealed' || name === 'ContributionReleased') count(name)
        }
      }),
      { numRuns: RUNS ?? 6, seed: SEED },
    )
    // the sequences must reach what they are about
    if (!isUsual) return
    const reasons = [1, 2, 3, 5, 6, 7, 8, 9, 10].map((reason) => `credit ${reason}`)
    const rounds = ['1 to 4', '1 to 5', '1 to 6', '1 to 10', '2 to 4', '3 to 4'].map(
      (round) => `round ${round}`,
    )
    for (const what of [...reasons, ...rounds, 'KnownAnswerRevealed', 'ContributionReleased']) {
      expect([what, seen.get(what) ?? 0]).toEqual([what, expect.toSatisfy((times: number) => times > 0)])
    }
  })

  it('is neither lost nor made by any sequence of steps', { timeout: 60_000 }, () => {
    // settling, time, audits and finalisation come more often, so that windows are reached and closed
    const kind = fc.oneof(
      { weight: 2, arbitrary: fc.nat(28) },
      {
        weight: 4,
        arbitrary: fc.constantFrom(3, 5, 5, 6, 7, 8, 9, 10, 12, 12, 17, 19, 22, 22, 23, 23, 24, 25),
      },
    )
    const steps = fc.array(fc.tuple(kind, fc.nat()), { minLength: 50, maxLength: 90 })
    let finals = 0
    let closes = 0
    let slashes = 0
    let votes = 0
    const windows = new Map<string, number>()
    const challenges: unknown[] = []
    fc.assert(
      fc.property(steps, (list) => {
        const life = new Life(list[0]?.[1] ?? 0)
        list.forEach(([kind, seed], n) => {
          life.step(kind, seed)
          life.checkBalances()
          if (n % 4 === 0) life.check()
        })
        life.check()
        const names = life.f.attribution.history().map((event) => event.name)
        finals += names.filter((name) => name === 'ReceiptFinalized').length
        closes += names.filter((name) => name === 'WindowClosed').length
        slashes += names.filter((name) => name === 'HostSlashed').length
        votes += names.filter((name) => name === 'GovernedSet').length
        for (const name of names) {
          if (name === 'RemainderAdded' || name === 'RemainderPaid') {
            windows.set(name, (windows.get(name) ?? 0) + 1)
          }
        }
        for (const { name, args } of life.f.world.adapters.history()) {
          if (name === 'RowChallengeEnded') challenges.push(args.status)
        }
      }),
      { numRuns: RUNS ?? 18, seed: SEED },
    )
    // the sequences must reach what they are about
    if (!isUsual) return
    expect(finals).toBeGreaterThan(20)
    expect(closes).toBeGreaterThan(2)
    expect(slashes).toBeGreaterThan(2)
    expect(votes).toBeGreaterThan(2)
    for (const name of ['RemainderAdded', 'RemainderPaid']) {
      expect([name, windows.get(name) ?? 0]).toEqual([name, expect.toSatisfy((times: number) => times > 2)])
    }
    // rows found right, refuted, and undecided
    for (const status of [3, 4, 5]) {
      expect(challenges.filter((ended) => ended === status).length).toBeGreaterThan(2)
    }
  })
})
