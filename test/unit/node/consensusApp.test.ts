import { describe, expect, it } from 'vitest'
import { decodeEnvelopeBlock } from '../../../src/ledger/block.ts'
import { decodeEnvelope } from '../../../src/ledger/envelope.ts'
import { devnetGenesisValidators, devnetValidator } from '../../../src/node/devnet/keys.ts'
import { withConstructedAlloc } from '../../../src/node/genesisFile.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { account, devnetGenesis } from '../../support/chain.ts'
import { ConsensusNode } from '../../support/consensusNode.ts'
import { codeOf, thrownCode } from '../../support/network/outcome.ts'

const receiver = `0x${'42'.repeat(20)}` as const
const transfer = (node: ConsensusNode, value = 1n) =>
  node.test.transaction(account(0), { to: receiver, value, gasLimit: 21_000n })
const aborted = AbortSignal.abort()

const decoded = (node: ConsensusNode, envelope: Uint8Array) =>
  decodeEnvelopeBlock(envelope, node.test.chain.spec.common).block

describe('a block on its way through consensus', () => {
  it('is built by one validator, taken by another, and committed by both', async () => {
    const [builder, other] = [await ConsensusNode.open({ validator: 1 }), await ConsensusNode.open()]
    builder.pending.push(transfer(builder, 7n))
    const value = await builder.build()
    expect(builder.app.blockHashOf(value.envelope)).toBe(value.blockHash)
    expect(await other.judge(value.envelope, 1)).toBe(true)
    for (const node of [builder, other]) {
      const context = await node.decide(value)
      expect(context.height).toBe(2)
      expect(node.test.chain.head.blockHash).toBe(value.blockHash)
      expect(node.test.chain.head.state.account(receiver)?.balanceWei).toBe(7n)
    }
    const { header } = decoded(builder, value.envelope)
    expect(bytesToHex(header.coinbase.bytes)).toBe(devnetValidator(1).feeRecipient.address)
  })

  it('is committed by a node that never judged it', async () => {
    const [builder, other] = [await ConsensusNode.open({ validator: 0 }), await ConsensusNode.open()]
    const value = await builder.build()
    await other.decide(value)
    expect(other.test.chain.head.blockHash).toBe(value.blockHash)
  })

  it('changes nothing when its head is committed again', async () => {
    const node = await ConsensusNode.open({ validator: 0 })
    const value = await node.build()
    let decisions = 0
    node.test.chain.onDecided(() => {
      decisions += 1
    })
    const certificate = node.certificate(value.blockHash)
    const first = await node.app.commit(value.envelope, certificate)
    expect(await node.app.commit(value.envelope, certificate)).toEqual(first)
    expect(decisions).toBe(1)
    expect(node.height).toBe(1)
  })

  it('is not committed by the certificate of another', async () => {
    const node = await ConsensusNode.open({ validator: 0 })
    const value = await node.build()
    const before = await node.app.context()
    const wrong = node.certificate(`0x${'12'.repeat(32)}`)
    expect(await codeOf(node.app.commit(value.envelope, wrong))).toBe('BAD_CERTIFICATE')
    expect(await node.app.context()).toEqual(before)
  })
})

describe('the context of a height', () => {
  it('lets the first round start one interval after the parent', async () => {
    const node = await ConsensusNode.open({ validator: 0 })
    const { blockIntervalMs } = node.test.chain.spec.genesis.consensus
    const before = await node.app.context()
    expect(before).toMatchObject({ height: 1, earliestStartMs: node.headMs + blockIntervalMs })
    node.clock.ms = node.headMs + 60_000
    const after = await node.decide(await node.build())
    expect(after).toMatchObject({
      height: 2,
      earliestStartMs: before.earliestStartMs + 60_000,
      set: node.test.chain.head.nextSet,
    })
  })
})

describe('building', () => {
  it('takes the time of the clock, or the second after the parent when the clock is behind', async () => {
    const node = await ConsensusNode.open({ validator: 0 })
    const parent = node.test.chain.head.block.header.timestamp
    node.clock.ms = node.headMs + 3_999
    expect(decoded(node, (await node.build()).envelope).header.timestamp).toBe(parent + 3n)
    node.clock.ms = node.headMs - 9_000
    expect(decoded(node, (await node.build()).envelope).header.timestamp).toBe(parent + 1n)
  })

  it('ends when its time is up', async () => {
    const node = await ConsensusNode.open({ validator: 0 })
    const { builderBudgetMs } = node.test.chain.spec.genesis
    node.pending.push(transfer(node), transfer(node), transfer(node))
    // the clock is read to begin with, and before each transaction, which takes half of the budget
    node.clock.onRead = () => {
      node.clock.ms += builderBudgetMs / 2
    }
    expect(decoded(node, (await node.build()).envelope).transactions.length).toBe(2)
  })

  it('ends when consensus went on', async () => {
    const node = await ConsensusNode.open({ validator: 0 })
    const tx = transfer(node)
    node.pending.push(tx)
    expect(await codeOf(node.build(null, aborted))).toBe('CANCELLED')
    node.pending.push(tx)
    expect(decoded(node, (await node.build()).envelope).transactions.length).toBe(1)
  })

  it('carries the fullest certificate of the parent that is known', async () => {
    const node = await ConsensusNode.open({ validator: 1 })
    const first = await node.build()
    const fuller = node.certificate(first.blockHash, [0, 1, 2, 3])
    const own = node.certificate(first.blockHash, [0, 1, 3])
    await node.decide(first, own)
    expect(decodeEnvelope((await node.build()).envelope).parentCertificate).toEqual(own)
    expect(decodeEnvelope((await node.build(fuller)).envelope).parentCertificate).toEqual(fuller)
  })

  it('is refused for a height that is decided, without a key, and outside the set', async () => {
    const node = await ConsensusNode.open({ validator: 0 })
    const late = node.app.buildValue(2, 0, null, new AbortController().signal)
    expect(await codeOf(late)).toBe('CANCELLED')
    expect(await codeOf((await ConsensusNode.open()).build())).toBe('INTERNAL')
    expect(await codeOf((await ConsensusNode.open({ validator: 4 })).build())).toBe('INTERNAL')
  })
})

describe('a fresh proposal', () => {
  it('is refused when another validator built it; one that was proposed before is not judged by it', async () => {
    const [builder, judge] = [await ConsensusNode.open({ validator: 1 }), await ConsensusNode.open()]
    const { envelope } = await builder.build()
    expect(await judge.judge(envelope, 2)).toBe(false)
    expect(await judge.judge(envelope, 2, false)).toBe(true)
    expect(await judge.judge(envelope, 1)).toBe(true)
  })

  it('is refused of a proposer that is no validator', async () => {
    const [builder, judge] = [await ConsensusNode.open({ validator: 1 }), await ConsensusNode.open()]
    expect(await judge.judge((await builder.build()).envelope, 4)).toBe(false)
  })

  it('is its builder’s by the hash chain where two share a fee recipient', async () => {
    const [first, second, ...others] = devnetGenesisValidators(4)
    const shared = { ...second!, feeRecipient: first!.feeRecipient }
    const changed = { ...devnetGenesis(), validators: [first!, shared, ...others] }
    const genesis = await withConstructedAlloc(changed, 'test')
    const builder = await ConsensusNode.open({ validator: 1, genesis })
    const judge = await ConsensusNode.open({ genesis })
    const { envelope } = await builder.build()
    expect(await judge.judge(envelope, 0)).toBe(false)
    expect(await judge.judge(envelope, 1)).toBe(true)
  })

  it('is refused when its time is further from the clock than the drift allows', async () => {
    const [builder, judge] = [await ConsensusNode.open({ validator: 0 }), await ConsensusNode.open()]
    const { maxClockDriftMs } = judge.test.chain.spec.genesis.consensus
    builder.clock.ms = builder.headMs + 100_000
    const { envelope } = await builder.build()
    const at = async (ms: number, fresh = true) => {
      judge.clock.ms = ms
      return judge.judge(envelope, 0, fresh)
    }
    const builtMs = builder.clock.ms
    expect(await at(builtMs + maxClockDriftMs)).toBe(true)
    expect(await at(builtMs - maxClockDriftMs)).toBe(true)
    expect(await at(builtMs + maxClockDriftMs + 1)).toBe(false)
    expect(await at(builtMs - maxClockDriftMs - 1)).toBe(false)
    expect(await at(builtMs + 1_000_000, false)).toBe(true)
  })

  it('may run ahead of the clock by as much as the chain does', async () => {
    const [builder, judge] = [await ConsensusNode.open({ validator: 0 }), await ConsensusNode.open()]
    const { maxClockDriftMs } = judge.test.chain.spec.genesis.consensus
    // the head is a minute ahead of the clock
    for (const node of [builder, judge]) node.clock.ms = node.headMs - 60_000
    const { envelope } = await builder.build()
    expect(await judge.judge(envelope, 0)).toBe(true)
    // a block that runs further ahead than it must
    builder.clock.ms = builder.headMs + maxClockDriftMs + 2_000
    expect(await judge.judge((await builder.build()).envelope, 0)).toBe(false)
  })
})

describe('a proposal that does not hold', () => {
  it('is refused when it does not decode or does not run', async () => {
    const [builder, judge] = [await ConsensusNode.open({ validator: 0 }), await ConsensusNode.open()]
    const { envelope } = await builder.build()
    expect(await judge.judge(Uint8Array.of(1, 2, 3), 0, false)).toBe(false)
    // the value of the second height, judged at the first
    await builder.decide({ envelope, blockHash: builder.app.blockHashOf(envelope) })
    expect(await judge.judge((await builder.build()).envelope, 0, false)).toBe(false)
  })

  it('names no hash unless the hash names all of it', async () => {
    const node = await ConsensusNode.open({ validator: 0 })
    const { envelope } = await node.build()
    expect(thrownCode(() => node.app.blockHashOf(envelope.subarray(1)))).toBe('BAD_RLP')
  })

  it('is not judged at all when the judging was cancelled', async () => {
    const [builder, judge] = [await ConsensusNode.open({ validator: 0 }), await ConsensusNode.open()]
    builder.pending.push(transfer(builder))
    const { envelope } = await builder.build()
    expect(await codeOf(judge.judge(envelope, 0, true, aborted))).toBe('CANCELLED')
    expect(await judge.judge(envelope, 0)).toBe(true)
  })
})

describe('a decided block', () => {
  it('is served as its envelope and certificate, and brings another node to the same head', async () => {
    const [node, late] = [await ConsensusNode.open({ validator: 2 }), await ConsensusNode.open()]
    for (let n = 0; n < 3; n++) await node.decide(await node.build())
    for (let height = 1; height <= 3; height++) {
      const decided = await node.app.decided(height)
      expect(decided).not.toBeNull()
      await late.app.commit(decided!.envelope, decided!.certificate)
    }
    expect(late.test.chain.head.blockHash).toBe(node.test.chain.head.blockHash)
    expect(await late.app.decided(3)).toEqual(await node.app.decided(3))
  })

  it('is served with the certificate that its child carries', async () => {
    const node = await ConsensusNode.open({ validator: 1 })
    const first = await node.build()
    const fuller = node.certificate(first.blockHash, [0, 1, 2, 3])
    await node.decide(first, node.certificate(first.blockHash, [0, 1, 3]))
    await node.decide(await node.build(fuller))
    expect(await node.app.decided(1)).toEqual({ envelope: first.envelope, certificate: fuller })
  })

  it('is not there below the first and above the head', async () => {
    const node = await ConsensusNode.open({ validator: 0 })
    await node.decide(await node.build())
    expect(await node.app.decided(0)).toBeNull()
    expect(await node.app.decided(2)).toBeNull()
  })
})
