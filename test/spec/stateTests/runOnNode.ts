import type { Common } from '@ethereumjs/common'
import type { TypedTransaction } from '@ethereumjs/tx'
import type { NativePrecompile } from '../../../precompiles/host.ts'
import { messageOf } from '../../../src/errors/errors.ts'
import { loadStandardPrecompiles } from '../../../src/execution/crypto/standardPrecompiles.ts'
import { applyTransaction, openMachine } from '../../../src/execution/evm/machine.ts'
import { bigIntToBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex, hexToBytes, toAddress, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT } from '../../../src/primitives/keccak.ts'
import { stateCommitOps } from '../../../src/state/commitOps.ts'
import { EthereumjsStateManager } from '../../../src/state/ethereumjsStateManager.ts'
import { FlatState } from '../../../src/state/flatState.ts'
import { StateJournal } from '../../../src/state/stateJournal.ts'
import { computeStateRoot } from '../../../src/state/stateRoot.ts'
import type { StateDiff } from '../../../src/state/types.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { blockOf, testBlockHash } from './environment.ts'
import type { StateTestCase, TestAccounts } from './fixture.ts'
import { toBigInt } from './numbers.ts'
import { hashOfLogs, NO_LOGS, type Outcome } from './outcome.ts'
import { transactionOf } from './transaction.ts'

/** An outcome with what the transaction changed. */
export interface NodeOutcome extends Outcome {
  readonly diff: StateDiff
}

/** Runs a case as a block of this node would: its state on a store, its journal, its EVM, its roots. */
export async function runOnNode(
  testCase: StateTestCase,
  common: Common,
  precompiles: readonly NativePrecompile[],
): Promise<NodeOutcome> {
  const { test } = testCase
  const kv = new MemoryStore()
  const parentRoot = await storeAccounts(kv, test.pre)
  const journal = new StateJournal(new FlatState(kv))
  const block = blockOf(test.env, common)
  const machine = await openMachine(
    {
      common,
      genesisHash: ZERO_HASH,
      precompiles,
      standard: await loadStandardPrecompiles(),
      blockHashOf: testBlockHash,
    },
    { state: new EthereumjsStateManager(journal, { kv, parentRoot }) },
  )
  let logsHash = NO_LOGS
  let refusal: string | undefined
  try {
    const tx: TypedTransaction = transactionOf(testCase, common)
    const { execResult } = await applyTransaction(machine, { tx, block, blockGasUsed: 0n })
    logsHash = hashOfLogs(execResult.logs ?? [])
  } catch (error) {
    refusal = messageOf(error)
  }
  touchCoinbase(journal, test.env.currentCoinbase, common)
  const { stateRoot, diff } = await computeStateRoot(kv, parentRoot, journal.diff(), 1)
  return { stateRoot, logsHash, refusal, diff }
}

async function storeAccounts(kv: MemoryStore, accounts: TestAccounts) {
  const journal = new StateJournal(new FlatState(kv))
  for (const [name, { nonce, balance, code, storage }] of Object.entries(accounts)) {
    const address = toAddress(name)
    journal.setAccount(address, {
      nonce: toBigInt(nonce),
      balanceWei: toBigInt(balance),
      codeHash: EMPTY_CODE_HASH,
    })
    journal.setCode(address, hexToBytes(code))
    for (const [slot, value] of Object.entries(storage)) {
      journal.setStorage(address, bytesToHex(bigIntToBytes(toBigInt(slot), 32)), toBigInt(value))
    }
  }
  const result = await computeStateRoot(kv, EMPTY_TRIE_ROOT, journal.diff(), 0)
  await kv.write(await stateCommitOps(kv, result), { sync: false })
  return result.stateRoot
}

/**
 * The tests' generator rewards the coinbase with nothing after the transaction, executed or not: before EIP-158 that
 * creates its account, since then it deletes an empty one.
 */
function touchCoinbase(journal: StateJournal, coinbase: string, common: Common): void {
  const address = toAddress(coinbase)
  const account = journal.account(address)
  if (!common.gteHardfork('spuriousDragon')) {
    if (account === undefined) {
      journal.setAccount(address, { nonce: 0n, balanceWei: 0n, codeHash: EMPTY_CODE_HASH })
    }
    return
  }
  const isEmpty = account?.nonce === 0n && account.balanceWei === 0n && account.codeHash === EMPTY_CODE_HASH
  if (isEmpty) journal.deleteAccount(address)
}
