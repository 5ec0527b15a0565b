/** Long, because a machine that runs ten nodes may be slow; what is slow is seen in the figures. */
const TIMEOUT_MS = 30_000

export interface BlockFacts {
  readonly hash: string
  readonly number: string
  readonly transactions: readonly string[]
}

/** A node as its clients and its operator see it. */
export class RpcNode {
  readonly name: string
  readonly rpc: string
  readonly operator: string

  constructor(name: string, rpc: string, operator: string) {
    this.name = name
    this.rpc = rpc
    this.operator = operator
  }

  async call<T>(method: string, params: readonly unknown[] = []): Promise<T> {
    const [answer] = await this.batch<T>([[method, params]])
    if (answer === undefined) throw new Error(`${this.name}: no answer`)
    if (answer instanceof Error) throw answer
    return answer
  }

  /** One HTTP request; each outcome in its place. */
  async batch<T>(calls: readonly (readonly [string, readonly unknown[]])[]): Promise<(T | Error)[]> {
    const body = calls.map(([method, params], id) => ({ jsonrpc: '2.0', id, method, params }))
    const response = await fetch(this.rpc, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const answers = (await response.json()) as { id: number; result?: T; error?: { message: string } }[]
    return calls.map(([method], id) => {
      const answer = answers.find((one) => one.id === id)
      if (answer === undefined) return new Error(`${this.name}: no answer to ${method}`)
      if (answer.error !== undefined) return new Error(answer.error.message)
      return answer.result as T
    })
  }

  async height(): Promise<number> {
    return Number(await this.call<string>('eth_blockNumber'))
  }

  async heightOrNull(): Promise<number | null> {
    return this.height().catch(() => null)
  }

  /** Blocks of a range, in order. */
  async blocks(from: number, to: number): Promise<BlockFacts[]> {
    const found: BlockFacts[] = []
    for (let start = from; start <= to; start += 100) {
      const heights = Array.from({ length: Math.min(100, to - start + 1) }, (_, index) => start + index)
      const calls = heights.map(
        (height) => ['eth_getBlockByNumber', [`0x${height.toString(16)}`, false]] as const,
      )
      for (const block of await this.batch<BlockFacts | null>(calls)) {
        if (block === null || block instanceof Error) throw new Error(`${this.name}: a block is missing`)
        found.push(block)
      }
    }
    return found
  }

  /** Samples of the metrics by their whole series, `name{labels}`. */
  async metrics(): Promise<Map<string, number>> {
    const response = await fetch(`${this.operator}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    const samples = new Map<string, number>()
    for (const line of (await response.text()).split('\n')) {
      const at = line.lastIndexOf(' ')
      if (!line.startsWith('#') && at > 0) samples.set(line.slice(0, at), Number(line.slice(at + 1)))
    }
    return samples
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
