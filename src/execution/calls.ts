import { type Block, createBlock } from '@ethereumjs/block'
import { createEOACode7702Tx, createFeeMarket1559Tx, paramsTx, type TypedTransaction } from '@ethereumjs/tx'
import { createAddressFromString } from '@ethereumjs/util'
import { createVM, runTx } from '@ethereumjs/vm'
import type { PrecompileRegistry } from '../../precompiles/registry.ts'
import type { ChainSpec } from '../chainspec/chainSpec.ts'
import { limits } from '../config/limits.ts'
import { isNodeError, messageOf, NodeError } from '../errors/errors.ts'
import { type Address, type Hash, type Hex, hexToBytes, ZERO_ADDRESS } from '../primitives/hex.ts'
import { EMPTY_CODE_HASH } from '../primitives/keccak.ts'
import { EthereumjsStateManager } from '../state/ethereumjsStateManager.ts'
import { isStateFailure } from '../state/stateFailure.ts'
import { StateJournal } from '../state/stateJournal.ts'
import type { StateReader } from '../state/types.ts'
import type { Cancellation } from './cancellation.ts'
import { loadStandardPrecompiles } from './crypto/standardPrecompiles.ts'
import { NativeEvm } from './evm/nativeEvm.ts'
import { ancestorHash } from './systemCalls.ts'

export interface AccessListEntry {
  readonly address: Address
  readonly storageKeys: readonly Hash[]
}

export interface Authorization {
  readonly chainId: bigint
  readonly address: Address
  readonly nonce: bigint
  readonly yParity: number
  readonly r: bigint
  readonly s: bigint
}

/** A message to run without a signature. */
export interface CallMessage {
  readonly from?: Address
  readonly to?: Address
  readonly data?: Uint8Array
  readonly valueWei?: bigint
  readonly gasLimit?: bigint
  /** Zero or absent: the call pays no fee and sees a base fee of zero. */
  readonly feeCapWei?: bigint
  readonly tipWei?: bigint
  readonly accessList?: readonly AccessListEntry[]
  readonly authorizations?: readonly Authorization[]
}

/** What a call sees instead of an account's state. `state` replaces all storage, `stateDiff` some slots. */
export interface AccountOverride {
  readonly balanceWei?: bigint
  readonly nonce?: bigint
  readonly code?: Uint8Array
  readonly state?: ReadonlyMap<Hash, bigint>
  readonly stateDiff?: ReadonlyMap<Hash, bigint>
}

export interface BlockOverride {
  readonly number?: bigint
  readonly timestamp?: bigint
  readonly gasLimit?: bigint
  readonly feeRecipient?: Address
  readonly prevRandao?: Hash
  readonly baseFeeWei?: bigint
}

export interface CallContext {
  readonly block: Block
  readonly state: StateReader
  readonly stateOverrides?: ReadonlyMap<Address, AccountOverride>
  readonly blockOverride?: BlockOverride
}

export interface CallOutcome {
  readonly output: Uint8Array
  /** After refunds, intrinsic gas included. */
  readonly gasUsed: bigint
  /** What came back at the end; the call needed this much more on the way. */
  readonly gasRefund: bigint
  /** Absent when the call succeeded. */
  readonly failure?: { readonly reverted: boolean; readonly message: string }
  readonly accessList: readonly AccessListEntry[]
}

/** A call is no transaction of a block: what asks for it bounds its gas, not EIP-7825. */
const callParams = {
  ...paramsTx,
  7825: { ...paramsTx[7825], maxTransactionGasLimit: Number.MAX_SAFE_INTEGER },
}

/** Runs messages on a state that nobody else sees. */
export class CallRunner {
  readonly #spec: ChainSpec
  readonly #genesisHash: Hash
  readonly #precompiles: PrecompileRegistry

  constructor(options: { spec: ChainSpec; genesisHash: Hash }, modules: { precompiles: PrecompileRegistry }) {
    this.#spec = options.spec
    this.#genesisHash = options.genesisHash
    this.#precompiles = modules.precompiles
  }

  /**
   * Throws TX_INVALID when the message could not even start (no balance for the value, gas below the intrinsic), and
   * STATE_PRUNED when its state is dropped meanwhile, TX_FAULT when it made this node itself fail, CANCELLED once `signal`
   * says so.
   */
  async run(message: CallMessage, context: CallContext, signal?: Cancellation): Promise<CallOutcome> {
    const journal = new StateJournal(context.state)
    applyOverrides(journal, context.stateOverrides)
    journal.beginTransaction()
    const block = this.#blockFor(message, context)
    const state = new EthereumjsStateManager(journal)
    const evm = new NativeEvm(
      {
        common: this.#spec.common,
        genesisHash: this.#genesisHash,
        precompiles: this.#precompiles.activeAt(block.header.timestamp),
        standard: await loadStandardPrecompiles(),
        blockHashOf: (number) => ancestorHash(journal, number),
        signal,
      },
      { state },
    )
    const vm = await createVM({ common: this.#spec.common, stateManager: state, evm })
    const tx = this.#transaction(message)
    try {
      const result = await runTx(vm, {
        tx,
        block,
        skipNonce: true,
        skipBlockGasLimitValidation: true,
        skipHardForkValidation: true,
        reportAccessList: true,
      })
      const error = result.execResult.exceptionError
      const beforeRefund = result.execResult.executionGasUsed + tx.getIntrinsicGas()
      return {
        output: result.execResult.returnValue,
        gasUsed: result.totalGasSpent,
        // none when the calldata floor (EIP-7623) was more than what was used
        gasRefund: beforeRefund > result.totalGasSpent ? beforeRefund - result.totalGasSpent : 0n,
        ...(error === undefined
          ? {}
          : { failure: { reverted: error.error === 'revert', message: error.error as string } }),
        accessList: (result.accessList ?? []).map((entry) => ({
          address: entry.address as Address,
          storageKeys: entry.storageKeys as Hash[],
        })),
      }
    } catch (error) {
      if (isStateFailure(error) || isNodeError(error, 'TX_FAULT') || isNodeError(error, 'CANCELLED'))
        throw error
      throw new NodeError('TX_INVALID', firstSentence(messageOf(error)), {}, error)
    }
  }

  #transaction(message: CallMessage): TypedTransaction {
    const feeCap = message.feeCapWei ?? 0n
    const fields = {
      chainId: this.#spec.chainId,
      gasLimit: message.gasLimit ?? BigInt(limits.transactionGas),
      maxFeePerGas: feeCap,
      maxPriorityFeePerGas: message.tipWei ?? feeCap,
      ...(message.to === undefined ? {} : { to: createAddressFromString(message.to) }),
      data: message.data ?? new Uint8Array(),
      value: message.valueWei ?? 0n,
      accessList: (message.accessList ?? []).map(({ address, storageKeys }) => ({
        address,
        storageKeys: [...storageKeys],
      })),
    }
    const options = { common: this.#spec.common, params: callParams, freeze: false }
    const tx =
      message.authorizations === undefined || message.authorizations.length === 0
        ? createFeeMarket1559Tx(fields, options)
        : createEOACode7702Tx(
            { ...fields, authorizationList: message.authorizations.map(authorizationItem) },
            options,
          )
    const sender = createAddressFromString(message.from ?? ZERO_ADDRESS)
    // the message is unsigned: its sender is whom the caller names
    tx.getSenderAddress = () => sender
    return tx
  }

  #blockFor(message: CallMessage, context: CallContext): Block {
    const { header } = context.block
    const override = context.blockOverride ?? {}
    const free = (message.feeCapWei ?? 0n) === 0n
    return createBlock(
      {
        header: {
          ...header,
          number: override.number ?? header.number,
          timestamp: override.timestamp ?? header.timestamp,
          gasLimit: override.gasLimit ?? header.gasLimit,
          coinbase:
            override.feeRecipient === undefined
              ? header.coinbase
              : createAddressFromString(override.feeRecipient),
          mixHash: override.prevRandao === undefined ? header.mixHash : hexToBytes(override.prevRandao),
          baseFeePerGas: override.baseFeeWei ?? (free ? 0n : (header.baseFeePerGas ?? 0n)),
        },
        withdrawals: [],
      },
      { common: this.#spec.common, freeze: false },
    )
  }
}

const quantity = (value: bigint): Hex => `0x${value.toString(16)}`

function authorizationItem(authorization: Authorization) {
  const { chainId, address, nonce, yParity, r, s } = authorization
  return {
    chainId: quantity(chainId),
    address,
    nonce: quantity(nonce),
    yParity: quantity(BigInt(yParity)),
    r: quantity(r),
    s: quantity(s),
  }
}

function applyOverrides(journal: StateJournal, overrides: CallContext['stateOverrides']): void {
  for (const [address, override] of overrides ?? []) {
    const account = journal.account(address)
    journal.setAccount(address, {
      nonce: override.nonce ?? account?.nonce ?? 0n,
      balanceWei: override.balanceWei ?? account?.balanceWei ?? 0n,
      codeHash: account?.codeHash ?? EMPTY_CODE_HASH,
    })
    if (override.code !== undefined) journal.setCode(address, override.code)
    if (override.state !== undefined) journal.clearStorage(address)
    for (const [slot, value] of override.state ?? override.stateDiff ?? [])
      journal.setStorage(address, slot, value)
  }
}

/** ethereumjs appends the whole context in brackets; people want the reason. */
function firstSentence(message: string): string {
  return message.split(' (vm hf=')[0] ?? message
}
