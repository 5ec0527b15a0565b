import { decodeErrorResult, decodeFunctionResult } from 'viem'
import { describe, expect, it } from 'vitest'
import { iClaimableAbi } from '../../contracts/generated/IClaimable.ts'
import { selectorOf } from '../../precompiles/shared/binding.ts'
import { bytesToHex } from '../../src/primitives/hex.ts'
import { OverlayState } from '../../src/state/overlayState.ts'
import { Dice, type FuzzedCall, fuzzedCall } from '../support/callFuzzer.ts'
import { EvmWorld, isEmptyDiff, type Left } from '../support/evmWorld.ts'
import { targets } from '../support/precompileTargets.ts'
import { account } from '../support/precompileWorld.ts'
import { type Staged, sceneNames, stage } from '../support/scenes/index.ts'

// FUZZ_RUNS calls for each scene; FUZZ_SEED chooses them. A failure names both and comes again.
const RUNS = Number(process.env.FUZZ_RUNS ?? 60)
const SEED = Number(process.env.FUZZ_SEED ?? 1)

const scenes = targets.flatMap((target) =>
  sceneNames(target).map((scene) => ({ target, scene, name: `${target.precompile}.${scene}` })),
)
const corpus = scenes.map(({ target, scene }) => stage(target, scene).input)

const totals = selectorOf('totals', [])

/** The precompile owes no more than it holds. */
async function expectSolvent(world: EvmWorld, call: FuzzedCall, left: Left, label: string): Promise<void> {
  const state = new OverlayState(world.state, left.diff)
  const after = new EvmWorld(world, { state })
  const { output } = await after.call({ from: account(0).address, to: call.to, data: totals })
  const sums = decodeFunctionResult({ abi: iClaimableAbi, functionName: 'totals', data: bytesToHex(output) })
  const owedWei = sums.depositsWei + sums.pendingWei + sums.potsWei + sums.creditsWei + sums.bondsWei
  expect(state.account(call.to)?.balanceWei ?? 0n, label).toBeGreaterThanOrEqual(owedWei)
}

function expectNoMoneyMade({ diff }: Left, world: EvmWorld, label: string): void {
  const change = [...diff.accounts].reduce(
    (sum, [address, record]) =>
      sum + (record?.balanceWei ?? 0n) - (world.state.account(address)?.balanceWei ?? 0n),
    0n,
  )
  expect(change, label).toBe(0n)
}

async function check(world: EvmWorld, call: FuzzedCall, label: string): Promise<string> {
  const { target, gas } = call
  const left = await world.call(call)
  expect(['ok', 'revert', 'out of gas'], label).toContain(left.status)
  expect(left.gasUsed <= gas, label).toBe(true)
  if (left.status === 'ok') {
    expectNoMoneyMade(left, world, label)
    if (call.isStatic) expect(isEmptyDiff(left.diff), label).toBe(true)
    await expectSolvent(world, call, left, label)
    return left.status
  }
  expect(left.logs, label).toEqual([])
  expect(isEmptyDiff(left.diff), label).toBe(true)
  if (left.status === 'out of gas') {
    expect([left.gasUsed, left.output.length], label).toEqual([gas, 0])
    return left.status
  }
  // what comes back is one of the interface's errors, whole
  return decodeErrorResult({ abi: target.abi as never, data: bytesToHex(left.output) }).errorName as string
}

const describeCall = ({ target, from, data, valueWei, gas, isStatic }: FuzzedCall) =>
  `${target.precompile} from ${from} with ${valueWei} wei, ${gas} gas${isStatic ? ', static' : ''}: ${bytesToHex(data)}`

async function fuzz(scene: Staged, seed: number): Promise<Map<string, number>> {
  const world = EvmWorld.of(scene.world)
  const dice = new Dice(seed)
  const ends = new Map<string, number>()
  for (let run = 0; run < RUNS; run++) {
    const call = fuzzedCall(dice, scene, corpus)
    const label = `FUZZ_SEED=${SEED}, ${scene.name}, run ${run}: ${describeCall(call)}`
    let end: string
    try {
      end = await check(world, call, label)
    } catch (error) {
      throw new Error(label, { cause: error })
    }
    ends.set(end, (ends.get(end) ?? 0) + 1)
  }
  return ends
}

describe('whatever is sent to the native precompiles', () => {
  const ends = new Map<string, number>()

  it.each(scenes.map((one, index) => ({ ...one, index })))(
    'in the world of $name it ends in success, a revert or out of gas, and moves nothing unless it succeeds',
    async ({ target, scene, index }) => {
      for (const [end, count] of await fuzz(stage(target, scene), SEED * 100_003 + index)) {
        ends.set(end, (ends.get(end) ?? 0) + count)
      }
    },
  )

  it('gets past the decoder often enough to mean something', () => {
    const all = [...ends.values()].reduce((sum, count) => sum + count, 0)
    const share = (end: string) => (ends.get(end) ?? 0) / all
    expect(all).toBe(RUNS * scenes.length)
    expect(share('ok')).toBeGreaterThan(0.02)
    expect(share('MalformedInput')).toBeLessThan(0.6)
    expect(ends.size).toBeGreaterThan(30)
  })
})
