import type { Address, Hash } from '../src/primitives/hex.ts'

export type CallKind = 'call' | 'staticcall' | 'delegatecall' | 'callcode'

export interface BlockFacts {
  readonly number: bigint
  /** Seconds since the Unix epoch. */
  readonly timestamp: bigint
  readonly chainId: bigint
  readonly baseFeeWei: bigint
  readonly prevRandao: Hash
  readonly coinbase: Address
}

/**
 * All that a native precompile sees of the node, for one call frame. Everything is synchronous, metered by the
 * prices of EIP-2929 and EIP-2200 (EIP-3529 refunds included) and journaled with the frame: a revert, its own or a
 * caller's, undoes it. A method that runs out of gas throws, and the frame fails as any EVM frame does.
 */
export interface PrecompileHost {
  /** The precompile's own address; its storage and balance are the module's. */
  readonly self: Address
  readonly caller: Address
  readonly origin: Address
  /** Wei that came with the call, already credited to `self`. */
  readonly valueWei: bigint
  readonly callKind: CallKind
  /** True inside any STATICCALL; writes then fail. */
  readonly isStatic: boolean
  readonly block: BlockFacts
  readonly genesisHash: Hash
  readonly gasLeft: bigint

  /** Charges native work at a price that its module publishes. */
  useGas(amount: bigint): void

  sload(slot: bigint): bigint
  sstore(slot: bigint, value: bigint): void
  /** A slot of another account (a sibling precompile or a predeploy), at SLOAD's price. */
  sloadOf(account: Address, slot: bigint): bigint

  emit(topics: readonly Hash[], data: Uint8Array): void

  balanceWei(account: Address): bigint
  /** Moves wei from `self`; fails the call when the balance does not hold it. Never runs code. */
  transfer(to: Address, amountWei: bigint): void

  /**
   * A chunk written once under `id`, as code of the account keccak256(domain, owner, id): at most 24,575 bytes.
   * Undefined when never written. Priced as EXTCODECOPY of its length; writing as CREATE's code deposit.
   */
  readBlob(owner: Address, id: Hash): Uint8Array | undefined
  /** Writes a chunk of `self`; writing an id twice is a programming error and throws. */
  writeBlob(id: Hash, payload: Uint8Array): void

  /** keccak256 at the opcode's price. */
  keccak(data: Uint8Array): Hash
  /** The signer of a 65-byte low-s signature (r, s, recovery 0/1 or 27/28), or undefined; ecrecover's price. */
  recover(digest: Hash, signature: Uint8Array): Address | undefined
}

/** Ends the call as `revert(data)`; `data` is an ABI-encoded custom error. */
export class PrecompileRevert extends Error {
  readonly data: Uint8Array
  constructor(data: Uint8Array, name = 'revert') {
    super(name)
    this.name = 'PrecompileRevert'
    this.data = data
  }
}

/** Ends the call as out of gas. */
export class PrecompileOutOfGas extends Error {
  constructor() {
    super('out of gas')
    this.name = 'PrecompileOutOfGas'
  }
}

/** One version of one native precompile, as the registry lists it and the EVM adapter runs it. */
export interface NativePrecompile {
  readonly name: string
  readonly version: number
  readonly address: Address
  /** Of the interface that it answers, as `shared/abiHash.ts` defines it. */
  readonly abiHash: Hash
  /** Returns ABI-encoded output, or throws PrecompileRevert or PrecompileOutOfGas. */
  run(host: PrecompileHost, input: Uint8Array): Uint8Array
}
