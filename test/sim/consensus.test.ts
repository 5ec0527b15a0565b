import { describe, expect, it } from 'vitest'
import { makeCertificate } from '../../src/ledger/certificate.ts'
import { type UnsignedVote, voteDigest } from '../../src/ledger/vote.ts'
import { utf8ToBytes } from '../../src/primitives/bytes.ts'
import { keccakHex } from '../../src/primitives/keccak.ts'
import { privateKeyToAddress, sign } from '../../src/primitives/secp256k1.ts'
import { BEHAVIOURS } from './lib/byzantine.ts'
import { Cluster, type ClusterOptions } from './lib/cluster.ts'
import { CoreWorld } from './lib/coreWorld.ts'
import { LedgerAudit } from './lib/ledgerAudit.ts'
import { SafetyMonitor, SimFailure } from './lib/safety.ts'
import { runScenario } from './lib/scenario.ts'
import { setAt } from './lib/simApp.ts'

function clusterOf(seed: number, options: Partial<ClusterOptions> = {}, validators = 4): Cluster {
  return new Cluster({ seed, world: new CoreWorld({ validators }), ...options })
}

const allReach = (cluster: Cluster, height: number) => () => cluster.heights().every((each) => each >= height)
const SECOND = 1_000

describe('larger clusters', () => {
  it('agree under the same faults', async () => {
    for (const [validators, seed] of [
      [7, 101],
      [7, 102],
      [7, 103],
      [10, 104],
    ] as const) {
      const result = await runScenario({ profile: 'core', seed, validators, heights: 12 })
      expect(result.faults).toBeGreaterThanOrEqual(5)
    }
  })
})

describe('liveness', () => {
  it('one of four down: the others go on, and it catches up when it is back', async () => {
    const cluster = clusterOf(1)
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
    const cluster = clusterOf(2)
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
    const cluster = clusterOf(3, { network: { maxDelayMs: 300 } })
    cluster.startAll()
    expect(await cluster.runUntil(allReach(cluster, 3), 60 * SECOND)).toBe(true)
    for (const { index } of cluster.nodes) cluster.crash(index, true)
    expect(await cluster.runUntil(() => false, 5 * SECOND)).toBe(false)
    cluster.startAll()
    expect(await cluster.runUntil(allReach(cluster, 8), 60 * SECOND)).toBe(true)
  })

  it('every message of gossip lost: the exchange alone carries consensus', async () => {
    const cluster = clusterOf(4)
    const { network } = cluster
    network.send = () => undefined
    cluster.startAll()
    expect(await cluster.runUntil(allReach(cluster, 5), 120 * SECOND)).toBe(true)
  })

  it('an observer follows without a key', async () => {
    const cluster = clusterOf(5, { observers: 1, network: { loss: 0.2 } })
    cluster.startAll()
    expect(await cluster.runUntil(allReach(cluster, 10), 120 * SECOND)).toBe(true)
    expect(cluster.nodes[4]!.engine?.status().isValidator).toBe(false)
  })

  it('one validator alone decides by itself', async () => {
    const cluster = clusterOf(6, {}, 1)
    cluster.startAll()
    expect(await cluster.runUntil(allReach(cluster, 10), 30 * SECOND)).toBe(true)
    expect(cluster.monitor.maxRound).toBe(0)
  })
})

describe('faulty validators', () => {
  for (const behaviour of BEHAVIOURS) {
    it(`one that does this stops nobody and forks nobody: ${behaviour}`, async () => {
      const byzantine = new Map([[0, [behaviour]]])
      const cluster = clusterOf(7, { byzantine, network: { loss: 0.1, maxDelayMs: 200 } })
      const honest = () => [1, 2, 3].every((index) => cluster.heights()[index]! >= 15)
      cluster.startAll()
      expect(await cluster.runUntil(honest, 600 * SECOND)).toBe(true)
      if (behaviour.startsWith('equivocate')) expect(cluster.stats.evidence).toBeGreaterThan(0)
    })
  }
})

describe('one-way cuts', () => {
  it('a validator that hears nobody and is heard stops nobody, and catches up', async () => {
    const cluster = clusterOf(8)
    cluster.startAll()
    expect(await cluster.runUntil(allReach(cluster, 3), 60 * SECOND)).toBe(true)
    cluster.network.cut([0, 1, 2], [3])
    const others = () => [0, 1, 2].every((index) => cluster.heights()[index]! >= 10)
    expect(await cluster.runUntil(others, 120 * SECOND)).toBe(true)
    expect(cluster.heights()[3]).toBeLessThan(6)
    cluster.network.heal()
    expect(await cluster.runUntil(allReach(cluster, 12), 30 * SECOND)).toBe(true)
  })
})

describe('a crash at a write', () => {
  for (const at of ['before', 'during', 'after'] as const) {
    it(`${at} each of the first 60 operations of the disk loses nothing`, async () => {
      for (let operations = 1; operations <= 60; operations++) {
        const cluster = clusterOf(9)
        cluster.startAll()
        cluster.crashAtWrite(0, operations, at, true)
        expect(await cluster.runUntil(allReach(cluster, 4), 60 * SECOND)).toBe(true)
        expect(cluster.stats.crashes).toBe(1)
      }
    })
  }
})

describe('the monitor', () => {
  const keys = [1, 2, 3, 4].map((each) => utf8ToBytes(String(each).repeat(32)))
  const addresses = keys.map(privateKeyToAddress)
  const domain = { genesisHash: keccakHex(utf8ToBytes('genesis')), chainId: 1n }
  const [v, w] = [keccakHex(utf8ToBytes('v')), keccakHex(utf8ToBytes('w'))]
  const set = setAt(addresses, 1)

  type Fields = Pick<UnsignedVote, 'type' | 'round' | 'blockHash'>
  const unsigned = (index: number, fields: Fields) => ({ ...fields, height: 1, validator: addresses[index]! })
  const precommit = (index: number, blockHash: typeof v) =>
    unsigned(index, { type: 'precommit', round: 0, blockHash })
  const prevote = (index: number, round: number, blockHash: typeof v) =>
    unsigned(index, { type: 'prevote', round, blockHash })

  function monitorOf(isHonest: (address: string) => boolean = () => true): SafetyMonitor {
    const monitor = new SafetyMonitor({ domain, isHonest })
    monitor.onHeight(0, 1, set)
    return monitor
  }

  function certificate(blockHash: typeof v, signers: readonly number[]) {
    return makeCertificate(
      set,
      signers.map((index) => {
        const vote = precommit(index, blockHash)
        return { ...vote, signature: sign(voteDigest(domain, vote), keys[index]!) }
      }),
    )
  }

  it('fails a run in which an honest validator signs twice, and lets a faulty one', () => {
    const monitor = monitorOf((address) => address !== addresses[3])
    for (const index of [0, 3]) monitor.onVoteSigned(precommit(index, v))
    expect(() => monitor.onVoteSigned(precommit(0, v))).not.toThrow()
    expect(() => monitor.onVoteSigned(precommit(3, w))).not.toThrow()
    expect(() => monitor.onVoteSigned(precommit(0, w))).toThrow(SimFailure)
  })

  it('fails a run in which an honest validator leaves its lock without a polka', () => {
    const monitor = monitorOf()
    monitor.onVoteSigned(precommit(0, v))
    expect(() => monitor.onVoteSigned(prevote(0, 1, v))).not.toThrow()
    expect(() => monitor.onVoteSigned(prevote(0, 2, w))).toThrow(SimFailure)
  })

  it('lets a lock yield to a later polka', () => {
    const monitor = monitorOf()
    monitor.onVoteSigned(precommit(0, v))
    for (const index of [1, 2, 3]) monitor.onVoteSigned(prevote(index, 1, w))
    expect(() => monitor.onVoteSigned(prevote(0, 2, w))).not.toThrow()
  })

  it('fails a run in which two nodes commit different blocks, or one without a quorum', () => {
    const monitor = monitorOf()
    monitor.onCommit(0, 1, certificate(v, [0, 1, 2, 3]))
    expect(() => monitor.onCommit(1, 1, certificate(w, [0, 1, 2, 3]))).toThrow(SimFailure)
    expect(() => monitor.onCommit(1, 1, certificate(v, [0, 1]))).toThrow(
      expect.objectContaining({ code: 'BAD_CERTIFICATE' }),
    )
  })

  it('fails a run in which nodes take different sets, or too many rounds', () => {
    const monitor = monitorOf()
    expect(() => monitor.onHeight(1, 1, setAt(addresses, 6))).toThrow(SimFailure)
    monitor.roundBound = () => 3
    expect(() => monitor.onVoteSigned(prevote(0, 3, v))).not.toThrow()
    expect(() => monitor.onVoteSigned(prevote(0, 4, v))).toThrow(SimFailure)
  })
})

describe('the audit of states and money', () => {
  const header = { baseFeePerGas: 10n, gasUsed: 21_001n }
  const block = { header } as Parameters<LedgerAudit['check']>[2]
  const receipts = Uint8Array.of(1)
  /** 210,010 wei of fees, of which the treasury gets half, rounded down. */
  const burnt = 105_005n

  it('lets a block burn its part of the base fee, and nothing else', () => {
    const audit = new LedgerAudit(5_000, 1_000_000n)
    audit.check(0, 1, block, receipts, { digest: 'a', balanceWei: 1_000_000n - burnt })
    const more = { digest: 'b', balanceWei: 1_000_000n - 2n * burnt + 1n }
    expect(() => audit.check(0, 2, block, receipts, more)).toThrow(SimFailure)
  })

  it('fails a run in which nodes differ in a state or in receipts', () => {
    const audit = new LedgerAudit(5_000, 1_000_000n)
    const facts = { digest: 'a', balanceWei: 1_000_000n - burnt }
    audit.check(0, 1, block, receipts, facts)
    expect(() => audit.check(1, 1, block, receipts, facts)).not.toThrow()
    expect(() => audit.check(1, 1, block, receipts, { ...facts, digest: 'b' })).toThrow(SimFailure)
    expect(() => audit.check(1, 1, block, Uint8Array.of(2), facts)).toThrow(SimFailure)
  })
})
