// Four validators and a host as `scripts/devnet` runs them, first idle, then under transfers into one validator:
//   ./scripts/bench devnet [--seconds 60] [--transfers 20000] [--json FILE]
// The load comes from this machine too, so the figures are those of nodes that share their cores with it.
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { Hex } from 'viem'
import { RunningDevnet } from '../../e2e/support/devnet.ts'
import { type Intervals, intervalsOf, watchHeads } from './heads.ts'

const CONNECTIONS = 16
const SENDERS = 10
const GWEI = 10n ** 9n
const say = (text: string) => process.stdout.write(`${text}\n`)
const now = () => performance.now()

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    transfers: { type: 'string', default: '20000' },
    json: { type: 'string' },
  },
})
const seconds = Number(values.seconds)
const transfers = Number(values.transfers)

/** Resident memory in MiB, by the kernel's word. */
function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024)
}

function memory(devnet: RunningDevnet): Record<string, number> {
  const names = [...devnet.rpc.keys()].map((index) => `validator-${index}`).concat('host')
  return Object.fromEntries(names.map((name) => [name, residentMiB(devnet.pidOf(name))]))
}

/** Transfers of several accounts, each to an account of its own, in the order of their nonces. */
async function signTransfers(devnet: RunningDevnet): Promise<Hex[]> {
  const perSender = Math.floor(transfers / SENDERS)
  const signed: Hex[][] = []
  for (let sender = 0; sender < SENDERS; sender++) {
    const wallet = devnet.wallet(sender)
    const own: Hex[] = []
    for (let nonce = 0; nonce < perSender; nonce++) {
      const to: Hex = `0x${(0x42_0000_0000_0000n + BigInt(sender * perSender + nonce)).toString(16).padStart(40, '0')}`
      own.push(
        await wallet.signTransaction({
          to,
          value: 1n,
          nonce,
          gas: 21_000n,
          maxFeePerGas: 100n * GWEI,
          maxPriorityFeePerGas: GWEI,
          type: 'eip1559',
        }),
      )
    }
    signed.push(own)
  }
  return Array.from({ length: perSender }, (_, nonce) => signed.flatMap((own) => own[nonce] ?? [])).flat()
}

/** Sends one request each over a few connections; answers that are errors are counted by their message. */
async function send(url: string, signed: readonly Hex[]): Promise<Map<string, number>> {
  const errors = new Map<string, number>()
  const queue = signed.entries()
  const worker = async () => {
    for (const [id, raw] of queue) {
      const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'eth_sendRawTransaction', params: [raw] })
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      const { error } = (await response.json()) as { error?: { message: string } }
      if (error !== undefined) errors.set(error.message, (errors.get(error.message) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, worker))
  return errors
}

async function main(): Promise<void> {
  say(`Starting four validators and a host on ${availableParallelism()} cores …`)
  const devnet = await RunningDevnet.start([])
  try {
    const client = devnet.client(0)
    const idleHeads = watchHeads(devnet, 3)
    say(`Idle for ${seconds} s …`)
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    await idleHeads.close()
    const idle = intervalsOf(idleHeads.arrivalsMs)
    const idleMemory = memory(devnet)

    say(`Signing ${transfers} transfers …`)
    const signed = await signTransfers(devnet)
    say(`Sending them to the first validator over ${CONNECTIONS} connections …`)
    const from = await client.getBlockNumber({ cacheTime: 0 })
    const busyHeads = watchHeads(devnet, 3)
    const started = now()
    const errors = await send(devnet.rpc[0] ?? '', signed)
    const sentSeconds = (now() - started) / 1000
    const refused = [...errors.values()].reduce((sum, count) => sum + count, 0)
    let included = 0
    let checked = from
    while (included < signed.length - refused) {
      const head = await client.getBlockNumber({ cacheTime: 0 })
      for (; checked < head; checked++) {
        const block = await client.getBlock({ blockNumber: checked + 1n })
        included += block.transactions.length
      }
      if ((now() - started) / 1000 > 600) break
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    const includedSeconds = (now() - started) / 1000
    await busyHeads.close()
    const busy = intervalsOf(busyHeads.arrivalsMs)
    const busyMemory = memory(devnet)

    const ms = (value: number) => `${value.toFixed(0)} ms`
    const show = (name: string, it: Intervals) =>
      say(
        `${name}: ${it.blocks} blocks, interval p50 ${ms(it.p50Ms)}, p99 ${ms(it.p99Ms)}, longest ${ms(it.mostMs)}`,
      )
    show('idle', idle)
    show('under load', busy)
    say(`sent: ${(signed.length / sentSeconds).toFixed(0)} a second, refused ${refused}`)
    for (const [message, count] of errors) say(`  ${count} × ${message}`)
    say(
      `included: ${included} in ${includedSeconds.toFixed(1)} s, ${(included / includedSeconds).toFixed(0)} a second`,
    )
    say(`memory idle, MiB: ${JSON.stringify(idleMemory)}`)
    say(`memory after the load, MiB: ${JSON.stringify(busyMemory)}`)
    if (values.json === undefined) return
    const figures = { idle, busy, sentPerSecond: signed.length / sentSeconds, refused, included }
    writeFileSync(
      values.json,
      `${JSON.stringify({ ...figures, includedPerSecond: included / includedSeconds, idleMemory, busyMemory }, null, 2)}\n`,
    )
  } finally {
    await devnet.stop()
  }
}

await main()
