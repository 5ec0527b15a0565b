import { describe, expect, it } from 'vitest'
import { makeCertificate } from '../../src/ledger/certificate.ts'
import { encodeEnvelope } from '../../src/ledger/envelope.ts'
import { encodeVote, type UnsignedVote, voteDigest } from '../../src/ledger/vote.ts'
import { utf8ToBytes } from '../../src/primitives/bytes.ts'
import { type Address, ZERO_HASH } from '../../src/primitives/hex.ts'
import { keccakHex } from '../../src/primitives/keccak.ts'
import { privateKeyToAddress, sign } from '../../src/primitives/secp256k1.ts'
import { Cluster } from './lib/cluster.ts'
import { SafetyMonitor, SimFailure } from './lib/safety.ts'
import { runScenario, type ScenarioResult } from './lib/scenario.ts'
import { encodeBlock, setAt } from './lib/simApp.ts'

const allReach = (cluster: Cluster, height: number) => () => cluster.heights().every((each) => each >= height)
const SECOND = 1_000

describe('four validators under seeded faults', () => {
  const SEEDS = 24

  it(`agree and finish 20 heights, in ${SEEDS} seeds`, async () => {
    const results: ScenarioResult[] = []
    for (let seed = 1; seed <= SEEDS; seed++) {
      results.push(await runScenario({ seed, validators: 4, heights: 20, allowByzantine: true }))
    }
    const sum = (of: (result: ScenarioResult) => number) =>
      results.reduce((total, each) => total + of(each), 0)
    // The faults were there: a run in which nothing happens proves nothing.
    expect(sum(({ stats }) => stats.crashes)).toBeGreaterThan(SEEDS)
    expect(sum(({ stats }) => stats.replays)).toBeGreaterThan(SEEDS / 2)
    expect(sum(({ roundsAboveZero }) => roundsAboveZero)).toBeGreaterThan(SEEDS / 2)
    expect(sum(({ stats }) => stats.lockChanges)).toBeGreaterThan(0)
    expect(sum(({ stats }) => stats.evidence)).toBeGreaterThan(0)
  })

  it('give the same trace for the same seed, and another for another', async () => {
    const run = (seed: number) => runScenario({ seed, validators: 4, heights: 8, allowByzantine: true })
    const [first, again, other] = [await run(4), await run(4), await run(5)]
    expect(again).toEqual(first)
    expect(other.traceHash).not.toBe(first.traceHash)
  })
})

describe('seven validators', () => {
  it('agree under the same faults', async () => {
    for (const seed of [101, 102, 103]) {
      const result = await runScenario({ seed, validators: 7, heights: 12, allowByzantine: true })
      expect(result.stats.fatal).toBe(0)
    }
  })
})

describe('liveness', () => {
  it('one of four down: the others go on, and it catches up when it is back', async () => {
    const cluster = new Cluster({ seed: 1, validators: 4 })
    cluster.startAll()
    expect(await cluster.runUntil(allReach(cluster, 3), 60 * SECOND)).toBe(true)
    cluster.crash(2, true)
    const others = () => [0, 1, 3].every((index) => cluster.heights()[index]! >= 13)
    expect(await cluster.runUntil(others, 120 * SECOND)).toBe(true)
    expect(cluster.heights()[2]).toBeLessThan(6)
    cluster.start(2)
    const level = () => cluster.heights()[2]! >= 13
    expect(await cluster.runUntil(level, 5 * SECOND)).toBe(true)
  })

  it('two and two apart: neither half decides, and both go on once joined', async () => {
    const cluster = new Cluster({ seed: 2, validators: 4 })
    cluster.startAll()
    expect(await cluster.runUntil(allReach(cluster, 3), 60 * SECOND)).toBe(true)
    cluster.network.partition([
      [0, 1],
      [2, 3],
    ])
    const before = Math.max(...cluster.heights())
    expect(await cluster.runUntil(() => false, 120 * SECOND)).toBe(false)
    expect(Math.max(...cluster.heights())).toBeLessThanOrEqual(before + 1)
    const stalledAt = Math.max(...cluster.heights())
    cluster.network.heal()
    expect(await cluster.runUntil(allReach(cluster, stalledAt + 5), 30 * SECOND)).toBe(true)
  })

  it('all lose power at once: they go on where they were', async () => {
    const cluster = new Cluster({ seed: 3, validators: 4, network: { maxDelayMs: 300 } })
    cluster.startAll()
    expect(await cluster.runUntil(allReach(cluster, 3), 60 * SECOND)).toBe(true)
    for (const { index } of cluster.nodes) cluster.crash(index, true)
    expect(await cluster.runUntil(() => false, 5 * SECOND)).toBe(false)
    cluster.startAll()
    expect(await cluster.runUntil(allReach(cluster, 8), 60 * SECOND)).toBe(true)
  })

  it('every message of gossip lost: the exchange alone carries consensus', async () => {
    const cluster = new Cluster({ seed: 4, validators: 4 })
    const { network } = cluster
    network.send = () => undefined
    cluster.startAll()
    expect(await cluster.runUntil(allReach(cluster, 5), 120 * SECOND)).toBe(true)
  })

  it('an observer follows without a key', async () => {
    const cluster = new Cluster({ seed: 5, validators: 4, observers: 1, network: { loss: 0.2 } })
    cluster.startAll()
    expect(await cluster.runUntil(allReach(cluster, 10), 120 * SECOND)).toBe(true)
    expect(cluster.nodes[4]!.engine?.status().isValidator).toBe(false)
  })

  it('one validator alone decides by itself', async () => {
    const cluster = new Cluster({ seed: 6, validators: 1 })
    cluster.startAll()
    expect(await cluster.runUntil(allReach(cluster, 10), 30 * SECOND)).toBe(true)
    expect(cluster.monitor.maxRound).toBe(0)
  })
})

describe('an equivocating validator', () => {
  it('stops nobody, forks nobody, and is reported', async () => {
    const cluster = new Cluster({
      seed: 7,
      validators: 4,
      byzantine: 1,
      network: { loss: 0.1, maxDelayMs: 200 },
    })
    cluster.startAll()
    expect(await cluster.runUntil(allReach(cluster, 15), 600 * SECOND)).toBe(true)
    expect(cluster.stats.evidence).toBeGreaterThan(0)
  })
})

describe('the simulator itself', () => {
  const keys = [1, 2, 3, 4].map((each) => utf8ToBytes(String(each).repeat(32)))
  const addresses = keys.map(privateKeyToAddress)
  const domain = { genesisHash: keccakHex(utf8ToBytes('genesis')), chainId: 1n }

  function vote(index: number, blockHash: UnsignedVote['blockHash']) {
    const unsigned = {
      type: 'precommit' as const,
      height: 1,
      round: 0,
      blockHash,
      validator: addresses[index]!,
    }
    return { ...unsigned, signature: sign(voteDigest(domain, unsigned), keys[index]!) }
  }

  function block(builder: Address, timeMs: number) {
    const fields = { height: 1, parentHash: ZERO_HASH, certificateRoot: ZERO_HASH, stateHash: ZERO_HASH }
    const encoded = encodeBlock({ ...fields, builder, timeMs })
    return {
      blockHash: keccakHex(encoded),
      envelope: encodeEnvelope({ block: encoded, parentCertificate: null }),
    }
  }

  it('fails a run in which an honest validator signs twice, and lets a faulty one', () => {
    const [v, w] = [keccakHex(utf8ToBytes('v')), keccakHex(utf8ToBytes('w'))]
    const monitor = new SafetyMonitor(domain, addresses, (address) => address !== addresses[3])
    for (const index of [0, 3]) monitor.onSend('vote', encodeVote(vote(index, v)))
    expect(() => monitor.onSend('vote', encodeVote(vote(0, v)))).not.toThrow()
    expect(() => monitor.onSend('vote', encodeVote(vote(3, w)))).not.toThrow()
    expect(() => monitor.onSend('vote', encodeVote(vote(0, w)))).toThrow(SimFailure)
  })

  it('fails a run in which two nodes commit different blocks, or one without a quorum', () => {
    const monitor = new SafetyMonitor(domain, addresses, () => true)
    const [a, b] = [0, 1].map((timeMs) => block(addresses[0]!, timeMs))
    const certified = (value: typeof a, signers: number[]) =>
      makeCertificate(
        setAt(addresses, 1),
        signers.map((index) => vote(index, value!.blockHash)),
      )
    monitor.onCommit(0, 1, a!.envelope, certified(a, [0, 1, 2, 3]))
    expect(() => monitor.onCommit(1, 1, b!.envelope, certified(b, [0, 1, 2, 3]))).toThrow(SimFailure)
    expect(() => monitor.onCommit(1, 1, a!.envelope, certified(a, [0, 1]))).toThrow(
      expect.objectContaining({ code: 'BAD_CERTIFICATE' }),
    )
  })
})
