/**
 * What an audit, its challenge and its appeal come to, written a second time from the words of the interface and with
 * nothing of the precompile: exact fractions instead of its helpers, one account after the other.
 */
export interface Case {
  readonly feeWei: bigint
  readonly settlerWei: bigint
  readonly finalizerWei: bigint
  readonly hostBondWei: bigint
  /** By seat; digests are all the same. */
  readonly seats: readonly { readonly who: string; readonly bondWei: bigint; readonly verdict: number }[]
  /** Undefined where there was no appeal. */
  readonly votes:
    | readonly { readonly who: string; readonly bondWei: bigint; readonly verdict: number }[]
    | undefined
  readonly challengeBondWei: bigint
  readonly appealBondWei: bigint
  readonly bps: {
    readonly contributors: number
    readonly owner: number
    readonly host: number
    readonly stakers: number
    readonly auditorPay: number
    readonly miss: number
    readonly slash: number
    readonly finalizerCap: number
    readonly hostSlash: number
  }
  readonly hostBondMultiple: bigint
}

export interface Result {
  readonly status: 4 | 5 | 6
  /** By who: an auditor, or one of the roles. */
  readonly credits: ReadonlyMap<string, bigint>
  readonly auditorBonds: ReadonlyMap<string, bigint>
  readonly hostBondWei: bigint
  readonly refundWei: bigint
  readonly potWei: bigint
}

const against = [2, 3, 4]

export function resultOf(c: Case): Result {
  const credits = new Map<string, bigint>()
  const give = (who: string, wei: bigint) => {
    if (wei > 0n) credits.set(who, (credits.get(who) ?? 0n) + wei)
  }
  const part = (wei: bigint, share: number) => (wei * BigInt(share)) / 10_000n

  // who wins
  const seatsFor = c.seats.filter((seat) => seat.verdict === 1).length
  const seatsAgainst = c.seats.filter((seat) => against.includes(seat.verdict)).length
  let committee = 6
  if (seatsFor > c.seats.length / 2) committee = 4
  if (seatsAgainst > c.seats.length / 2) committee = 5
  let status = committee
  if (c.votes !== undefined) {
    let total = 0n
    let good = 0n
    let bad = 0n
    for (const { bondWei, verdict } of c.votes) {
      total += bondWei
      if (verdict === 1) good += bondWei
      if (against.includes(verdict)) bad += bondWei
    }
    status = 6
    if (3n * good > 2n * total) status = 4
    if (3n * bad > 2n * total) status = 5
  }
  const wins = (verdict: number) =>
    (status === 4 && verdict === 1) || (status === 5 && against.includes(verdict))

  // seats lose
  const auditorBonds = new Map(c.seats.map(({ who, bondWei }) => [who, bondWei]))
  for (const { who, bondWei, verdict } of c.seats) {
    let loss = 0n
    if (verdict === 0) loss = part(bondWei, c.bps.miss)
    else if (verdict !== 5 && c.votes !== undefined && status !== 6 && !wins(verdict))
      loss = part(bondWei, c.bps.slash)
    auditorBonds.set(who, bondWei - loss)
    give('treasury', loss)
  }

  // who is paid for auditing: those with the same digest are all seats that win
  const paid: string[] = []
  for (const { who, verdict } of [...c.seats, ...(c.votes ?? [])]) {
    if (wins(verdict) && !paid.includes(who) && paid.length < 64) paid.push(who)
  }
  const payAuditors = (fund: bigint): bigint => {
    if (paid.length === 0) return 0n
    const each = part(fund, c.bps.auditorPay) / BigInt(paid.length)
    for (const who of paid) give(who, each)
    return each * BigInt(paid.length)
  }
  const payFinalizer = (fund: bigint): bigint => {
    const cap = part(fund, c.bps.finalizerCap)
    const wei = c.finalizerWei < cap ? c.finalizerWei : cap
    give('finalizer', wei)
    return wei
  }

  // the appellant's bond
  if (c.appealBondWei > 0n) {
    if (committee === 6 || committee !== status) give('appellant', c.appealBondWei)
    else {
      const voters = (c.votes ?? []).filter(({ verdict }) => wins(verdict))
      const each = c.appealBondWei / 2n / BigInt(voters.length)
      for (const { who } of voters) give(who, each)
      give('treasury', c.appealBondWei - each * BigInt(voters.length))
    }
  }

  const net = c.feeWei - c.settlerWei
  if (status === 4) {
    const pot = part(net, c.bps.contributors)
    const owner = part(net, c.bps.owner)
    const host = part(net, c.bps.host)
    const stakers = part(net, c.bps.stakers)
    give('owner', owner)
    give('host', host)
    give('stakers', stakers)
    const fund = net - pot - owner - host - stakers
    const audits = payAuditors(fund)
    give('treasury', fund - audits - payFinalizer(fund))
    const each = paid.length === 0 ? 0n : c.challengeBondWei / 2n / BigInt(paid.length)
    for (const who of paid) give(who, each)
    give('host', c.challengeBondWei - each * BigInt(paid.length))
    return { status, credits, auditorBonds, hostBondWei: c.hostBondWei, refundWei: 0n, potWei: pot }
  }
  give('challenger', c.challengeBondWei)
  if (status === 6) {
    return { status, credits, auditorBonds, hostBondWei: c.hostBondWei, refundWei: net, potWei: 0n }
  }
  const behind = part(c.feeWei * c.hostBondMultiple, c.bps.hostSlash)
  const slashed = behind < c.hostBondWei ? behind : c.hostBondWei
  const back = c.settlerWei < slashed ? c.settlerWei : slashed
  let left = slashed - back
  if (c.challengeBondWei > 0n) {
    const quarter = slashed / 4n < left ? slashed / 4n : left
    give('challenger', quarter)
    left -= quarter
  }
  const audits = payAuditors(left)
  give('treasury', left - audits - payFinalizer(left))
  return {
    status: 5,
    credits,
    auditorBonds,
    hostBondWei: c.hostBondWei - slashed,
    refundWei: net + back,
    potWei: 0n,
  }
}
