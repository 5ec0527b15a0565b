// The one file that knows the insides of @ethereumjs/evm.
import type { Common } from '@ethereumjs/common'
import {
  type CustomPrecompile,
  EVM,
  EVMError,
  type EVMResult,
  type EVMRunCallOpts,
  type ExecResult,
  getActivePrecompiles,
  type Message,
  type PrecompileFunc,
} from '@ethereumjs/evm'
import { createAddressFromString, equalsBytes } from '@ethereumjs/util'
import {
  type BlockFacts,
  type CallKind,
  type NativePrecompile,
  PrecompileOutOfGas,
  PrecompileRevert,
} from '../../../precompiles/host.ts'
import { isNodeError, messageOf, NodeError } from '../../errors/errors.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../primitives/hex.ts'
import type { EthereumjsStateManager } from '../../state/ethereumjsStateManager.ts'
import { isStateFailure } from '../../state/stateFailure.ts'
import { type Cancellation, throwIfCancelled } from '../cancellation.ts'
import type { PrecompileRules, StandardPrecompile } from '../crypto/standardPrecompile.ts'
import { type AccessSet, FrameHost } from './frameHost.ts'

export interface NativeEvmOptions {
  readonly common: Common
  readonly genesisHash: Hash
  /** The native precompiles active at the block that is run. */
  readonly precompiles: readonly NativePrecompile[]
  /** Ethereum's own precompiles, which take the place of ethereumjs's where the fork has them. */
  readonly standard: readonly StandardPrecompile[]
  /** Hash of one of the last 256 blocks, for BLOCKHASH. */
  readonly blockHashOf: (number: number) => Hash
  /** Asked while code runs: it ends with CANCELLED once this is so. */
  readonly signal?: Cancellation | undefined
}

/** JUMP, JUMPI, CREATE, CALL, CALLCODE, DELEGATECALL, CREATE2, STATICCALL. */
const ASKING_OPCODES = [0x56, 0x57, 0xf0, 0xf1, 0xf2, 0xf4, 0xf5, 0xfa] as const

type EvmBlock = NonNullable<Parameters<EVM['runCall']>[0]['block']>
type BlockHashes = NonNullable<ConstructorParameters<typeof EVM>[0]['blockchain']>

function blockHashes(hashOf: (number: number) => Hash): BlockHashes {
  return {
    getBlock: async (number) => ({ hash: () => hexToBytes(hashOf(number)) }),
    putBlock: async () => undefined,
    shallowCopy: () => blockHashes(hashOf),
  }
}

/**
 * The ethereumjs EVM with native precompiles that see their caller, value, call kind and journaled state. The base
 * class hands a precompile none of these; binding each call to its own message, when its code is loaded, does.
 */
export class NativeEvm extends EVM {
  readonly #options: NativeEvmOptions
  readonly #state: EthereumjsStateManager
  readonly #natives: ReadonlyMap<PrecompileFunc, NativePrecompile>

  constructor(options: NativeEvmOptions, modules: { state: EthereumjsStateManager }) {
    const natives = new Map<PrecompileFunc, NativePrecompile>()
    for (const native of options.precompiles) {
      natives.set(() => {
        throw new Error(`${native.name} was called without its message`)
      }, native)
    }
    super({
      common: options.common,
      stateManager: modules.state,
      blockchain: blockHashes(options.blockHashOf),
      customPrecompiles: [
        ...[...natives].map(([placeholder, native]) => ({
          address: createAddressFromString(native.address),
          function: placeholder,
        })),
        ...standardPrecompiles(options),
      ],
    })
    leaveNoListener(options.common)
    if (options.signal !== undefined) this.#askWhileRunning(options.signal)
    this.#options = options
    this.#state = modules.state
    this.#natives = natives
  }

  /**
   * Whatever is thrown while code runs is a fault of this node: what code does wrong is in the result. A state that
   * cannot be read, such as one that is dropped meanwhile, says so itself.
   */
  override async runCall(options: EVMRunCallOpts): Promise<EVMResult> {
    try {
      return await super.runCall(options)
    } catch (error) {
      // calls of inner frames come with their message
      if (options.message !== undefined || isStateFailure(error)) throw error
      if (isNodeError(error, 'CANCELLED')) throw error
      throw new NodeError('TX_FAULT', `The execution failed by itself: ${messageOf(error)}`, {}, error)
    }
  }

  protected override async _loadCode(message: Message): Promise<void> {
    await super._loadCode(message)
    if (message.isCompiled !== true) return
    const native = this.#natives.get(message.code as PrecompileFunc)
    if (native === undefined) return
    message.code = (input) => this.#runNative(native, message, input.data, input.gasLimit)
  }

  #runNative(native: NativePrecompile, message: Message, input: Uint8Array, gasLimit: bigint): ExecResult {
    const host = new FrameHost(
      {
        self: native.address,
        caller: bytesToHex(message.caller.bytes),
        origin: bytesToHex(this._tx?.origin.bytes ?? message.caller.bytes),
        valueWei: message.value,
        callKind: callKindOf(message),
        isStatic: message.isStatic,
        gasLimit,
        block: blockFacts(this._block, this.common),
        genesisHash: this.#options.genesisHash,
      },
      { state: this.#state.journal, access: this.#access },
    )
    try {
      const returnValue = native.run(host, input)
      message.gasRefund += host.gasRefund
      return {
        executionGasUsed: host.gasUsed,
        returnValue,
        logs: host.logs.map((log) => [hexToBytes(native.address), log.topics.map(hexToBytes), log.data]),
        ...(message.selfdestruct === undefined ? {} : { selfdestruct: message.selfdestruct }),
        ...(message.createdAddresses === undefined ? {} : { createdAddresses: message.createdAddresses }),
      }
    } catch (error) {
      if (error instanceof PrecompileRevert) return failed('revert', host.gasUsed, error.data)
      if (error instanceof PrecompileOutOfGas) return failed('out of gas', gasLimit)
      throw error
    }
  }

  /**
   * No code runs for long without a jump or a call: a stretch without either is as long as a contract at most. Asking
   * at those costs nothing that can be measured, while a listener for each step makes all code several times slower.
   */
  #askWhileRunning(signal: Cancellation): void {
    for (const opcode of ASKING_OPCODES) {
      const entry = this._opcodeMap[opcode]
      if (entry === undefined) continue
      const { opHandler } = entry
      entry.opHandler = (runState, common) => {
        throwIfCancelled(signal)
        return opHandler(runState, common)
      }
    }
  }

  readonly #access: AccessSet = {
    isWarmAccount: (account) => this.journal.isWarmedAddress(hexToBytes(account)),
    warmAccount: (account) => this.journal.addWarmedAddress(hexToBytes(account)),
    isWarmSlot: (account, slot) => this.journal.isWarmedStorage(hexToBytes(account), slot),
    warmSlot: (account, slot) => this.journal.addWarmedStorage(hexToBytes(account), slot),
  }
}

function standardPrecompiles({ common, standard }: NativeEvmOptions): CustomPrecompile[] {
  const active = getActivePrecompiles(common)
  const rules = rulesOf(common)
  return standard
    .filter(({ address }) => active.has(address.slice(2)))
    .map((precompile) => ({
      address: precompile.address,
      function: ({ data, gasLimit }) => runStandard(precompile, { rules, input: data, gasLimit }),
    }))
}

function rulesOf(common: Common): PrecompileRules {
  const pricing = common.isActivatedEIP(2565) ? 'EIP-2565' : 'EIP-198'
  return {
    hasCheapBn254: common.gteHardfork('istanbul'),
    modexpPricing: common.isActivatedEIP(7883) ? 'EIP-7883' : pricing,
    boundsModexp: common.isActivatedEIP(7823),
  }
}

function runStandard(
  precompile: StandardPrecompile,
  { rules, input, gasLimit }: { rules: PrecompileRules; input: Uint8Array; gasLimit: bigint },
): ExecResult {
  const gas = precompile.gas(input, rules)
  if (gas > gasLimit) return failed('out of gas', gasLimit)
  const returnValue = precompile.run(input, rules)
  return returnValue === undefined
    ? failed('invalid input', gasLimit)
    : { executionGasUsed: gas, returnValue }
}

/**
 * Every EVM listens to its Common for changes of the fork, and so would be kept, with its state, as long as the chain's
 * one Common is. The fork of a Common never changes here.
 */
function leaveNoListener(common: Common): void {
  const added = common.events.listeners('hardforkChanged').at(-1)
  if (added !== undefined) common.events.off('hardforkChanged', added)
}

const errors = {
  revert: EVMError.errorMessages.REVERT,
  'out of gas': EVMError.errorMessages.OUT_OF_GAS,
  'invalid input': EVMError.errorMessages.OUT_OF_RANGE,
} as const

function failed(kind: keyof typeof errors, gasUsed: bigint, data: Uint8Array = new Uint8Array()): ExecResult {
  const exceptionError = new EVMError(errors[kind])
  return { executionGasUsed: gasUsed, returnValue: data, exceptionError, logs: [] }
}

function callKindOf(message: Message): CallKind {
  if (message.delegatecall) return 'delegatecall'
  const runsAsOther = message.to !== undefined && !equalsBytes(message.to.bytes, message.codeAddress.bytes)
  if (runsAsOther) return 'callcode'
  return message.isStatic ? 'staticcall' : 'call'
}

function blockFacts(block: EvmBlock | undefined, common: Common): BlockFacts {
  const header = block?.header
  const zero: Address = `0x${'00'.repeat(20)}`
  return {
    number: header?.number ?? 0n,
    timestamp: header?.timestamp ?? 0n,
    chainId: common.chainId(),
    baseFeeWei: header?.baseFeePerGas ?? 0n,
    prevRandao: bytesToHex(header?.prevRandao ?? new Uint8Array(32)),
    coinbase: header === undefined ? zero : bytesToHex(header.coinbase.bytes),
  }
}
