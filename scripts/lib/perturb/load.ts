import { type Hex, keccak256 } from 'viem'
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { devnetAccounts } from '../../../src/node/devnet/keys.ts'
import type { PerturbedNetwork } from './network.ts'
import { pause } from './rpcNode.ts'

const TICK_MS = 250
const GAS_LIMIT = 21_000n
const FEE_CAP_WEI = 100_000_000_000n
/** A client that sees no receipt for this long sends the same bytes again, to another node. */
const RESEND_MS = 6_000
const RESENT_AT_ONCE = 200

interface Sent {
  readonly hash: Hex
  readonly raw: Hex
  sentMs: number
  isIncluded: boolean
}

/** Transfers at a steady rate from all the devnet's accounts, as clients would send them. */
export class Load {
  readonly #network: PerturbedNetwork
  readonly #perSecond: number
  readonly #chainId: number
  readonly #accounts: readonly PrivateKeyAccount[]
  readonly #nonces: number[]
  readonly sent = new Map<Hex, Sent>()
  resent = 0
  #isRunning = false
  #done: Promise<void> = Promise.resolve()
  #nextNode = 0
  #nextAccount = 0
  #scanned = 0

  constructor(options: { network: PerturbedNetwork; perSecond: number; chainId: number }) {
    this.#network = options.network
    this.#perSecond = options.perSecond
    this.#chainId = options.chainId
    this.#accounts = devnetAccounts().map(({ privateKey }) => privateKeyToAccount(privateKey))
    this.#nonces = this.#accounts.map(() => 0)
  }

  /** For accounts that have sent before. */
  async takeUpNonces(): Promise<void> {
    const [node] = this.#network.live
    for (const [index, { address }] of this.#accounts.entries()) {
      this.#nonces[index] = Number(await node?.call<string>('eth_getTransactionCount', [address, 'latest']))
    }
  }

  start(): void {
    if (this.#perSecond === 0) return
    this.#isRunning = true
    this.#done = this.#run()
  }

  /** Sends nothing new; what was sent is pressed for until all of it is in, or `mostMs` are over. */
  async finish(mostMs: number): Promise<{ missing: number }> {
    this.#isRunning = false
    await this.#done
    const untilMs = performance.now() + mostMs
    for (;;) {
      await this.#scan()
      const missing = this.#missing().length
      if (missing === 0 || performance.now() >= untilMs) return { missing }
      await this.#resend()
      await pause(TICK_MS)
    }
  }

  async #run(): Promise<void> {
    let owed = 0
    let lastMs = performance.now()
    while (this.#isRunning) {
      const nowMs = performance.now()
      owed = Math.min(owed + ((nowMs - lastMs) * this.#perSecond) / 1_000, 2 * this.#perSecond)
      lastMs = nowMs
      const count = Math.floor(owed)
      owed -= count
      await this.#send(count).catch(() => undefined)
      await this.#scan().catch(() => undefined)
      await this.#resend().catch(() => undefined)
      await pause(Math.max(0, TICK_MS - (performance.now() - nowMs)))
    }
  }

  async #send(count: number): Promise<void> {
    const raws: Hex[] = []
    for (let index = 0; index < count; index++) {
      const account = this.#nextAccount++ % this.#accounts.length
      const signer = this.#accounts[account]
      const nonce = this.#nonces[account]
      if (signer === undefined || nonce === undefined) throw new Error('no account')
      const raw = await signer.signTransaction({
        ...{ type: 'eip1559', chainId: this.#chainId, nonce, gas: GAS_LIMIT },
        ...{ maxFeePerGas: FEE_CAP_WEI, maxPriorityFeePerGas: 1_000_000_000n },
        ...{ to: `0x${'42'.repeat(20)}`, value: 1n },
      })
      this.#nonces[account] = nonce + 1
      raws.push(raw)
      const hash = keccak256(raw)
      this.sent.set(hash, { hash, raw, sentMs: performance.now(), isIncluded: false })
    }
    await this.#submit(raws)
  }

  /** To one live node, a different one each time. What it says does not matter: only what gets in does. */
  async #submit(raws: readonly Hex[]): Promise<void> {
    const { live } = this.#network
    const node = live[this.#nextNode++ % live.length]
    if (node === undefined || raws.length === 0) return
    await node.batch(raws.map((raw) => ['eth_sendRawTransaction', [raw]] as const))
  }

  #missing(): Sent[] {
    return [...this.sent.values()].filter(({ isIncluded }) => !isIncluded)
  }

  async #resend(): Promise<void> {
    const nowMs = performance.now()
    const late = this.#missing()
      .filter(({ sentMs }) => nowMs - sentMs > RESEND_MS)
      .slice(0, RESENT_AT_ONCE)
    for (const one of late) one.sentMs = nowMs
    this.resent += late.length
    await this.#submit(late.map(({ raw }) => raw))
  }

  /** Marks what new blocks of some live node hold. */
  async #scan(): Promise<void> {
    const node = this.#network.live[0]
    if (node === undefined) return
    const height = await node.height()
    if (height <= this.#scanned) return
    for (const { transactions } of await node.blocks(this.#scanned + 1, height)) {
      for (const hash of transactions) {
        const one = this.sent.get(hash as Hex)
        if (one !== undefined) one.isIncluded = true
      }
    }
    this.#scanned = height
  }
}
