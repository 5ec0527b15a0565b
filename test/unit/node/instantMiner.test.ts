import { beforeAll, describe, expect, it } from 'vitest'
import type { GenesisInput } from '../../../src/chainspec/schema.ts'
import type { ConsensusApp } from '../../../src/consensus/ports.ts'
import { LocalSigner } from '../../../src/consensus/signer.ts'
import { checkCertificate } from '../../../src/ledger/certificate.ts'
import { ChainConsensusApp, type TransactionOffers } from '../../../src/node/consensusApp.ts'
import {
  devnetGenesisAccounts,
  devnetGenesisValidators,
  devnetValidator,
} from '../../../src/node/devnet/keys.ts'
import { LocalExecution } from '../../../src/node/execution/localExecution.ts'
import { withConstructedAlloc } from '../../../src/node/genesisFile.ts'
import { InstantMiner } from '../../../src/node/instantMiner.ts'
import { hexToBytes } from '../../../src/primitives/hex.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { account, devnetGenesis, revealChain } from '../../support/chain.ts'
import { eventually } from '../../support/network/eventually.ts'
import { settle } from '../../support/network/manualClock.ts'
import { PoolNode } from '../../support/poolNode.ts'
import { MemoryFiles } from '../consensus/memoryFiles.ts'

const receiver = `0x${'42'.repeat(20)}` as const
let genesis: GenesisInput

beforeAll(async () => {
  const alone = { validators: devnetGenesisValidators(1), accounts: devnetGenesisAccounts(1) }
  genesis = await withConstructedAlloc({ ...devnetGenesis(), ...alone }, 'test')
})

/** A network of one validator; `change` replaces parts of what the miner decides with, `offer` what it builds of. */
async function open(
  change: (app: ConsensusApp) => Partial<ConsensusApp> = () => ({}),
  offer?: TransactionOffers['offer'],
) {
  const node = await PoolNode.open({ genesis })
  const { chain } = node.test
  const { consensus, operator } = devnetValidator(0)
  const privateKey = hexToBytes(consensus.privateKey)
  const builder = { validator: consensus.address, operator: operator.address, reveals: revealChain(0) }
  const common = { clock: node.clock, logger: silentLogger }
  const { pool } = node
  const transactions: TransactionOffers = {
    offer: offer ?? ((most) => pool.offer(most)),
    drop: (hash) => pool.drop(hash),
    setBack: (hash) => pool.setBack(hash),
  }
  const app = new ChainConsensusApp(
    { builder, mostTransactions: 1 },
    {
      ...{ ...common, chain, kv: node.kv, transactions },
      execution: new LocalExecution({ chain, kv: node.kv, clock: node.clock }),
    },
  )
  const signer = await LocalSigner.open(
    { privateKey, domain: chain.signingDomain, stateFile: 'last-signed.json' },
    { files: new MemoryFiles() },
  )
  const ports: ConsensusApp = {
    context: () => app.context(),
    blockHashOf: (envelope) => app.blockHashOf(envelope),
    buildValue: (...args) => app.buildValue(...args),
    validateValue: (...args) => app.validateValue(...args),
    commit: (...args) => app.commit(...args),
    decided: (height) => app.decided(height),
  }
  const miner = new InstantMiner({
    app: { ...ports, ...change(ports) },
    signer,
    mempool: node.mempool,
    logger: silentLogger,
  })
  return { node, miner, chain }
}

type Opened = Awaited<ReturnType<typeof open>>

function send({ node }: Opened, sender: number, fields: { nonce?: bigint; gasLimit?: bigint } = {}): void {
  const tx = node.test.transaction(account(sender), { to: receiver, value: 1n, gasLimit: 21_000n, ...fields })
  node.mempool.add(tx.serialize())
}

/** Long enough for a block that should not come. */
async function idle(): Promise<void> {
  for (let n = 0; n < 50; n++) await settle()
}

const reaches = ({ chain }: Opened, height: number) =>
  eventually(`block ${height}`, () => chain.head.height >= height)

describe('a validator that decides alone', () => {
  it('makes a block for each transaction, and none while there is nothing to do', async () => {
    const world = await open()
    const { miner, chain, node } = world
    await miner.start()
    await idle()
    expect(chain.head.height).toBe(0)
    for (const sender of [0, 0, 1]) send(world, sender)
    await reaches(world, 3)
    await idle()
    const sizes = [1, 2, 3].map((height) => chain.store.block(height)?.transactions.length)
    expect(sizes).toEqual([1, 1, 1])
    expect(node.mempool.status()).toMatchObject({ pending: 0, queued: 0 })
    expect(chain.head.height).toBe(3)
    await miner.stop()
  })

  it('signs a certificate that anyone can check', async () => {
    const world = await open()
    const { miner, chain } = world
    await miner.start()
    send(world, 0)
    await reaches(world, 1)
    await miner.stop()
    expect(chain.head.certificate).toMatchObject({ height: 1, round: 0, blockHash: chain.head.blockHash })
    checkCertificate(chain.signingDomain, chain.head.nextSet, chain.head.certificate!)
  })

  it('mines what was in the pool before it started', async () => {
    const world = await open()
    send(world, 0)
    await world.miner.start()
    await reaches(world, 1)
    await world.miner.stop()
  })

  it('waits for the gap before a transaction to close', async () => {
    const world = await open()
    const { miner, chain, node } = world
    await miner.start()
    send(world, 0, { nonce: 1n })
    await idle()
    expect([chain.head.height, node.mempool.status().queued]).toEqual([0, 1])
    send(world, 0, { nonce: 0n })
    await reaches(world, 2)
    await miner.stop()
  })

  it('mines no more once it stopped', async () => {
    const world = await open()
    await world.miner.start()
    await world.miner.stop()
    send(world, 0)
    await idle()
    expect(world.chain.head.height).toBe(0)
  })

  it('does not try again at once what its builder left out', async () => {
    let built = 0
    const world = await open(
      ({ buildValue }) => ({
        buildValue: (...args) => {
          built += 1
          if (built > 5) throw new Error('it spins')
          return buildValue(...args)
        },
      }),
      () => [],
    )
    await world.miner.start()
    send(world, 0)
    await reaches(world, 1)
    await idle()
    await world.miner.stop()
    expect(built).toBe(1)
    expect(world.node.mempool.status().pending).toBe(1)
  })

  it('goes on with the next transaction when a block failed', async () => {
    let failures = 0
    const world = await open(({ commit }) => ({
      commit: async (...args) => {
        if (failures++ === 0) throw new Error('the disk is busy')
        return commit(...args)
      },
    }))
    await world.miner.start()
    send(world, 0)
    await eventually('a failure', () => failures === 1)
    await idle()
    expect(world.chain.head.height).toBe(0)
    send(world, 1)
    await reaches(world, 2)
    await world.miner.stop()
  })
})
