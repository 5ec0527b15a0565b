import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { predeploys } from '../../../src/chainspec/addresses.ts'
import { limits } from '../../../src/config/limits.ts'
import { CallsThread } from '../../../src/node/execution/callsThread.ts'
import { type Address, bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { verifyAccountProof } from '../../../src/state/proofs.ts'
import {
  certificateOf,
  type ExecutionWorld,
  openExecution,
  receiver,
  request,
  transfer,
  wanted,
} from '../../support/executionSuite.ts'
import { ManualClock } from '../../support/network/manualClock.ts'
import { codeOf } from '../../support/network/outcome.ts'
import { temporaryFolder } from '../../support/temporaryFolder.ts'

const folder = temporaryFolder()
const contract: Address = `0x${'43'.repeat(20)}`
const BALANCE = hexToBytes(`0x73${'42'.repeat(20)}315f5260205ff3`)
const LOOP = hexToBytes('0x5b600056')
const at = (blockNumber: bigint, code = BALANCE) => ({
  blockNumber,
  stateOverrides: new Map([[contract, { code }]]),
})

async function mine(world: ExecutionWorld, nonce: bigint): Promise<void> {
  const { blockHash, envelope } = await world.execution.build(
    request(world, [transfer(world, 0, { nonce })]),
    wanted(),
  )
  await world.execution.commit(envelope, certificateOf(world, blockHash))
}

/** A chain that the execution thread writes and the calls thread reads, in one folder. */
async function withThreads(
  use: (world: ExecutionWorld, calls: CallsThread, clock: ManualClock) => Promise<void>,
): Promise<void> {
  const world = await openExecution('in another thread', folder())
  const clock = new ManualClock()
  const genesis = world.chain.spec.genesis
  const calls = new CallsThread({ folder: world.kv.folder, genesis }, { clock, logger: silentLogger })
  try {
    await use(world, calls, clock)
  } finally {
    await calls.stop()
    await world.close()
  }
}

describe('the calls thread', () => {
  it('reads what the execution thread writes, block after block', () =>
    withThreads(async (world, calls) => {
      const last = (bytes: Uint8Array) => bytes.at(-1)
      for (let height = 0; height < 3; height++) {
        expect(last((await calls.call({ to: contract }, at(BigInt(height)))).output)).toBe(height)
        await mine(world, BigInt(height))
      }
      expect(last((await calls.call({ to: contract }, at(1n))).output)).toBe(1)
      expect(await codeOf(calls.call({ to: contract }, at(9n)))).toBe('NOT_FOUND')
      const { accountProof } = await calls.proof(receiver, [], 3n)
      const root = bytesToHex(world.chain.head.block.header.stateRoot)
      expect(verifyAccountProof(root, receiver, accountProof)?.balanceWei).toBe(3n)
      const staking = { addresses: [predeploys.staking], topics: [], limit: 1_000 }
      expect((await calls.logs({ fromBlock: 0n, toBlock: 3n, ...staking })).length).toBe(0)
      const { accessList } = await calls.createAccessList({ to: contract }, at(3n))
      expect(accessList.map(({ address }) => address)).toEqual([receiver])
    }))

  it('gives up what takes too long, and answers the next', () =>
    withThreads(async (_world, calls, clock) => {
      await calls.call({ to: contract }, at(0n))
      const slow = codeOf(calls.call({ to: contract, gasLimit: limits.rpcCallGas }, at(0n, LOOP)))
      const next = calls.call({ to: contract }, at(0n))
      // the time of the one that waits is up as well, but it came later
      const later = codeOf(next)
      await clock.advance(limits.rpcCallMs)
      expect(await slow).toBe('TIMEOUT')
      expect(await later).toBe('TIMEOUT')
      expect((await calls.call({ to: contract }, at(0n))).failure).toBeUndefined()
    }))

  it('refuses more than may wait', () =>
    withThreads(async (_world, calls) => {
      const all = Array.from({ length: limits.rpcCallQueue + 2 }, () =>
        calls.call({ to: contract }, at(0n)).then(
          () => 'answered',
          (error: { code: string }) => error.code,
        ),
      )
      const outcomes = await Promise.all(all)
      expect(outcomes.filter((outcome) => outcome === 'answered').length).toBe(limits.rpcCallQueue + 1)
      expect(outcomes.at(-1)).toBe('LIMIT_EXCEEDED')
    }))

  it('is replaced when it died', async () => {
    const options = { folder: join('/dev/null', 'nowhere'), genesis: {} as never }
    const calls = new CallsThread(options, { clock: new ManualClock(), logger: silentLogger })
    for (let n = 0; n < 2; n++) {
      await expect(calls.call({ to: contract }, at(0n))).rejects.toHaveProperty('code', 'INTERNAL')
    }
    await calls.stop()
    expect(await codeOf(calls.call({ to: contract }, at(0n)))).toBe('CANCELLED')
  })
})
