// What any implementation of the execution port does, for the one in this thread and the one in another.
import { join } from 'node:path'
import { createBlockFromRLP } from '@ethereumjs/block'
import { createFeeMarket1559Tx, type TypedTransaction } from '@ethereumjs/tx'
import { expect, it } from 'vitest'
import { createChainSpec } from '../../src/chainspec/chainSpec.ts'
import { parseGenesis } from '../../src/chainspec/schema.ts'
import { type ChainView, readHead } from '../../src/execution/chainView.ts'
import type { BuildRequest, BuiltBlock, ExecutionPort } from '../../src/execution/ports.ts'
import { readRandomnessTip } from '../../src/execution/stakingView.ts'
import { decodeBlock } from '../../src/ledger/block.ts'
import { type Certificate, makeCertificate } from '../../src/ledger/certificate.ts'
import { decodeEnvelope, encodeEnvelope } from '../../src/ledger/envelope.ts'
import { type UnsignedVote, voteDigest } from '../../src/ledger/vote.ts'
import { devnetValidator } from '../../src/node/devnet/keys.ts'
import { openExecutionThread } from '../../src/node/execution/executionThread.ts'
import { openLocalExecution } from '../../src/node/execution/localExecution.ts'
import { readPriorities } from '../../src/node/execution/priorities.ts'
import { precompilesOf } from '../../src/node/precompiles.ts'
import { type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { sign } from '../../src/primitives/secp256k1.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { FlatState } from '../../src/state/flatState.ts'
import { LevelStore } from '../../src/storage/levelStore.ts'
import { account, devnetGenesis, offered, revealChain } from './chain.ts'
import { codeOf } from './network/outcome.ts'

export type Where = 'in this thread' | 'in another thread'

export const receiver = `0x${'42'.repeat(20)}` as const
/** JUMPDEST PUSH1 0 JUMP: as init code it takes all gas of its transaction. */
const LOOP = '0x5b600056'
export const LOOP_GAS = 16_000_000n
export const wanted = (): AbortSignal => new AbortController().signal

export interface ExecutionWorld {
  readonly chain: ChainView
  readonly execution: ExecutionPort
  readonly kv: LevelStore
  close(): Promise<void>
}

export async function openExecution(where: Where, folder: string): Promise<ExecutionWorld> {
  const spec = createChainSpec(parseGenesis(devnetGenesis(), 'test'))
  const kv = await LevelStore.open(join(folder, 'chain'))
  const options = { spec, precompiles: precompilesOf(spec), keeping: {} }
  const onFailure = (error: unknown) => {
    throw error
  }
  const modules = { kv, clock: systemClock, logger: silentLogger, onFailure }
  const { chain, execution } =
    where === 'in this thread'
      ? await openLocalExecution(options, modules)
      : await openExecutionThread({ ...options, folder: kv.folder, logFile: undefined }, modules)
  const close = async () => {
    await execution.close()
    await kv.close()
  }
  return { chain, execution, kv, close }
}

interface Fields {
  readonly nonce?: bigint
  readonly gasLimit?: bigint
  readonly value?: bigint
}

export function transfer({ chain }: ExecutionWorld, sender: number, fields: Fields = {}): TypedTransaction {
  return transaction(chain, sender, { to: receiver, value: 1n, gasLimit: 21_000n, ...fields })
}

/** Runs for as long as its gas lasts. */
export function loop({ chain }: ExecutionWorld, sender: number, fields: Fields = {}): TypedTransaction {
  return transaction(chain, sender, { data: LOOP, gasLimit: LOOP_GAS, ...fields })
}

function transaction(chain: ChainView, sender: number, fields: object): TypedTransaction {
  const price = { maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n }
  const { privateKey } = account(sender)
  const data = { chainId: chain.spec.chainId, nonce: 0n, ...price, ...fields }
  return createFeeMarket1559Tx(data, { common: chain.spec.common }).sign(hexToBytes(privateKey))
}

/** A block of the first validator. */
export function request(
  { chain }: ExecutionWorld,
  transactions: readonly TypedTransaction[],
  change: Partial<BuildRequest> = {},
): BuildRequest {
  const { operator, feeRecipient } = devnetValidator(0)
  const { block, state } = chain.head
  return {
    feeRecipient: feeRecipient.address,
    reveal: revealChain(0).revealFor(readRandomnessTip(state, operator.address)),
    timestamp: block.header.timestamp + 1n,
    parentCertificate: null,
    transactions: transactions.map(offered),
    budgetMs: 600_000,
    ...change,
  }
}

export function certificateOf({ chain }: ExecutionWorld, blockHash: Hash): Certificate {
  const { height, nextSet } = chain.head
  const votes = [0, 1, 2].map((index) => {
    const { address, privateKey } = devnetValidator(index).consensus
    const vote: UnsignedVote = {
      type: 'precommit',
      height: height + 1,
      round: 0,
      blockHash,
      validator: address,
    }
    return { ...vote, signature: sign(voteDigest(chain.signingDomain, vote), hexToBytes(privateKey)) }
  })
  return makeCertificate(nextSet, votes)
}

async function mine(
  world: ExecutionWorld,
  transactions: readonly TypedTransaction[] = [],
): Promise<BuiltBlock> {
  const built = await world.execution.build(request(world, transactions), wanted())
  await world.execution.commit(built.envelope, certificateOf(world, built.blockHash))
  return built
}

const hashesOf = (world: ExecutionWorld, { envelope }: BuiltBlock) =>
  decodeBlock(decodeEnvelope(envelope).block, world.chain.spec.common).transactions.map((tx) => tx.hash())

/** The same block with another field in its header. */
function altered(world: ExecutionWorld, { envelope }: BuiltBlock, change: object): Uint8Array {
  const { common } = world.chain.spec
  const { block: bytes, parentCertificate } = decodeEnvelope(envelope)
  const block = createBlockFromRLP(bytes, { common, setHardfork: false, freeze: false })
  Object.assign(block.header, change)
  return encodeEnvelope({ block: block.serialize(), parentCertificate })
}

export function itExecutes(where: Where, folder: () => string): void {
  const world = async (use: (world: ExecutionWorld) => Promise<void>): Promise<void> => {
    const opened = await openExecution(where, folder())
    try {
      await use(opened)
    } finally {
      await opened.close()
    }
  }

  it('builds, judges and commits, and whoever follows the chain has seen it', () =>
    world(async (one) => {
      const { chain, execution, kv } = one
      const seen: number[] = []
      chain.onDecided(({ block, receipts }) => {
        expect(chain.head.blockHash).toBe(`0x${Buffer.from(block.hash()).toString('hex')}`)
        seen.push(receipts.length)
      })
      const before = chain.head
      const built = await execution.build(request(one, [transfer(one, 0), transfer(one, 1)]), wanted())
      await execution.validate(built.envelope, wanted())
      expect(chain.head).toBe(before)
      await execution.commit(built.envelope, certificateOf(one, built.blockHash))
      expect(seen).toEqual([2])
      expect(chain.head).toMatchObject({ height: 1, blockHash: built.blockHash })
      expect(chain.head.state.account(receiver)?.balanceWei).toBe(2n)
      expect(chain.head.certificate).toEqual(certificateAt(chain, 1))
      expect(chain.store.receipts(1)?.map(({ succeeded }) => succeeded)).toEqual([true, true])
      expect(readPriorities(kv, chain.head).length).toBe(4)
    }))

  it('leaves out what cannot be included, with what else its sender sent, and takes no more than it shall', () =>
    world(async (one) => {
      const { execution } = one
      const early = transfer(one, 0, { nonce: 7n })
      const late = transfer(one, 0, { nonce: 0n })
      const [first, second] = [transfer(one, 1), transfer(one, 2)]
      const all = request(one, [early, late, first, second])
      const built = await execution.build(all, wanted())
      expect(hashesOf(one, built)).toEqual([first.hash(), second.hash()])
      expect(built.faulty).toEqual([])
      const single = await execution.build({ ...all, mostTransactions: 1 }, wanted())
      expect(hashesOf(one, single)).toEqual([first.hash()])
      const hurried = await execution.build({ ...all, budgetMs: 0 }, wanted())
      expect(hashesOf(one, hurried)).toEqual([])
    }))

  it('says of a block what is wrong with it', () =>
    world(async (one) => {
      const { execution } = one
      const built = await execution.build(request(one, [transfer(one, 0)]), wanted())
      const judge = (envelope: Uint8Array) => codeOf(execution.validate(envelope, wanted()))
      expect(await judge(built.envelope)).toBe('no error')
      expect(await judge(altered(one, built, { stateRoot: new Uint8Array(32) }))).toBe('BAD_EXECUTION')
      expect(await judge(altered(one, built, { gasLimit: 29_000_000n }))).toBe('BAD_HEADER')
      expect(await judge(altered(one, built, { number: 9n }))).toBe('UNKNOWN_PARENT')
      expect(await judge(Uint8Array.of(1, 2, 3))).toBe('BAD_RLP')
      const wrong = certificateOf(one, `0x${'12'.repeat(32)}`)
      expect(await codeOf(execution.commit(built.envelope, wrong))).toBe('BAD_CERTIFICATE')
      expect(one.chain.head.height).toBe(0)
    }))

  it('gives up what is not wanted any more, and goes on with the next', () =>
    world(async (one) => {
      const { execution } = one
      const slow = request(one, [loop(one, 0, { gasLimit: 2_000_000n }), transfer(one, 1)])
      const built = await execution.build(slow, wanted())
      const other = request(one, [transfer(one, 1)])
      const controllers = Array.from({ length: 3 }, () => new AbortController())
      const [early, judged, queued] = controllers.map(({ signal }) => signal)
      controllers[0]?.abort()
      expect(await codeOf(execution.build(slow, early!))).toBe('CANCELLED')
      // a block that did not run here yet
      const unknown = altered(one, built, { stateRoot: new Uint8Array(32) })
      const outcomes = [codeOf(execution.validate(unknown, judged!)), codeOf(execution.build(slow, queued!))]
      for (const controller of controllers) controller.abort()
      expect(await Promise.all(outcomes)).toEqual(['CANCELLED', 'CANCELLED'])
      expect(hashesOf(one, await execution.build(other, wanted())).length).toBe(1)
      await execution.commit(built.envelope, certificateOf(one, built.blockHash))
      expect(one.chain.head.blockHash).toBe(built.blockHash)
    }))

  it('does nothing more once it is interrupted, and still closes', () =>
    world(async (one) => {
      const built = await one.execution.build(request(one, []), wanted())
      one.execution.interrupt()
      const other = request(one, [transfer(one, 0)])
      expect(await codeOf(one.execution.build(other, wanted()))).toBe('CANCELLED')
      expect(built.faulty).toEqual([])
    }))

  it('closes while a block runs, which ends it, and opens again', async () => {
    const opened = await openExecution(where, folder())
    const running = codeOf(opened.execution.build(request(opened, [loop(opened, 0)]), wanted()))
    await opened.close()
    expect(await running).toBe('CANCELLED')
    await world(async (one) => {
      await mine(one)
      expect(one.chain.head.height).toBe(1)
    })
  })

  it('commits what it never judged, and goes on from there after a restart', async () => {
    let built: BuiltBlock | undefined
    await world(async (one) => {
      await mine(one, [transfer(one, 0)])
      built = await one.execution.build(request(one, [transfer(one, 0, { nonce: 1n })]), wanted())
    })
    await world(async (one) => {
      const { chain, execution, kv } = one
      expect(chain.head.height).toBe(1)
      const { blockHash, envelope } = built!
      await execution.commit(envelope, certificateOf(one, blockHash))
      expect(chain.head).toMatchObject({ height: 2, blockHash })
      expect(chain.statesFrom).toBe(0)
      expect(readHead(chain.store, new FlatState(kv)).nextSet).toEqual(chain.head.nextSet)
    })
    await world(async (one) => {
      expect(one.chain.head).toMatchObject({ height: 2, blockHash: built?.blockHash })
      await mine(one)
      expect(one.chain.head.height).toBe(3)
    })
  })
}

const certificateAt = (chain: ChainView, height: number) => chain.store.certificate(height) ?? null
