import { openledgerChain } from 'openledger/sdk'
import {
  type Abi,
  type Address,
  createPublicClient,
  createWalletClient,
  decodeErrorResult,
  encodeFunctionData,
  type Hash,
  type Hex,
  http,
  type PublicClient,
  type TransactionReceipt,
} from 'viem'
import { type HDAccount, mnemonicToAccount } from 'viem/accounts'

/** Public: what Anvil and Hardhat use. */
const MNEMONIC = 'test test test test test test test test test test test junk'
const GWEI = 10n ** 9n
const POLL_MS = 250
/** Doubled delays, 16 seconds in all: a validator that crashed is back by then. */
const RETRIES = { retryCount: 6, retryDelay: 250 } as const

/** The network, through the JSON-RPC of its validators. */
export class DemoNetwork {
  readonly clients: readonly PublicClient[]
  readonly #rpc: readonly string[]
  readonly #accounts = new Map<number, DemoAccount>()

  constructor(rpc: readonly string[]) {
    this.#rpc = rpc
    this.clients = rpc.map((url) =>
      createPublicClient({ chain: chainAt(url), transport: http(url, RETRIES), pollingInterval: POLL_MS }),
    )
  }

  /** JSON-RPC of one validator; the others must say the same. */
  client(validator = 0): PublicClient {
    const client = this.clients[validator % this.clients.length]
    if (client === undefined) throw new Error('the network has no validators')
    return client
  }

  /** The i-th account of the public mnemonic; the first ten have OPEN. */
  account(index: number): DemoAccount {
    const known = this.#accounts.get(index)
    if (known !== undefined) return known
    const url = this.#rpc[0] ?? ''
    const made = new DemoAccount(mnemonicToAccount(MNEMONIC, { addressIndex: index }), url, this.client())
    this.#accounts.set(index, made)
    return made
  }

  /** Waits for a block after the present one, `count` times. */
  async waitBlocks(count: number): Promise<void> {
    const from = await this.client().getBlockNumber({ cacheTime: 0 })
    await this.waitForBlock(from + BigInt(count))
  }

  async waitForBlock(number: bigint, validator = 0): Promise<void> {
    while ((await this.client(validator).getBlockNumber({ cacheTime: 0 })) < number) await pause(POLL_MS)
  }
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

const chainAt = (rpcUrl: string) => openledgerChain({ id: 161212, name: 'openledger devnet', rpcUrl })

export interface Call {
  readonly to: Address
  readonly abi: Abi
  readonly functionName: string
  readonly args: readonly unknown[]
  readonly valueWei?: bigint
  /** Estimated unless given; calls that come by the hundred are not estimated one by one. */
  readonly gas?: bigint
}

/** A wallet that numbers its own transactions, so that many can be under way at once. */
export class DemoAccount {
  readonly account: HDAccount
  readonly address: Address
  readonly #client: PublicClient
  readonly #wallet: ReturnType<typeof createWalletClient>
  #nonce: number | undefined

  constructor(account: HDAccount, url: string, client: PublicClient) {
    this.account = account
    this.address = account.address
    this.#client = client
    this.#wallet = createWalletClient({ account, chain: chainAt(url), transport: http(url, RETRIES) })
  }

  async send(call: Call): Promise<SentCall> {
    const data = encodeFunctionData({ abi: call.abi, functionName: call.functionName, args: call.args })
    const value = call.valueWei ?? 0n
    const gas =
      call.gas ??
      ((await this.#client.estimateGas({ account: this.account, to: call.to, data, value })) * 12n) / 10n
    return { call, from: this.address, hash: await this.#sendRaw(call.to, data, value, gas) }
  }

  async pay(to: Address, valueWei: bigint): Promise<Hash> {
    return this.#sendRaw(to, '0x', valueWei, 21_000n)
  }

  async #sendRaw(to: Address, data: Hex, value: bigint, gas: bigint): Promise<Hash> {
    this.#nonce ??= await this.#client.getTransactionCount({ address: this.address, blockTag: 'pending' })
    const nonce = this.#nonce++
    return this.#wallet.sendTransaction({
      account: this.account,
      chain: this.#wallet.chain,
      to,
      data,
      value,
      gas,
      nonce,
      maxFeePerGas: 20n * GWEI,
      maxPriorityFeePerGas: GWEI,
    })
  }
}

export interface SentCall {
  readonly call: Call
  readonly from: Address
  readonly hash: Hash
}

/** Waits until all are in blocks; fails with the custom error of the first that reverted. */
export async function allDone(
  network: DemoNetwork,
  sent: readonly SentCall[],
): Promise<TransactionReceipt[]> {
  const receipts: TransactionReceipt[] = []
  for (const one of sent) {
    const receipt = await network.client().waitForTransactionReceipt({ hash: one.hash, timeout: 120_000 })
    if (receipt.status !== 'success') throw new Error(await whyFailed(network, one, receipt))
    receipts.push(receipt)
  }
  return receipts
}

async function whyFailed(network: DemoNetwork, one: SentCall, receipt: TransactionReceipt): Promise<string> {
  const { call, from, hash } = one
  const transaction = await network.client().getTransaction({ hash })
  const prefix = `${call.functionName} from ${from} failed in block ${receipt.blockNumber}`
  if (receipt.gasUsed === transaction.gas) return `${prefix}: out of gas (${transaction.gas})`
  try {
    await network.client().call({
      account: from,
      to: call.to,
      data: transaction.input,
      value: transaction.value,
      gas: transaction.gas,
      blockNumber: receipt.blockNumber - 1n,
    })
    return `${prefix}, but not on the state before it`
  } catch (error) {
    const data = revertData(error)
    if (data === undefined) return `${prefix}: ${String(error)}`
    const decoded = decodeErrorResult({ abi: call.abi, data })
    return `${prefix}: ${decoded.errorName}(${(decoded.args ?? []).join(', ')})`
  }
}

function revertData(error: unknown): Hex | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { data } = cause as { data?: unknown }
    if (typeof data === 'string' && data.startsWith('0x')) return data as Hex
  }
  return undefined
}
