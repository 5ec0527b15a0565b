import type { Block } from '@ethereumjs/block'
import type { TypedTransaction } from '@ethereumjs/tx'
import { createVM, type RunTxResult, runTx, type VM } from '@ethereumjs/vm'
import { isNodeError, messageOf, NodeError } from '../../errors/errors.ts'
import { bytesToHex } from '../../primitives/hex.ts'
import type { EthereumjsStateManager } from '../../state/ethereumjsStateManager.ts'
import { isStateFailure } from '../../state/stateFailure.ts'
import type { StateJournal } from '../../state/stateJournal.ts'
import { NativeEvm, type NativeEvmOptions } from './nativeEvm.ts'

/** An EVM with the state that it runs on. */
export interface Machine {
  readonly journal: StateJournal
  readonly evm: NativeEvm
  readonly vm: VM
}

export async function openMachine(
  options: NativeEvmOptions,
  modules: { state: EthereumjsStateManager },
): Promise<Machine> {
  const { state } = modules
  const evm = new NativeEvm(options, { state })
  const vm = await createVM({ common: options.common, stateManager: state, evm })
  return { journal: state.journal, evm, vm }
}

/**
 * Runs a transaction on the machine's state. One that cannot be included (nonce, balance, gas) throws TX_INVALID, one
 * that makes this node itself fail (a precompile that throws what is no EVM error) TX_FAULT, one that is no longer wanted
 * CANCELLED, and a state that cannot be read its own error; none leaves anything behind.
 */
export async function applyTransaction(
  machine: Machine,
  input: { tx: TypedTransaction; block: Block; blockGasUsed: bigint },
): Promise<RunTxResult> {
  const { journal, evm, vm } = machine
  journal.beginTransaction()
  const depth = journal.depth
  try {
    return await runTx(vm, { ...input, skipHardForkValidation: true })
  } catch (error) {
    // an exception that is no EVM error leaves the checkpoints of the frames that it came through
    while (journal.depth > depth) journal.revert()
    evm.journal.cleanJournal()
    evm.transientStorage.clear()
    if (isStateFailure(error) || isNodeError(error, 'CANCELLED')) throw error
    const code = isNodeError(error, 'TX_FAULT') ? 'TX_FAULT' : 'TX_INVALID'
    throw new NodeError(code, messageOf(error), { hash: bytesToHex(input.tx.hash()) }, error)
  }
}
