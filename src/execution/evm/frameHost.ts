import {
  type BlockFacts,
  type CallKind,
  type PrecompileHost,
  PrecompileOutOfGas,
} from '../../../precompiles/host.ts'
import { InvariantError, invariant } from '../../errors/errors.ts'
import { bigIntToBytes, concatBytes, utf8ToBytes } from '../../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_CODE_HASH, keccak256, keccakHex } from '../../primitives/keccak.ts'
import { recoverAddress, SIGNATURE_BYTES } from '../../primitives/secp256k1.ts'
import type { StateJournal } from '../../state/stateJournal.ts'
import { gasPrices, sstoreCost } from './storageGas.ts'

/** Warm accounts and slots of the running transaction (EIP-2929), shared with the interpreter. */
export interface AccessSet {
  isWarmAccount(account: Address): boolean
  warmAccount(account: Address): void
  isWarmSlot(account: Address, slot: Uint8Array): boolean
  warmSlot(account: Address, slot: Uint8Array): void
}

export interface FrameLog {
  readonly topics: readonly Hash[]
  readonly data: Uint8Array
}

/** What the EVM knows of one call to a precompile. */
export interface Frame {
  readonly self: Address
  readonly caller: Address
  readonly origin: Address
  readonly valueWei: bigint
  readonly callKind: CallKind
  readonly isStatic: boolean
  readonly gasLimit: bigint
  readonly block: BlockFacts
  readonly genesisHash: Hash
}

/** EIP-170's limit less the leading zero byte of a chunk. */
export const BLOB_MAX_BYTES = 24_575
const BLOB_DOMAIN = utf8ToBytes('openledger.blob.v1')

/** The account that holds a blob chunk as its code. */
export function blobAccount(owner: Address, id: Hash): Address {
  return bytesToHex(keccak256(concatBytes(BLOB_DOMAIN, hexToBytes(owner), hexToBytes(id))).subarray(12))
}

const slotBytes = (slot: bigint) => bigIntToBytes(slot, 32)
const words = (bytes: number) => BigInt(Math.ceil(bytes / 32))

/** The metered, journaled view of the state that one precompile call gets. */
export class FrameHost implements PrecompileHost {
  readonly self: Address
  readonly caller: Address
  readonly origin: Address
  readonly valueWei: bigint
  readonly callKind: CallKind
  readonly isStatic: boolean
  readonly block: BlockFacts
  readonly genesisHash: Hash
  readonly logs: FrameLog[] = []
  gasUsed = 0n
  gasRefund = 0n
  readonly #gasLimit: bigint
  readonly #state: StateJournal
  readonly #access: AccessSet

  constructor(frame: Frame, modules: { state: StateJournal; access: AccessSet }) {
    this.self = frame.self
    this.caller = frame.caller
    this.origin = frame.origin
    this.valueWei = frame.valueWei
    this.callKind = frame.callKind
    this.isStatic = frame.isStatic
    this.block = frame.block
    this.genesisHash = frame.genesisHash
    this.#gasLimit = frame.gasLimit
    this.#state = modules.state
    this.#access = modules.access
  }

  get gasLeft(): bigint {
    return this.#gasLimit - this.gasUsed
  }

  useGas(amount: bigint): void {
    invariant(amount >= 0n, 'Gas is never given back this way.')
    this.gasUsed += amount
    if (this.gasUsed > this.#gasLimit) throw new PrecompileOutOfGas()
  }

  sload(slot: bigint): bigint {
    return this.#load(this.self, slot)
  }

  sloadOf(account: Address, slot: bigint): bigint {
    this.#touchAccount(account)
    return this.#load(account, slot)
  }

  sstore(slot: bigint, value: bigint): void {
    this.#requireWritable()
    if (this.gasLeft <= gasPrices.sstoreSentry) throw new PrecompileOutOfGas()
    const key = slotBytes(slot)
    const hash = bytesToHex(key)
    if (!this.#access.isWarmSlot(this.self, key)) {
      this.useGas(gasPrices.coldSlot)
      this.#access.warmSlot(this.self, key)
    }
    const original = this.#state.originalStorage(this.self, hash)
    const cost = sstoreCost(original, this.#state.storage(this.self, hash), value)
    this.useGas(cost.gas)
    this.gasRefund += cost.refund
    this.#state.setStorage(this.self, hash, value)
  }

  emit(topics: readonly Hash[], data: Uint8Array): void {
    this.#requireWritable()
    const { log, logTopic, logByte } = gasPrices
    this.useGas(log + logTopic * BigInt(topics.length) + logByte * BigInt(data.length))
    this.logs.push({ topics, data })
  }

  balanceWei(account: Address): bigint {
    this.#touchAccount(account)
    return this.#state.account(account)?.balanceWei ?? 0n
  }

  transfer(to: Address, amountWei: bigint): void {
    this.#requireWritable()
    this.#touchAccount(to)
    this.useGas(gasPrices.valueTransfer)
    const from = this.#state.account(this.self)
    invariant(from !== undefined && from.balanceWei >= amountWei, 'A precompile pays only what it holds.')
    if (amountWei === 0n || to === this.self) return
    const receiver = this.#state.account(to)
    if (receiver === undefined) this.useGas(gasPrices.newAccount)
    this.#state.setAccount(this.self, { ...from, balanceWei: from.balanceWei - amountWei })
    this.#state.setAccount(to, {
      ...(receiver ?? emptyAccount),
      balanceWei: (receiver?.balanceWei ?? 0n) + amountWei,
    })
  }

  readBlob(owner: Address, id: Hash): Uint8Array | undefined {
    this.useGas(gasPrices.keccak + 4n * gasPrices.keccakWord)
    const account = blobAccount(owner, id)
    this.#touchAccount(account)
    const record = this.#state.account(account)
    if (record === undefined || record.codeHash === EMPTY_CODE_HASH) return undefined
    const chunk = this.#state.code(record.codeHash)
    this.useGas(gasPrices.copyWord * words(chunk.length))
    return chunk.subarray(1)
  }

  writeBlob(id: Hash, payload: Uint8Array): void {
    this.#requireWritable()
    invariant(payload.length <= BLOB_MAX_BYTES, 'A blob chunk is at most 24,575 bytes.')
    const account = blobAccount(this.self, id)
    this.#touchAccount(account)
    const size = payload.length + 1
    this.useGas(
      gasPrices.create + gasPrices.codeDepositByte * BigInt(size) + gasPrices.keccakWord * words(size),
    )
    const record = this.#state.account(account)
    invariant(record === undefined || record.codeHash === EMPTY_CODE_HASH, 'A blob is written once.')
    this.#state.setAccount(account, { ...(record ?? emptyAccount), nonce: 1n })
    // the zero byte keeps the chunk from ever being an EIP-7702 delegation or running code
    this.#state.setCode(account, concatBytes(Uint8Array.of(0), payload))
  }

  keccak(data: Uint8Array): Hash {
    this.useGas(gasPrices.keccak + gasPrices.keccakWord * words(data.length))
    return keccakHex(data)
  }

  recover(digest: Hash, signature: Uint8Array): Address | undefined {
    this.useGas(gasPrices.ecrecover)
    if (signature.length !== SIGNATURE_BYTES) return undefined
    const v = signature[64] ?? 255
    const canonical = concatBytes(signature.subarray(0, 64), Uint8Array.of(v >= 27 ? v - 27 : v))
    try {
      return recoverAddress(hexToBytes(digest), canonical)
    } catch {
      return undefined
    }
  }

  #load(account: Address, slot: bigint): bigint {
    const key = slotBytes(slot)
    if (this.#access.isWarmSlot(account, key)) {
      this.useGas(gasPrices.warmAccess)
    } else {
      this.useGas(gasPrices.coldSlot)
      this.#access.warmSlot(account, key)
    }
    return this.#state.storage(account, bytesToHex(key))
  }

  #touchAccount(account: Address): void {
    if (this.#access.isWarmAccount(account)) {
      this.useGas(gasPrices.warmAccess)
    } else {
      this.useGas(gasPrices.coldAccount)
      this.#access.warmAccount(account)
    }
  }

  /** The dispatcher refuses writes in a static call first; this is the second line of defence. */
  #requireWritable(): void {
    if (this.isStatic) throw new InvariantError('A static call wrote.')
  }
}

const emptyAccount = {
  nonce: 0n,
  balanceWei: 0n,
  codeHash: EMPTY_CODE_HASH,
}
