import { describe, expect, it } from 'vitest'
import { loadStandardPrecompiles } from '../../../src/execution/crypto/standardPrecompiles.ts'
import { ChainConsensusApp } from '../../../src/node/consensusApp.ts'
import { devnetValidator } from '../../../src/node/devnet/keys.ts'
import { LocalExecution } from '../../../src/node/execution/localExecution.ts'
import { bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { account, offered, revealChain, TestChain } from '../../support/chain.ts'
import { SetClock } from '../../support/consensusNode.ts'
import { itExecutes } from '../../support/executionSuite.ts'
import { temporaryFolder } from '../../support/temporaryFolder.ts'

const folder = temporaryFolder()
const IDENTITY = `0x${'04'.padStart(40, '0')}` as const

describe('execution in the thread of its caller', () => itExecutes('in this thread', folder))

describe('a transaction that makes the execution fail by itself', () => {
  it('is named beside the block that was built without it, and offered no more', async () => {
    const broken = (await loadStandardPrecompiles()).map((precompile) => ({
      ...precompile,
      run: () => {
        throw new TypeError('broken')
      },
    }))
    const kv = new MemoryStore()
    const { chain, ...rest } = await openWith(kv, broken)
    const { consensus, operator } = devnetValidator(0)
    const dropped: Hash[] = []
    const clock = new SetClock()
    const app = new ChainConsensusApp(
      { builder: { validator: consensus.address, operator: operator.address, reveals: revealChain(0) } },
      {
        ...{ chain, kv, clock, logger: silentLogger },
        execution: new LocalExecution({ chain, kv, clock }),
        transactions: {
          offer: () => rest.transactions.map(offered),
          drop: (hash) => dropped.push(hash),
          setBack: () => undefined,
        },
      },
    )
    await app.buildValue(1, 0, null, new AbortController().signal)
    // the one whose nonce is too high stays where it is
    expect(dropped).toEqual([bytesToHex(rest.faulty.hash())])
  })
})

async function openWith(kv: MemoryStore, standard: Awaited<ReturnType<typeof loadStandardPrecompiles>>) {
  const test = await TestChain.open({ kv, standard })
  const faulty = test.transaction(account(0), { to: IDENTITY, data: '0x01' })
  const early = test.transaction(account(1), { to: account(2).address, nonce: 5n, gasLimit: 21_000n })
  return { chain: test.chain, faulty, transactions: [faulty, early] }
}
