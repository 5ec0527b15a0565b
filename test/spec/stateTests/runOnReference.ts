import type { Common } from '@ethereumjs/common'
import { createEVM } from '@ethereumjs/evm'
import { MerkleStateManager } from '@ethereumjs/statemanager'
import { Account, createAddressFromString } from '@ethereumjs/util'
import { createVM, runTx } from '@ethereumjs/vm'
import { messageOf } from '../../../src/errors/errors.ts'
import { bigIntToBytes, bigIntToMinimalBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { blockOf, testBlockHash } from './environment.ts'
import type { StateTestCase } from './fixture.ts'
import { toBigInt } from './numbers.ts'
import { hashOfLogs, NO_LOGS, type Outcome } from './outcome.ts'
import { transactionOf } from './transaction.ts'

/** Runs a case with the packages of ethereumjs alone: their EVM, their crypto, their state. */
export async function runOnReference(testCase: StateTestCase, shared: Common): Promise<Outcome> {
  // an EVM of ethereumjs stays a listener of its Common for ever
  const common = shared.copy()
  const { test } = testCase
  const stateManager = new MerkleStateManager({ common })
  const blockchain = referenceHashes()
  const evm = await createEVM({ common, stateManager, blockchain })
  const vm = await createVM({ common, stateManager, evm })
  await putAccounts(stateManager, testCase)
  const block = blockOf(test.env, common)
  let logsHash = NO_LOGS
  let refusal: string | undefined
  try {
    const tx = transactionOf(testCase, common)
    const { execResult } = await runTx(vm, { tx, block, skipHardForkValidation: true })
    logsHash = hashOfLogs(execResult.logs ?? [])
  } catch (error) {
    refusal = messageOf(error)
  }
  const coinbase = createAddressFromString(test.env.currentCoinbase)
  await evm.journal.putAccount(coinbase, (await stateManager.getAccount(coinbase)) ?? new Account())
  await evm.journal.cleanup()
  return { stateRoot: bytesToHex(await stateManager.getStateRoot()), logsHash, refusal }
}

async function putAccounts(stateManager: MerkleStateManager, { test }: StateTestCase): Promise<void> {
  for (const [name, { nonce, balance, code, storage }] of Object.entries(test.pre)) {
    const address = createAddressFromString(name)
    await stateManager.putAccount(address, new Account(toBigInt(nonce), toBigInt(balance)))
    await stateManager.putCode(address, hexToBytes(code))
    for (const [slot, value] of Object.entries(storage)) {
      const key = bigIntToBytes(toBigInt(slot), 32)
      await stateManager.putStorage(address, key, bigIntToMinimalBytes(toBigInt(value)))
    }
  }
  await stateManager.flush()
}

type BlockHashes = NonNullable<NonNullable<Parameters<typeof createEVM>[0]>['blockchain']>

function referenceHashes(): BlockHashes {
  return {
    getBlock: async (number) => ({ hash: () => hexToBytes(testBlockHash(number)) }),
    putBlock: async () => undefined,
    shallowCopy: referenceHashes,
  }
}
