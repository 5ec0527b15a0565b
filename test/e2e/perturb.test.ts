import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../../scripts/lib/perturb/link.ts'
import { Load } from '../../scripts/lib/perturb/load.ts'
import { PerturbedNetwork } from '../../scripts/lib/perturb/network.ts'
import { runScenario } from '../../scripts/lib/perturb/scenario.ts'

// ./scripts/perturb runs the same for as long as wanted, with more validators, and asks for rates
describe('four validators in processes of their own, on links that delay and lose', () => {
  let path: string
  let network: PerturbedNetwork

  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), 'openledger-perturb-'))
    const quality = { delayMs: 10, loss: 0.005 }
    network = await PerturbedNetwork.start({
      path,
      validators: 4,
      quality,
      random: seededRandom(1),
      onEvent: () => undefined,
    })
  })

  afterAll(async () => {
    await network.stop()
    await rm(path, { recursive: true, force: true })
  })

  it('go on with one down, stall with two down, resume, and lose and contradict nothing under kill -9', async () => {
    const figures: string[] = []
    const report = await runScenario({
      network,
      transfersPerSecond: 10,
      ...{ soakMs: 3_000, downMs: 15_000, stallMs: 5_000, killMs: 10_000 },
      random: seededRandom(2),
      onFigure: (name) => figures.push(name),
    })
    expect(report.verdict.failures).toEqual([])
    expect(report.downPerMinute).toBeGreaterThan(0)
    expect(report.blocksWhileStalled).toBe(0)
    expect(report.kills).toBeGreaterThan(0)
    expect(report.verdict.transactions).toBeGreaterThan(50)
    expect(figures).toEqual(['soak', 'someDown', 'stall', 'kills', 'load'])
  })

  it('stop by themselves when they are asked to, while transfers come in', async () => {
    const load = new Load({ network, perSecond: 50, chainId: 161_212 })
    await load.takeUpNonces()
    load.start()
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    const times = await network.stop()
    await load.finish(0).catch(() => undefined)
    // a supervisor kills after 8 s; on an idle machine all of it is under one second
    for (const ms of times) expect(ms).toBeLessThan(8_000)
    for (let index = 0; index < network.size; index++) {
      const log = await readFile(network.logPath(index), 'utf8')
      expect(log.trimEnd().split('\n').at(-1)).toContain('"stopped"')
    }
  })
})
