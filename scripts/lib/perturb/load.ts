import { type DevnetKey, devnetAccounts } from '../../../src/node/devnet/keys.ts'
import { bytesToBigInt, concatBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256 } from '../../../src/primitives/keccak.ts'
import { encodeRlp, fromHex, fromInt, type RlpItem } from '../../../src/primitives/rlp.ts'
import { sign } from '../../../src/primitives/secp256k1.ts'
import type { PerturbedNetwork } from './network.ts'
import { pause } from './rpcNode.ts'

const TICK_MS = 250
const GAS_LIMIT = 21_000
const FEE_CAP_WEI = 100_000_000_000n
const TIP_WEI = 1_000_000_000n
const RECEIVER: Hex = `0x${'42'.repeat(20)}`
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
  readonly #accounts: readonly DevnetKey[]
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
    this.#accounts = devnetAccounts()
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
      // a node that is too busy to answer is asked again
      await this.#scan().catch(() => undefined)
      const missing = this.#missing().length
      if (missing === 0 || performance.now() >= untilMs) return { missing }
      await this.#resend().catch(() => undefined)
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
      const { raw, hash } = signedTransfer(this.#chainId, nonce, signer.privateKey)
      this.#nonces[account] = nonce + 1
      raws.push(raw)
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

/** One wei to nobody, EIP-1559; signed natively, because the nodes share the machine with whoever measures them. */
export function signedTransfer(chainId: number, nonce: number, privateKey: Hex): { raw: Hex; hash: Hex } {
  const fields: RlpItem[] = [
    ...[chainId, nonce, TIP_WEI, FEE_CAP_WEI, GAS_LIMIT].map(fromInt),
    ...[fromHex(RECEIVER), fromInt(1), new Uint8Array(0), []],
  ]
  const typed = (items: RlpItem[]) => concatBytes(Uint8Array.of(2), encodeRlp(items))
  const signature = sign(keccak256(typed(fields)), hexToBytes(privateKey))
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32, 64)].map((part) =>
    fromInt(bytesToBigInt(part)),
  )
  const bytes = typed([
    ...fields,
    fromInt(signature[64] ?? 0),
    r ?? new Uint8Array(0),
    s ?? new Uint8Array(0),
  ])
  return { raw: bytesToHex(bytes), hash: bytesToHex(keccak256(bytes)) }
}
