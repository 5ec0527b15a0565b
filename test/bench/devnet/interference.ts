// Block intervals of a devnet while one thing after the other is asked of its validators without a pause:
//   ./scripts/bench interference [--validators 4] [--seconds 60] [--only loops,calls] [--json FILE]
// loops      a transaction that takes 15 M gas of a loop, two for each block, so that every block is full
// calls      eth_call of a loop of 5 M gas, over some connections to each validator
// logs       eth_getLogs over the whole chain, the same way
// transfers  transfers into every validator, which gossip brings to the others
// Beside them: how long the first validator takes to say its chain's id, which needs its main thread and nothing else.
// The load comes from this machine too. Ratios to the idle intervals of the same run are what to look at.
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import type { Hex } from 'viem'
import { RunningDevnet } from '../../e2e/support/devnet.ts'
import { type Intervals, intervalsOf, quantile, watchHeads } from './heads.ts'

const { values } = parseArgs({
  options: {
    validators: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '60' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
})
const seconds = Number(values.seconds)
const CONNECTIONS_EACH = 4
const GWEI = 10n ** 9n
/** JUMPDEST PUSH1 0 JUMP: as init code it takes all gas of its transaction. */
const LOOP: Hex = '0x5b600056'
const say = (text: string) => process.stdout.write(`${text}\n`)
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

interface Load {
  /** Puts work in until `signal`; resolves with how much there was of it. */
  run(signal: AbortSignal): Promise<string>
}

interface Outcome extends Intervals {
  readonly name: string
  readonly p50Ratio: number
  readonly p99Ratio: number
  readonly gasPerBlock: number
  readonly answerP50Ms: number
  readonly answerP99Ms: number
  readonly work: string
  readonly load: number
}

async function ask(url: string, method: string, params: unknown[], signal: AbortSignal): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body, signal })
  const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } }
  if (error !== undefined) throw new Error(error.message)
  return result
}

/** The same request over and over, to all validators. */
function flood(devnet: RunningDevnet, method: string, params: () => unknown[]): Load {
  return {
    run: async (signal) => {
      const answers = new Map<string, number>()
      const connection = async (url: string) => {
        while (!signal.aborted) {
          const outcome = await ask(url, method, params(), signal).then(
            () => 'answered',
            (error: Error) => (signal.aborted ? 'under way' : error.message.slice(0, 40)),
          )
          answers.set(outcome, (answers.get(outcome) ?? 0) + 1)
        }
      }
      const urls = devnet.rpc.flatMap((url) => Array.from({ length: CONNECTIONS_EACH }, () => url))
      await Promise.all(urls.map(connection))
      return [...answers].map(([outcome, count]) => `${count} ${outcome}`).join(', ')
    },
  }
}

/** Transactions of one account, signed as they are sent. */
function sending(devnet: RunningDevnet, account: number, fields: object, pause: () => Promise<unknown>) {
  return async (signal: AbortSignal): Promise<number> => {
    const wallet = devnet.wallet(account)
    let nonce = await devnet
      .client(0)
      .getTransactionCount({ address: wallet.account.address, blockTag: 'pending' })
    let sent = 0
    while (!signal.aborted) {
      const raw = await wallet.signTransaction({
        ...fields,
        nonce: nonce++,
        maxFeePerGas: 1_000n * GWEI,
        maxPriorityFeePerGas: GWEI,
        type: 'eip1559',
      })
      const url = devnet.rpc[sent % devnet.rpc.length] ?? ''
      await ask(url, 'eth_sendRawTransaction', [raw], AbortSignal.timeout(60_000)).catch(() => undefined)
      sent++
      await pause()
    }
    return sent
  }
}

function loops(devnet: RunningDevnet): Load {
  const fields = { data: LOOP, gas: 15_000_000n }
  return {
    run: async (signal) => {
      // two accounts, each somewhat faster than a block a second; the pool holds the rest
      const senders = [8, 9].map((account) => sending(devnet, account, fields, () => sleep(700)))
      const sent = await Promise.all(senders.map((send) => send(signal)))
      return `${sent.reduce((sum, one) => sum + one, 0)} sent`
    },
  }
}

function transfers(devnet: RunningDevnet): Load {
  return {
    run: async (signal) => {
      const to: Hex = `0x${'42'.repeat(20)}`
      const fields = { to, value: 1n, gas: 21_000n }
      const senders = [0, 1, 2, 3, 4, 5].map((account) =>
        sending(devnet, account, fields, async () => undefined),
      )
      const sent = await Promise.all(senders.map((send) => send(signal)))
      return `${sent.reduce((sum, one) => sum + one, 0)} sent`
    },
  }
}

const idle: Load = {
  run: (signal) =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve(''), { once: true })),
}

/** Times that a question takes which only the main thread of the first validator has to do with. */
async function probe(devnet: RunningDevnet, signal: AbortSignal): Promise<number[]> {
  const times: number[] = []
  while (!signal.aborted) {
    const started = performance.now()
    await ask(devnet.rpc[0] ?? '', 'eth_chainId', [], AbortSignal.timeout(60_000)).catch(() => undefined)
    times.push(performance.now() - started)
    await sleep(50)
  }
  return times.sort((a, b) => a - b)
}

async function measure(devnet: RunningDevnet, name: string, load: Load, base?: Intervals): Promise<Outcome> {
  const last = devnet.rpc.length - 1
  const client = devnet.client(last)
  const from = await client.getBlockNumber({ cacheTime: 0 })
  const heads = watchHeads(devnet, last)
  const end = new AbortController()
  const running = load.run(end.signal)
  const answering = probe(devnet, end.signal)
  await sleep(seconds * 1000)
  end.abort()
  const [work, answers] = [await running, await answering]
  await heads.close()
  const to = await client.getBlockNumber({ cacheTime: 0 })
  let gas = 0n
  for (let height = from + 1n; height <= to; height++) {
    gas += (await client.getBlock({ blockNumber: height })).gasUsed
  }
  const intervals = intervalsOf(heads.arrivalsMs)
  const outcome: Outcome = {
    name,
    ...intervals,
    p50Ratio: intervals.p50Ms / (base ?? intervals).p50Ms,
    p99Ratio: intervals.p99Ms / (base ?? intervals).p99Ms,
    gasPerBlock: Number(gas) / Math.max(1, Number(to - from)),
    answerP50Ms: quantile(answers, 0.5),
    answerP99Ms: quantile(answers, 0.99),
    work,
    load: loadavg()[0] ?? 0,
  }
  show(outcome)
  return outcome
}

function show(outcome: Outcome): void {
  const { name, blocks, p50Ms, p99Ms, mostMs, p50Ratio, p99Ratio, gasPerBlock, work, load } = outcome
  const ms = (value: number) => `${value.toFixed(0)} ms`
  say(
    `${name.padEnd(10)} ${blocks} blocks, p50 ${ms(p50Ms)} (×${p50Ratio.toFixed(2)}), p99 ${ms(p99Ms)} ` +
      `(×${p99Ratio.toFixed(2)}), longest ${ms(mostMs)}, ${(gasPerBlock / 1e6).toFixed(1)} M gas a block, ` +
      `an answer p50 ${ms(outcome.answerP50Ms)} p99 ${ms(outcome.answerP99Ms)}, ` +
      `load ${load.toFixed(1)}${work === '' ? '' : `; ${work}`}`,
  )
}

/** Resident memory in MiB, by the kernel's word. */
function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024)
}

async function main(): Promise<void> {
  say(`Starting ${values.validators} validators and a host on ${availableParallelism()} cores …`)
  const devnet = await RunningDevnet.start(['--validators', values.validators])
  const memory = () =>
    [...devnet.rpc.keys()].map((index) => residentMiB(devnet.pidOf(`validator-${index}`))).join(', ')
  const loads: Readonly<Record<string, Load>> = {
    calls: flood(devnet, 'eth_call', () => [{ data: LOOP, gas: '0x4c4b40' }, 'latest']),
    logs: flood(devnet, 'eth_getLogs', () => [{ fromBlock: '0x0', toBlock: 'latest' }]),
    transfers: transfers(devnet),
    loops: loops(devnet),
  }
  const wanted = values.only?.split(',') ?? Object.keys(loads)
  try {
    // the first blocks pay for compiling
    await sleep(15_000)
    const base = await measure(devnet, 'idle', idle)
    say(`memory of the validators idle, MiB: ${memory()}`)
    const outcomes: Outcome[] = [base]
    for (const [name, load] of Object.entries(loads)) {
      if (!wanted.includes(name)) continue
      outcomes.push(await measure(devnet, name, load, base))
      await sleep(5_000)
    }
    say(`memory of the validators in the end, MiB: ${memory()}`)
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(outcomes, null, 2)}\n`)
  } finally {
    const started = performance.now()
    await devnet.stop()
    say(`stopped in ${(performance.now() - started).toFixed(0)} ms`)
  }
}

await main()
process.exit(0)
