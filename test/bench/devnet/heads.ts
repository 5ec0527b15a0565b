import type { RunningDevnet } from '../../e2e/support/devnet.ts'

export interface Intervals {
  readonly blocks: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly mostMs: number
}

export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}

export function intervalsOf(arrivalsMs: readonly number[]): Intervals {
  const gaps = arrivalsMs
    .slice(1)
    .map((at, index) => at - (arrivalsMs[index] ?? at))
    .sort((a, b) => a - b)
  return {
    blocks: arrivalsMs.length,
    p50Ms: quantile(gaps, 0.5),
    p99Ms: quantile(gaps, 0.99),
    mostMs: gaps.at(-1) ?? Number.NaN,
  }
}

/** Times at which a validator tells of new heads. */
export function watchHeads(devnet: RunningDevnet, validator: number) {
  const client = devnet.socketClient(validator)
  const arrivalsMs: number[] = []
  const stop = client.watchBlockNumber({
    onBlockNumber: () => arrivalsMs.push(performance.now()),
    emitOnBegin: false,
  })
  return {
    arrivalsMs,
    close: async () => {
      stop()
      ;(await client.transport.getRpcClient()).close()
    },
  }
}
