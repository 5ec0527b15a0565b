import {
  type Abi,
  type ContractFunctionArgs,
  type ContractFunctionName,
  type ContractFunctionReturnType,
  decodeErrorResult,
  decodeFunctionResult,
  encodeFunctionData,
} from 'viem'
import { iAdapterRegistryAbi } from '../../../contracts/generated/IAdapterRegistry.ts'
import { iProofOfAttributionAbi } from '../../../contracts/generated/IProofOfAttribution.ts'
import { ADAPTER_ADDRESS, ATTRIBUTION_ADDRESS } from '../../../precompiles/addresses.ts'
import { NodeError } from '../../errors/errors.ts'
import { type Address, bytesToHex, type Hash, hexToBytes, toAddress } from '../../primitives/hex.ts'
import type { ContractReader } from './ports.ts'

type ViewName<A extends Abi> = ContractFunctionName<A, 'view'>
type ViewArgs<A extends Abi, N extends ViewName<A>> = ContractFunctionArgs<A, 'view', N>
type ViewResult<A extends Abi, N extends ViewName<A>> = ContractFunctionReturnType<A, 'view', N>

/** One precompile's views. What reverts with an error named in `absent` is undefined. */
class ContractViews<const A extends Abi> {
  readonly #address: Address
  readonly #abi: A
  readonly #absent: readonly string[]
  readonly #reader: ContractReader

  constructor(options: { address: Address; abi: A; absent: readonly string[] }, reader: ContractReader) {
    this.#address = options.address
    this.#abi = options.abi
    this.#absent = options.absent
    this.#reader = reader
  }

  find<N extends ViewName<A>>(functionName: N, args: ViewArgs<A, N>): ViewResult<A, N> | undefined {
    const abi: Abi = this.#abi
    const call = { abi, functionName: functionName as string, args: args as readonly unknown[] }
    const outcome = this.#reader.read(this.#address, hexToBytes(encodeFunctionData(call)))
    const data = bytesToHex(outcome.output)
    if (outcome.ok) return decodeFunctionResult({ ...call, data }) as ViewResult<A, N>
    const { errorName } = decodeErrorResult({ abi, data })
    if (this.#absent.includes(errorName)) return undefined
    throw new NodeError('INTERNAL', `The view ${functionName} reverted with ${errorName}.`, { errorName })
  }

  get<N extends ViewName<A>>(functionName: N, args: ViewArgs<A, N>): ViewResult<A, N> {
    const found = this.find(functionName, args)
    if (found === undefined) {
      throw new NodeError('INTERNAL', `The view ${functionName} says that nothing is there.`)
    }
    return found
  }
}

const attributionViews = (reader: ContractReader) =>
  new ContractViews(
    {
      address: ATTRIBUTION_ADDRESS,
      abi: iProofOfAttributionAbi,
      // WrongStatus: getAppeal, where there is none
      absent: ['UnknownReceipt', 'NotRegistered', 'UnknownWindow', 'WrongStatus'],
    },
    reader,
  )

const adapterViews = (reader: ContractReader) =>
  new ContractViews(
    {
      address: ADAPTER_ADDRESS,
      abi: iAdapterRegistryAbi,
      absent: ['UnknownAdapter', 'UnknownAdapterVersion', 'UnknownBaseModel'],
    },
    reader,
  )

/** A settled receipt as the chain keeps it. */
export interface ReceiptView {
  readonly status: number
  readonly flags: number
  readonly weight: number
  readonly host: Address
  readonly adapterId: bigint
  readonly windowIndex: bigint
  readonly settledBlock: number
  /** Of the requester's list of auditors, in audit class 1; else zero. */
  readonly grantId: number
  readonly feeWei: bigint
}

export interface AuditView {
  readonly committee: readonly Address[]
  readonly commitEndBlock: number
  readonly revealEndBlock: number
  /** Bit per seat. */
  readonly committed: number
  readonly revealed: number
  readonly verdicts: readonly number[]
}

/** An appeal; votes are weighed by bonds. */
export interface AppealView {
  readonly electors: readonly Address[]
  readonly totalWei: bigint
  readonly okWei: bigint
  readonly againstWei: bigint
}

export interface HostView {
  readonly status: number
  readonly signer: Address
  readonly bondWei: bigint
  readonly openFeesWei: bigint
  readonly withdrawableBlock: number
  readonly endpoint: string
}

export interface DepositView {
  readonly balanceWei: bigint
  readonly leavingWei: bigint
  readonly withdrawableBlock: number
}

export interface AuditorView {
  readonly status: number
  readonly bondWei: bigint
  readonly activeBlock: number
}

export interface WindowView {
  readonly state: number
  readonly openedBlock: number
  readonly settled: number
  readonly finished: number
  readonly scoredRows: number
  readonly paidMembers: number
  /** Of the adapter. */
  readonly version: number
}

export interface AdapterView {
  readonly owner: Address
  readonly baseModelId: bigint
  readonly status: number
  readonly accessPolicy: number
  /** The current one; zero before the first is active. */
  readonly version: number
  readonly newestVersion: number
  readonly licence: string
  readonly metadataCid: string
}

export interface AdapterVersionView {
  readonly status: number
  readonly k: number
  readonly rowCount: number
  /** First block in which its receipts settle; zero while there is none. */
  readonly activeFromBlock: number
  /** First block in which they do not settle any more; zero while there is none. */
  readonly retiredBlock: number
  readonly projectionSeed: Hash
  readonly weightsHash: Hash
  readonly configHash: Hash
  readonly datanets: readonly { readonly datanetId: bigint; readonly version: number }[]
}

export interface PriceView {
  readonly baseWei: bigint
  readonly perThousandInputWei: bigint
  readonly perThousandOutputWei: bigint
}

export interface BaseModelView {
  readonly name: string
  readonly onnxHash: Hash
  readonly tokenizerHash: Hash
  readonly profileHash: Hash
}

/** Typed views of Proof of Attribution and of the adapter registry. Addresses are lower case. */
export class ReceiptViews {
  readonly #attribution: ReturnType<typeof attributionViews>
  readonly #adapters: ReturnType<typeof adapterViews>

  constructor(reader: ContractReader) {
    this.#attribution = attributionViews(reader)
    this.#adapters = adapterViews(reader)
  }

  receipt(receiptId: Hash): ReceiptView | undefined {
    const found = this.#attribution.find('getReceipt', [receiptId])
    return found && { ...found, host: toAddress(found.host) }
  }

  audit(receiptId: Hash): AuditView | undefined {
    const found = this.#attribution.find('getAudit', [receiptId])
    return found && { ...found, committee: found.committee.map(toAddress) }
  }

  /** Undefined as well where the receipt was never appealed. */
  appeal(receiptId: Hash): AppealView | undefined {
    const found = this.#attribution.find('getAppeal', [receiptId])
    return found && { ...found, electors: found.electors.map(toAddress) }
  }

  host(account: Address): HostView | undefined {
    const found = this.#attribution.find('hostInfo', [account])
    return found && { ...found, signer: toAddress(found.signer) }
  }

  /** `host` zero: the deposit for all hosts. */
  deposit(requester: Address, host: Address): DepositView {
    return this.#attribution.get('depositOf', [requester, host])
  }

  auditor(account: Address, baseModelId: bigint): AuditorView | undefined {
    return this.#attribution.find('auditorInfo', [account, baseModelId])
  }

  /** The auditors that may be drawn for the requester's receipts of audit class 1. */
  grantOf(requester: Address): { readonly grantId: number; readonly auditors: readonly Address[] } {
    const [grantId, auditors] = this.#attribution.get('grantOf', [requester])
    return { grantId, auditors: auditors.map(toAddress) }
  }

  auditorsOf(baseModelId: bigint): readonly Address[] {
    return this.#attribution.get('auditorsOf', [baseModelId]).map(toAddress)
  }

  windowsOf(adapterId: bigint): { readonly newest: bigint; readonly closed: bigint } {
    const [newest, closed] = this.#attribution.get('windowsOf', [adapterId])
    return { newest, closed }
  }

  window(adapterId: bigint, windowIndex: bigint): WindowView | undefined {
    return this.#attribution.find('getWindow', [adapterId, windowIndex])
  }

  adapter(adapterId: bigint): AdapterView | undefined {
    const found = this.#adapters.find('getAdapter', [adapterId])
    return found && { ...found, owner: toAddress(found.owner) }
  }

  adapterVersion(adapterId: bigint, version: number): AdapterVersionView | undefined {
    return this.#adapters.find('getVersion', [adapterId, version])
  }

  /** Last block in which the account may use the adapter; zero where there is none. */
  accessUntil(adapterId: bigint, account: Address): number {
    return this.#adapters.find('accessUntil', [adapterId, account]) ?? 0
  }

  /** In force in the head block. */
  price(adapterId: bigint): PriceView | undefined {
    return this.#adapters.find('priceOf', [adapterId])?.[0]
  }

  baseModel(baseModelId: bigint): BaseModelView | undefined {
    return this.#adapters.find('getBaseModel', [baseModelId])
  }

  /** The id under which a base model with these hashes is registered. */
  baseModelId({ onnxHash, tokenizerHash, profileHash }: Omit<BaseModelView, 'name'>): bigint | undefined {
    const id = this.#adapters.get('baseModelOf', [onnxHash, tokenizerHash, profileHash])
    return id === 0n ? undefined : id
  }
}
