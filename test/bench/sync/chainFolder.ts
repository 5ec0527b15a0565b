import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { GenesisInput } from '../../../src/chainspec/schema.ts'
import { ChainConsensusApp } from '../../../src/node/consensusApp.ts'
import { devnetValidator } from '../../../src/node/devnet/keys.ts'
import { LocalExecution } from '../../../src/node/execution/localExecution.ts'
import { readGenesisFile } from '../../../src/node/genesisFile.ts'
import type { Address } from '../../../src/primitives/hex.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import type { KvStore } from '../../../src/storage/kv.ts'
import { ensureLayout } from '../../../src/storage/layout.ts'
import { LevelStore } from '../../../src/storage/levelStore.ts'
import { account, offered, revealChain, TestChain } from '../../support/chain.ts'
import { SetClock } from '../../support/consensusNode.ts'

export interface ChainOptions {
  readonly blocks: number
  /** Transfers in each block, among known accounts. */
  readonly transfers: number
  /** Accounts that are made in the first blocks, so that there is a state of that size. */
  readonly accounts: number
  /** The devnet's unless given. */
  readonly genesis?: GenesisInput
}

const ACCOUNTS_A_BLOCK = 1_000
const SENDERS = 5
/** Blocks that are lost by a crash here are made anew: only the last write is waited for. */
const unsynced = (kv: KvStore): KvStore => ({
  get: (key) => kv.get(key),
  write: (ops) => kv.write(ops, { sync: false }),
  iterate: (range) => kv.iterate(range),
  snapshot: () => kv.snapshot(),
  close: () => kv.close(),
})

const numbered = (n: number): Address => `0x${(0xac00000000 + n).toString(16).padStart(40, '0')}`

/** Writes the data folder of a node with a decided chain of the devnet, each block certified by three validators. */
export async function makeChainFolder(
  dataDir: string,
  { blocks, transfers, accounts, genesis: given }: ChainOptions,
  say: (height: number) => void,
): Promise<void> {
  await mkdir(dataDir, { recursive: true })
  const kv = await LevelStore.open(join(dataDir, 'chain'))
  await ensureLayout(kv)
  const genesis = given ?? (await readGenesisFile('genesis/devnet.json')).json
  const test = await TestChain.open({ genesis, kv: unsynced(kv) })
  const { app, pending, clock } = consensusApp(test, unsynced(kv))
  let made = 0
  for (let height = 1; height <= blocks; height++) {
    const wanted = made < accounts ? Math.min(ACCOUNTS_A_BLOCK, accounts - made) : transfers
    for (let n = 0; n < wanted; n++) {
      const to = made < accounts ? numbered(made++) : numbered(n)
      pending.push(test.transaction(account(n % SENDERS), { to, value: 1n, gasLimit: 21_000n }))
    }
    clock.ms = Number(test.chain.head.block.header.timestamp) * 1_000 + 1_000
    const value = await app.buildValue(height, 0, test.chain.head.certificate, new AbortController().signal)
    await app.commit(value.envelope, test.certificate({ blockHash: value.blockHash } as never))
    say(height)
  }
  await test.chain.close()
  await kv.write([], { sync: true })
  await kv.close()
}

/** The application of consensus on a chain, which builds as validator 0 what is pending. */
export function consensusApp(test: TestChain, kv: KvStore) {
  const { consensus, operator } = devnetValidator(0)
  const builder = { validator: consensus.address, operator: operator.address, reveals: revealChain(0) }
  const pending: ReturnType<TestChain['transaction']>[] = []
  const clock = new SetClock()
  const { chain } = test
  const execution = new LocalExecution({ chain, kv, clock })
  const transactions = {
    offer: () => pending.splice(0).map(offered),
    drop: () => undefined,
    setBack: () => undefined,
  }
  const app = new ChainConsensusApp(
    { builder },
    { chain, execution, kv, clock, logger: silentLogger, transactions },
  )
  return { app, pending, clock }
}
