import { formatEther } from 'viem'
import type { Contribution } from './datanet.ts'
import type { Asked } from './inference.ts'
import { checkWindow, type EarningsLedger } from './ledger.ts'
import type { PublishedAdapter } from './publishing.ts'
import { scoreQuery } from './recompute.ts'
import { type Reporter, table } from './reporter.ts'

export interface Outcome {
  readonly datanetId: bigint
  readonly version: { readonly version: number; readonly memberCount: number }
  readonly published: PublishedAdapter
  /** In the order of the rows. */
  readonly contributions: readonly Contribution[]
  readonly asked: readonly Asked[]
  readonly k: number
}

const sum = (values: Iterable<bigint>) => [...values].reduce((total, value) => total + value, 0n)
const milli = (wei: bigint) => (Number(wei) / 1e15).toFixed(3)

/** Prints the tables; returns what does not hold. */
export async function checkEarnings(
  ledger: EarningsLedger,
  outcome: Outcome,
  reporter: Reporter,
): Promise<string[]> {
  const problems: string[] = []
  const settled = await ledger.settled()
  const feesWei = sum(settled.map(({ feeWei }) => feeWei))
  const paid = await ledger.paid()
  const paidWei = sum(paid.values())
  const perContribution = await ledger.perContribution()

  reporter.say(contributorTable(outcome, perContribution))
  const parts = [...paid].sort(([, a], [, b]) => (a > b ? -1 : 1))
  reporter.say(
    `\n${table(
      ['part of the fees', 'mOPEN', 'share'],
      [...parts, ['all', paidWei] as const].map(([name, wei]) => [name, milli(wei), percent(wei, feesWei)]),
    )}`,
  )
  reporter.say(`fees paid: ${formatEther(feesWei)} OPEN for ${settled.length} inferences`)
  reporter.fact('feesWei', feesWei)
  reporter.fact('paid', Object.fromEntries(parts))

  if (settled.length !== outcome.asked.length) problems.push('every inference is settled once')
  if (paidWei !== feesWei) problems.push(`credits and dust (${paidWei}) equal the fees paid (${feesWei})`)
  if ((await ledger.surplusWei()) !== 0n) problems.push('the contract holds exactly what it owes')
  problems.push(...(await recomputeWindows(ledger, outcome, settled, reporter)))

  const earned = earningsByKind(outcome, perContribution)
  const honest = earned.get('honest') ?? 0
  for (const kind of ['flipper', 'copier']) {
    if (honest <= (earned.get(kind) ?? 0))
      problems.push(`honest accounts earn more per record than the ${kind}`)
  }
  reporter.fact('weiPerRecord', Object.fromEntries(earned))
  return problems
}

async function recomputeWindows(
  ledger: EarningsLedger,
  { datanetId, version, contributions, asked, k }: Outcome,
  settled: Awaited<ReturnType<EarningsLedger['settled']>>,
  reporter: Reporter,
): Promise<string[]> {
  const problems: string[] = []
  const rows = await ledger.rows(k, contributions.length)
  const members = await ledger.members(datanetId, version.version)
  const rowOf = new Map(asked.map(({ answer }) => [answer.receiptId, answer.queryRow]))
  for (const windowIndex of new Set(settled.map((one) => one.windowIndex))) {
    const queries = settled
      .filter((one) => one.windowIndex === windowIndex)
      .map(({ receiptId, weight }) => ({ queryRow: rowOf.get(receiptId) ?? '0x', weight }))
    const check = checkWindow(windowIndex, await ledger.window(windowIndex), { rows, members, queries, k })
    reporter.say(
      `window ${windowIndex}, ${check.receipts} receipts, computed again from the committed rows: ` +
        `scores ${check.scoresAgree ? 'equal' : 'DIFFER'}, pay ${check.sharesAgree ? 'equal' : 'DIFFERS'}`,
    )
    if (!check.scoresAgree || !check.sharesAgree) problems.push(`window ${windowIndex} is what the rows say`)
  }
  return problems
}

/** What the receipts cost in transactions, for those who settle, audit and close. */
export async function showCosts(ledger: EarningsLedger, receipts: number, reporter: Reporter): Promise<void> {
  const costs = await ledger.costs()
  const perReceipt = (total: bigint) => total / BigInt(receipts)
  const gas = sum(costs.map((cost) => cost.gas))
  const feesWei = sum(costs.map((cost) => cost.feesWei))
  const row = (name: string, transactions: number, methodGas: bigint, methodFeesWei: bigint) => [
    name,
    String(transactions),
    String(perReceipt(methodGas)),
    milli(perReceipt(methodFeesWei)),
  ]
  const transactions = costs.reduce((total, cost) => total + cost.transactions, 0)
  reporter.say(
    `\n${table(
      ['method', 'transactions', 'gas a receipt', 'mOPEN a receipt'],
      [
        ...costs.map((cost) => row(cost.method, cost.transactions, cost.gas, cost.feesWei)),
        row('all', transactions, gas, feesWei),
      ],
    )}`,
  )
  reporter.fact('costs', { receipts, gas, feesWei, methods: costs })
}

interface AccountEarnings {
  readonly kind: string
  contributions: number
  records: number
  wei: bigint
}

function earningsByAccount(outcome: Outcome, perContribution: ReadonlyMap<bigint, bigint>) {
  const accounts = new Map<string, AccountEarnings>()
  for (const { accountName, kind, id, facts } of outcome.contributions) {
    const account = accounts.get(accountName) ?? { kind, contributions: 0, records: 0, wei: 0n }
    account.contributions += 1
    account.records += facts.recordCount
    account.wei += perContribution.get(id) ?? 0n
    accounts.set(accountName, account)
  }
  return accounts
}

/** Wei per record of the accounts of each kind together. */
function earningsByKind(outcome: Outcome, perContribution: ReadonlyMap<bigint, bigint>): Map<string, number> {
  const totals = new Map<string, { records: number; wei: bigint }>()
  for (const { kind, records, wei } of earningsByAccount(outcome, perContribution).values()) {
    const total = totals.get(kind) ?? { records: 0, wei: 0n }
    totals.set(kind, { records: total.records + records, wei: total.wei + wei })
  }
  return new Map([...totals].map(([kind, { records, wei }]) => [kind, Number(wei) / records]))
}

function contributorTable(outcome: Outcome, perContribution: ReadonlyMap<bigint, bigint>): string {
  const accounts = [...earningsByAccount(outcome, perContribution)].sort(([a], [b]) => (a < b ? -1 : 1))
  const totalWei = sum(accounts.map(([, { wei }]) => wei))
  return table(
    ['contributor', 'contributions', 'records', 'share of the score', 'mOPEN', 'mOPEN a record'],
    accounts.map(([name, { contributions, records, wei }]) => [
      name,
      String(contributions),
      String(records),
      percent(wei, totalWei),
      milli(wei),
      (Number(wei) / records / 1e15).toFixed(4),
    ]),
  )
}

function percent(part: bigint, whole: bigint): string {
  return whole === 0n ? '–' : `${(Number((part * 1_000_000n) / whole) / 10_000).toFixed(2)} %`
}

const SHOWN = 3
const TEXT_SHOWN = 100

/**
 * One receipt whole: the question, the answer, and the contributions that spoke for and against it. Returns what does
 * not hold.
 */
export async function showReceipt(
  ledger: EarningsLedger,
  outcome: Outcome,
  reporter: Reporter,
): Promise<string[]> {
  const { asked, contributions, k } = outcome
  const [first] = asked
  const settled = (await ledger.settled()).find(({ receiptId }) => receiptId === first?.answer.receiptId)
  if (first === undefined || settled === undefined) throw new Error('there is no receipt to show')
  const { answer, record } = first
  const scores = await ledger.scoresOf(settled, answer.queryRow, contributions.length)
  const again = scoreQuery(answer.queryRow, await ledger.rows(k, contributions.length))
  const isEqual = scores.length === again.length && scores.every((score, row) => score === again[row])
  const ranked = scores.map((score, row) => ({ score, row })).sort((a, b) => (a.score > b.score ? -1 : 1))
  const describe = ({ score, row }: { score: bigint; row: number }) => {
    const contribution = contributions[row]
    const text = contribution?.records[0]?.text ?? ''
    return [
      `  #${contribution?.id} ${contribution?.accountName}`,
      (Number(score) / 1e9).toFixed(1),
      `${contribution?.records[0]?.label}: ${text.slice(0, TEXT_SHOWN)}…`,
    ] as const
  }
  const lines = [...ranked.slice(0, SHOWN), ...ranked.slice(-SHOWN)].map(describe)
  const width = Math.max(...lines.map(([name]) => name.length))
  const show = ([name, score, text]: readonly [string, string, string]) =>
    `${name.padEnd(width)} ${score.padStart(10)}  ${text}`
  reporter.say(
    [
      '',
      `One receipt, ${answer.receiptId}`,
      `asked: ${record.text.slice(0, 2 * TEXT_SHOWN)}`,
      `answered: ${answer.predictions[0]?.label} (${((answer.predictions[0]?.score ?? 0) * 100).toFixed(1)} %), labelled: ${record.label}`,
      `fee ${formatEther(answer.feeWei)} OPEN; could read the input: ${answer.readers.join(', ')}`,
      'contributions for the answer (score, first record):',
      ...lines.slice(0, SHOWN).map(show),
      'against it:',
      ...lines.slice(SHOWN).map(show),
      `the chain’s view of these scores and their recomputation: ${isEqual ? 'equal' : 'DIFFERENT'}`,
    ].join('\n'),
  )
  return isEqual ? [] : ['the chain’s scores of a receipt are those of the committed rows']
}
