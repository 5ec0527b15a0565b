import { expect } from 'vitest'
import { type Address, ZERO_ADDRESS } from '../../../../src/primitives/hex.ts'
import {
  type Account,
  account,
  contribution,
  type MadeReceipt,
  nearMinhash,
  numbers,
  OPEN,
  testHash,
} from '../../../support/precompileWorld.ts'
import { SALT as ROW_SALT, commitmentOf as rowCommitmentOf } from '../adapter/fixture.ts'
import { DatanetLife, datanetSteps } from '../datanet/life.ts'
import { AppealLife } from '../proofOfAttribution/appealLife.ts'
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
} from '../proofOfAttribution/fixture.ts'
import { type Books, checkBalance, checkCredits, supplyOf } from './books.ts'

const council = account(33)

/** Kinds of steps: 0 up to this. */
export const LAST_STEP = 29

const int8At = (row: Uint8Array, index: number) => new DataView(row.buffer, row.byteOffset).getInt8(4 + index)

/** One random life of the whole system: every step is tried, many are refused, and none may lose or make a wei. */
export class SystemLife {
  readonly f = new Fixture({ parameters: { auditRateBps: 6000, governanceAddress: council.address } })
  readonly receipts: MadeReceipt[] = []
  /** Of each seat that has committed, by receipt. */
  readonly verdicts = new Map<string, ReadonlyMap<Account, number>>()
  readonly appeals = new AppealLife(this.f, this.receipts)
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
    // else the first silence ends their service, and nobody is there for appeals
    for (const { address } of auditors.slice(1)) {
      const options = { from: address, valueWei: 90n * OPEN }
      this.f.attribution.send('addAuditorBond', [this.f.baseModelId], options)
    }
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
            auditClass: [0, 0, 0, 0, 1, 2, 2, 2][next() % 8]!,
            ...(this.#isUnearned && { queryRow: this.#against }),
            ...(next() % 6 === 0 && { signer: stranger }),
          }),
        )
        const again = next() % 3 === 0 ? this.receipts.slice(-1) : []
        attempt('settle', [[...batch, ...again].map((receipt) => receipt.signed), 0n], settler)
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
        this.#judgeReceipts(next)
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
      case 27:
        this.#govern(next)
        return
      case 28:
        this.appeals.step(next)
        return
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

  #govern(next: () => number): void {
    const { attribution } = this.f
    const [values] = attribution.read('governed', [])
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
    attribution.try('setGoverned', [{ ...values, ...changes }], { from: council.address })
  }

  #judgeReceipts(next: () => number): void {
    const { attribution, chain, world } = this.f
    this.step(3, next())
    if (next() % 2 === 0) this.appeals.challenge(next)
    chain.advance(1 + (next() % 2))
    const newest = this.receipts.slice(-6)
    const ids = newest.map((receipt) => receipt.receiptId)
    attribution.try('drawAudits', [ids], { from: stranger.address })
    for (const receipt of newest) if (next() % 5 > 0) this.#commitAll(receipt, next)
    chain.advance(next() % 2 === 0 ? 0 : world.parameters.auditCommitBlocks + 1)
    for (const receipt of newest) this.#revealAll(receipt)
    if (next() % 3 > 0) this.appeals.whole(next)
    chain.advance(world.parameters.challengeWindowBlocks)
    this.step(9, next())
  }

  #commitAll(receipt: MadeReceipt, next: () => number): void {
    if (this.statusOf(receipt) !== 2 || this.verdicts.has(receipt.receiptId)) return
    const agreed = [1, 1, 2, 4][next() % 4]!
    const verdicts = new Map<Account, number>()
    this.verdicts.set(receipt.receiptId, verdicts)
    for (const auditor of this.f.committee(receipt)) {
      if (next() % 12 === 0) continue
      const verdict = next() % 8 === 0 ? 1 + (next() % 5) : agreed
      verdicts.set(auditor, verdict)
      const commitment = this.f.commitmentOf(auditor, [receipt.receiptId], [verdict], [testHash('d')])
      this.f.attribution.try('commitAudit', [[receipt.receiptId], commitment], { from: auditor.address })
    }
    if (next() % 3 > 0) this.#revealAll(receipt)
  }

  #revealAll(receipt: MadeReceipt): void {
    const verdicts = this.verdicts.get(receipt.receiptId)
    if (verdicts === undefined || this.statusOf(receipt) !== 2) return
    for (const [auditor, verdict] of verdicts) {
      const args = [[receipt.receiptId], [verdict], [testHash('d')], testHash('audit salt')]
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
    const open = this.receipts.filter((receipt) => [1, 2, 3].includes(this.statusOf(receipt)))
    const fees = open.map((receipt) => attribution.read('getReceipt', [receipt.receiptId]).feeWei)
    const pending = open.map(
      (receipt, n) => fees[n]! - (this.f.world.factsOf(receipt.receiptId).settlerWei as bigint),
    )
    expect(pending.reduce((a, b) => a + b, 0n)).toBe(totals.pendingWei)
    expect(attribution.read('hostInfo', [host.address]).openFeesWei).toBe(fees.reduce((a, b) => a + b, 0n))
    const hostBondWei = attribution.read('hostInfo', [host.address]).bondWei
    expect(hostBondWei + this.appeals.bondsWei()).toBe(totals.bondsWei)
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
