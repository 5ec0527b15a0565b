import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../../../src/config/limits.ts'
import type { ConsensusApp } from '../../../../src/consensus/ports.ts'
import { HealthMonitor, type HealthSources } from '../../../../src/node/operator/health.ts'
import { NodeMetrics } from '../../../../src/node/operator/nodeMetrics.ts'
import { peersWithAddresses } from '../../../../src/node/operator/nodeReader.ts'
import { OperatorServer } from '../../../../src/node/operator/operatorServer.ts'
import { silentLogger } from '../../../../src/runtime/logger.ts'
import { quiet, SimClock } from '../../../sim/lib/simClock.ts'
import { hashOf, proposal, vote } from '../../consensus/support.ts'

let clock: SimClock
let metrics: NodeMetrics

beforeEach(() => {
  clock = new SimClock(1_000_000)
  metrics = new NodeMetrics({ clock })
})

const pass = async (ms: number) => {
  const untilMs = clock.nowMs() + ms
  while (await clock.advance(untilMs));
  clock.after(untilMs - clock.nowMs(), () => undefined)
  await clock.advance(untilMs)
}

/** The value of one line of the text format. */
async function seriesOf(series: string): Promise<number | undefined> {
  const line = (await metrics.text()).split('\n').find((one) => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

describe('metrics of the node', () => {
  it('count what the ports tell, with the labels of the port and no other', async () => {
    expect(await seriesOf('openledger_network_gossip_frames_refused_total')).toBe(0)
    metrics.network.count('gossip_received', { topic: 'vote', verdict: 'accept', peer: 'left out' })
    metrics.network.count('gossip_received', { topic: 'vote', verdict: 'accept' })
    metrics.receipts.count('receipts_rejected')
    metrics.onOffer('TX_UNDERPRICED')
    metrics.rpc({ method: 'eth_call', errorCode: undefined, durationMs: 3 })
    metrics.rpc({ method: 'eth_call', errorCode: -32000, durationMs: 700 })
    const gossip = 'openledger_network_gossip_received_total{topic="vote",verdict="accept"}'
    expect(await seriesOf(gossip)).toBe(2)
    expect(await seriesOf('openledger_ai_receipts_rejected_total')).toBe(1)
    expect(await seriesOf('openledger_mempool_offers_total{outcome="TX_UNDERPRICED"}')).toBe(1)
    expect(await seriesOf('openledger_rpc_requests_total{method="eth_call",outcome="-32000"}')).toBe(1)
    expect(await seriesOf('openledger_rpc_request_seconds_bucket{le="0.005"}')).toBe(1)
    expect(await seriesOf('openledger_rpc_request_seconds_sum')).toBeCloseTo(0.703)
  })

  it('hold no more series than their bound, whatever labels come', async () => {
    for (let index = 0; index < 1_000; index++) metrics.onOffer(`code ${index}`)
    const lines = (await metrics.text())
      .split('\n')
      .filter((one) => one.startsWith('openledger_mempool_offers_total{'))
    expect(lines).toHaveLength(257)
    expect(await seriesOf('openledger_mempool_offers_total{outcome="other"}')).toBe(1_000 - 256)
  })

  it('measure what the application does, also where it fails, and count refused proposals', async () => {
    const app = {
      validateValue: async () => {
        await new Promise<void>((resolve) => clock.after(200, resolve))
        return false
      },
      buildValue: async () => Promise.reject(new Error('no')),
    } as unknown as ConsensusApp
    const measured = metrics.measured(app)
    const request = { height: 1, round: 0, fresh: true, proposer: hashOf('p') }
    const judged = measured.validateValue(new Uint8Array(0), request, new AbortController().signal)
    await pass(200)
    expect(await judged).toBe(false)
    await expect(measured.buildValue(1, 0, null, new AbortController().signal)).rejects.toThrow('no')
    expect(await seriesOf('openledger_execution_seconds_sum{work="validate"}')).toBeCloseTo(0.2)
    expect(await seriesOf('openledger_execution_seconds_count{work="build"}')).toBe(1)
    expect(await seriesOf('openledger_consensus_proposals_refused_total')).toBe(1)
  })

  it('divide the time from proposal to commit into phases that add up', async () => {
    const { consensus } = metrics
    const at = (round: number, step: 'propose' | 'prevote' | 'precommit') => ({ height: 7, round, step })
    consensus.onInput({ type: 'start' }, at(0, 'propose'))
    await pass(1_000)
    consensus.onInput({ type: 'timeout', kind: 'propose', round: 0 }, at(1, 'propose'))
    await pass(100)
    consensus.onInput({ type: 'proposal', proposal: proposal(0, 1, hashOf('v')) }, at(1, 'propose'))
    await pass(30)
    const judged = { type: 'validated', blockHash: hashOf('v'), freshRound: 1, valid: true } as const
    consensus.onInput(judged, at(1, 'prevote'))
    await pass(20)
    consensus.onInput({ type: 'vote', vote: vote(1, 'prevote', 1, hashOf('v')) }, at(1, 'precommit'))
    await pass(10)
    consensus.onDecide()
    await pass(5)
    expect(await seriesOf('openledger_consensus_round')).toBe(1)
    consensus.onCommitted(7)
    const phase = (name: string) => seriesOf(`openledger_consensus_phase_seconds_sum{phase="${name}"}`)
    expect(await phase('validate')).toBeCloseTo(0.03)
    expect(await phase('prevote')).toBeCloseTo(0.02)
    expect(await phase('precommit')).toBeCloseTo(0.01)
    expect(await phase('commit')).toBeCloseTo(0.005)
    expect(await seriesOf('openledger_consensus_proposal_to_commit_seconds_sum')).toBeCloseTo(0.065)
    expect(await seriesOf('openledger_consensus_round_seconds_count')).toBe(2)
    expect(await seriesOf('openledger_consensus_height')).toBe(8)
    expect(await seriesOf('openledger_consensus_round')).toBe(-1)
  })
})

describe('health', () => {
  const sources = (changes: Partial<HealthSources> = {}): HealthSources => ({
    busySinceMs: () => undefined,
    failure: () => undefined,
    sync: () => ({ syncing: false, currentHeight: 5, highestHeight: 5 }),
    isBehind: () => false,
    peerCount: () => 3,
    isSignerConnected: () => true,
    probeWrite: async () => undefined,
    ...changes,
  })
  const failing = ({ checks }: { checks: readonly { name: string; ok: boolean }[] }) =>
    checks.filter(({ ok }) => !ok).map(({ name }) => name)

  it('is well where everything is', async () => {
    const monitor = new HealthMonitor(sources(), { clock })
    expect(monitor.health().ok).toBe(true)
    expect((await monitor.ready()).ok).toBe(true)
  })

  it('fails when consensus is stuck on an event or has failed, and not before', async () => {
    const sinceMs = clock.nowMs()
    const monitor = new HealthMonitor(sources({ busySinceMs: () => sinceMs }), { clock })
    await pass(limits.healthConsensusStuckMs - 1)
    expect(monitor.health().ok).toBe(true)
    await pass(1)
    expect(failing(monitor.health())).toEqual(['consensus'])
    const failed = new HealthMonitor(sources({ failure: () => 'the disk is full' }), { clock })
    expect(failing(failed.health())).toEqual(['consensus'])
  })

  it('fails while the event loop hangs again and again, and recovers', async () => {
    let late = 0
    const lateClock = { nowMs: () => clock.nowMs() + late, after: clock.after.bind(clock) }
    const monitor = new HealthMonitor(sources(), { clock: lateClock })
    await monitor.start()
    await pass(5_000)
    late = limits.healthEventLoopLagMs
    await pass(limits.healthBeatMs)
    expect(failing(monitor.health())).toEqual(['eventLoop'])
    await pass(2 * limits.healthBeatMs)
    expect(monitor.health().ok).toBe(true)
    await monitor.stop()
  })

  it.each<[string, Partial<HealthSources>]>([
    ['sync', { sync: () => ({ syncing: true, currentHeight: 5, highestHeight: 9 }) }],
    ['sync', { isBehind: () => true }],
    ['peers', { peerCount: () => 0 }],
    ['signer', { isSignerConnected: () => false }],
    ['storage', { probeWrite: () => Promise.reject(new Error('no space left on device')) }],
  ])('is not ready for want of %s, and alive all the same', async (name, changes) => {
    const monitor = new HealthMonitor(sources(changes), { clock })
    expect(failing(await monitor.ready())).toEqual([name])
    expect(monitor.health().ok).toBe(true)
  })

  it('writes once in a while, however often it is asked', async () => {
    let writes = 0
    const probeWrite = async () => void writes++
    const monitor = new HealthMonitor(sources({ probeWrite }), { clock })
    for (let index = 0; index < 10; index++) await monitor.ready()
    expect(writes).toBe(1)
    await pass(limits.healthWriteMs)
    await monitor.ready()
    expect(writes).toBe(2)
  })
})

describe('the operator port', () => {
  let server: OperatorServer
  let base: string
  let isWell = true

  beforeEach(async () => {
    isWell = true
    const report = () => ({ ok: isWell, checks: [{ name: 'toy', ok: isWell, detail: 'x' }] })
    const peer = {
      ...{ id: 'b', direction: 'inbound' as const, address: '/ip4/127.0.0.1/tcp/1', agent: 'toy' },
      head: { height: 4, hash: hashOf('h') },
    }
    server = new OperatorServer(
      { host: '127.0.0.1', port: 0 },
      {
        metrics,
        health: { health: report, ready: async () => report() },
        peers: () => peersWithAddresses([peer, { ...peer, id: 'a' }]),
        logger: silentLogger,
      },
    )
    base = `http://127.0.0.1:${await server.listen()}`
  })

  afterEach(() => server.stop())

  it('serves metrics in the text format', async () => {
    const answer = await fetch(`${base}/metrics`)
    expect(answer.headers.get('content-type')).toContain('text/plain')
    expect(await answer.text()).toContain('# TYPE openledger_network_requests_sent_total counter')
  })

  it('says 200 or 503, with reasons', async () => {
    for (const path of ['/health', '/ready?verbose']) {
      isWell = true
      const well = await fetch(base + path)
      expect([well.status, await well.json()]).toMatchObject([200, { ok: true }])
      isWell = false
      const ill = await fetch(base + path)
      expect([ill.status, await ill.json()]).toMatchObject([503, { checks: [{ name: 'toy', ok: false }] }])
    }
  })

  it('shows peers with their addresses, in the order of their ids', async () => {
    const peers = (await (await fetch(`${base}/peers`)).json()) as { id: string; address: string }[]
    expect(peers.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(peers[0]?.address).toBe('/ip4/127.0.0.1/tcp/1')
  })

  it('refuses other paths and methods', async () => {
    expect((await fetch(`${base}/`)).status).toBe(404)
    expect((await fetch(`${base}/metrics`, { method: 'POST', body: 'x' })).status).toBe(405)
  })

  it('refuses a port in use', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    const health = { health: () => ({ ok: true, checks: [] }), ready: async () => ({ ok: true, checks: [] }) }
    const second = new OperatorServer(
      { host: '127.0.0.1', port },
      { metrics, health, peers: () => [], logger: silentLogger },
    )
    await expect(second.start()).rejects.toMatchObject({ code: 'PORT_IN_USE' })
    await new Promise((resolve) => other.close(resolve))
    await quiet()
  })
})
