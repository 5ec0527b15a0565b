import {
  adapterRegistryAbi,
  datanetRegistryAbi,
  nativeAddresses,
  proofOfAttributionAbi,
} from 'openledger/sdk'
import { type Address, decodeFunctionData, type Hash, hexToBytes, type PublicClient } from 'viem'
import { decodeRows, type Member, type Row, scoreRows, sharePot, windowQuery } from './recompute.ts'

const attribution = { address: nativeAddresses.proofOfAttribution, abi: proofOfAttributionAbi } as const
const adapters = { address: nativeAddresses.adapterRegistry, abi: adapterRegistryAbi } as const
const datanets = { address: nativeAddresses.datanetRegistry, abi: datanetRegistryAbi } as const

/** `IProofOfAttribution`, "Credit reasons": those that are paid out of fees. */
const FEE_REASONS: Readonly<Record<number, string>> = {
  1: 'settlers',
  2: 'keepers',
  3: 'host',
  5: 'adapter owner',
  6: 'royalties',
  7: 'stakers',
  8: 'application',
  9: 'treasury and dust',
  10: 'auditors',
  11: 'keepers',
}
const LIFE_OF_A_RECEIPT: readonly string[] = [
  'settle',
  'drawAudits',
  'commitAudit',
  'revealAudit',
  'finalize',
  'closeWindow',
]
const PAGE = 64

export interface MethodCost {
  readonly method: string
  readonly transactions: number
  readonly gas: bigint
  readonly feesWei: bigint
}

export interface Settled {
  readonly receiptId: Hash
  readonly feeWei: bigint
  readonly weight: number
  readonly windowIndex: bigint
  readonly facts: {
    readonly receiptId: Hash
    readonly requester: Address
    readonly application: Address
    readonly settlerWei: bigint
    readonly queryRowHash: Hash
    readonly receiptHash: Hash
  }
}

/** Everything that the chain says about one adapter's earnings, read through one node. */
export class EarningsLedger {
  readonly #client: PublicClient
  readonly #adapterId: bigint
  readonly #version: number
  readonly #fromBlock: bigint

  constructor(
    client: PublicClient,
    { adapterId, version }: { readonly adapterId: bigint; readonly version: number },
    fromBlock: bigint,
  ) {
    this.#client = client
    this.#adapterId = adapterId
    this.#version = version
    this.#fromBlock = fromBlock
  }

  async settled(): Promise<Settled[]> {
    const logs = await this.#client.getContractEvents({ ...attribution, ...this.#range('ReceiptSettled') })
    return logs.map(({ args }) => ({
      receiptId: args.receiptId,
      feeWei: args.feeWei,
      weight: args.weight,
      windowIndex: args.windowIndex,
      facts: {
        receiptId: args.receiptId,
        requester: args.requester,
        application: args.application,
        settlerWei: args.settlerWei,
        queryRowHash: args.queryRowHash,
        receiptHash: args.receiptHash,
      },
    }))
  }

  /** Wei by what they were paid for; contributors' under their own name. */
  async paid(): Promise<Map<string, bigint>> {
    const totals = new Map<string, bigint>()
    const add = (name: string, wei: bigint) => totals.set(name, (totals.get(name) ?? 0n) + wei)
    for (const { args } of await this.#client.getContractEvents({
      ...attribution,
      ...this.#range('Credited'),
    })) {
      const name = FEE_REASONS[args.reason]
      if (name !== undefined) add(name, args.amountWei)
    }
    for (const wei of (await this.perContribution()).values()) add('contributors', wei)
    return totals
  }

  /** Wei by contribution id. */
  async perContribution(): Promise<Map<bigint, bigint>> {
    const totals = new Map<bigint, bigint>()
    for (const { args } of await this.#client.getContractEvents({
      ...attribution,
      ...this.#range('ContributionPaid'),
    })) {
      totals.set(args.contributionId, (totals.get(args.contributionId) ?? 0n) + args.amountWei)
    }
    return totals
  }

  /** What the life of the receipts cost in transactions: gas and fees by method of the contract. */
  async costs(): Promise<MethodCost[]> {
    const logs = await this.#client.getLogs({
      address: attribution.address,
      fromBlock: this.#fromBlock,
      toBlock: 'latest',
    })
    const costs = new Map<string, MethodCost>()
    for (const hash of new Set(logs.map(({ transactionHash }) => transactionHash))) {
      const { input } = await this.#client.getTransaction({ hash })
      const { gasUsed, effectiveGasPrice } = await this.#client.getTransactionReceipt({ hash })
      const { functionName: method } = decodeFunctionData({ abi: attribution.abi, data: input })
      if (!LIFE_OF_A_RECEIPT.includes(method)) continue
      const known = costs.get(method) ?? { method, transactions: 0, gas: 0n, feesWei: 0n }
      costs.set(method, {
        method,
        transactions: known.transactions + 1,
        gas: known.gas + gasUsed,
        feesWei: known.feesWei + gasUsed * effectiveGasPrice,
      })
    }
    return LIFE_OF_A_RECEIPT.flatMap((method) => costs.get(method) ?? [])
  }

  /** Sum of all credits that an account has not claimed. */
  creditOf(account: Address): Promise<bigint> {
    return this.#client.readContract({ ...attribution, functionName: 'credits', args: [account] })
  }

  /** What the contract holds above deposits, pending fees, pots, credits and bonds. Must be zero. */
  async surplusWei(): Promise<bigint> {
    const totals = await this.#client.readContract({ ...attribution, functionName: 'totals' })
    const balance = await this.#client.getBalance({ address: attribution.address })
    const { depositsWei, pendingWei, potsWei, creditsWei, bondsWei } = totals
    return balance - depositsWei - pendingWei - potsWei - creditsWei - bondsWei
  }

  async rows(k: number, count: number): Promise<Row[]> {
    const rows: Row[] = []
    for (let start = 0; start < count; start += PAGE) {
      const bytes = await this.#client.readContract({
        ...adapters,
        functionName: 'getRows',
        args: [this.#adapterId, this.#version, start, PAGE],
      })
      rows.push(...decodeRows(hexToBytes(bytes), k))
    }
    return rows
  }

  async members(datanetId: bigint, version: number): Promise<readonly Member[]> {
    return this.#client.readContract({
      ...datanets,
      functionName: 'versionMembers',
      args: [datanetId, version, 0, 256],
    })
  }

  async window(windowIndex: bigint) {
    const args = [this.#adapterId, windowIndex] as const
    const facts = await this.#client.readContract({ ...attribution, functionName: 'getWindow', args })
    const page = [...args, 0, 256] as const
    const scores = await this.#client.readContract({
      ...attribution,
      functionName: 'windowScores',
      args: page,
    })
    const shares = await this.#client.readContract({
      ...attribution,
      functionName: 'windowShares',
      args: page,
    })
    return { ...facts, scores, shares }
  }

  /** The chain's own view of how each contribution shaped one answer. */
  async scoresOf(settled: Settled, queryRow: `0x${string}`, count: number): Promise<readonly bigint[]> {
    const scores: bigint[] = []
    for (let start = 0; start < count; start += PAGE) {
      const args = [settled.facts, queryRow, start, PAGE] as const
      scores.push(...(await this.#client.readContract({ ...attribution, functionName: 'score', args })))
    }
    return scores
  }

  #range<const N extends string>(eventName: N) {
    return { eventName, fromBlock: this.#fromBlock, toBlock: 'latest', strict: true } as const
  }
}

export interface WindowCheck {
  readonly windowIndex: bigint
  readonly receipts: number
  readonly scoresAgree: boolean
  readonly sharesAgree: boolean
}

/** Computes a closed window again from rows and query rows, and compares with what the chain scored and paid. */
export function checkWindow(
  windowIndex: bigint,
  chain: Awaited<ReturnType<EarningsLedger['window']>>,
  inputs: {
    readonly rows: readonly Row[]
    readonly members: readonly Member[]
    readonly queries: readonly { readonly queryRow: `0x${string}`; readonly weight: number }[]
    readonly k: number
  },
): WindowCheck {
  const scores = scoreRows(windowQuery(inputs.queries, inputs.k), inputs.rows)
  const shares = sharePot(chain.potWei - chain.closersWei, inputs.members, scores)
  return {
    windowIndex,
    receipts: inputs.queries.length,
    scoresAgree:
      scores.length === chain.scores.length && scores.every((score, row) => score === chain.scores[row]),
    sharesAgree:
      shares.length === chain.shares.length && shares.every((wei, row) => wei === chain.shares[row]),
  }
}
