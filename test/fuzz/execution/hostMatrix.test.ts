import { decodeErrorResult, decodeEventLog, decodeFunctionResult, encodeErrorResult } from 'viem'
import { describe, expect, it } from 'vitest'
import { iNativePrecompileAbi } from '../../../contracts/generated/INativePrecompile.ts'
import { type Change, nativePrecompiles, PrecompileRegistry } from '../../../precompiles/registry.ts'
import { gasPrices } from '../../../precompiles/shared/gas.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { NAMESPACES } from '../../../src/rpc/methods/registry.ts'
import { expectedErrors } from '../../support/errorLists.ts'
import { EvmWorld, isEmptyDiff } from '../../support/evmWorld.ts'
import { isExhaustive, sampled } from '../../support/exhaustive.ts'
import { allContexts, type Context, contexts, type Seen } from '../../support/hostMatrix/contexts.ts'
import { DISPATCHER_ERRORS, refusalOf, type Situation } from '../../support/hostMatrix/rules.ts'
import { damages, FORMS, type Form, formed, type Target, targets } from '../../support/precompileTargets.ts'
import { OPEN } from '../../support/precompileWorld.ts'
import { type Staged, stage } from '../../support/scenes/index.ts'

interface Cell {
  readonly context: Context
  readonly form: Form
  readonly input: Uint8Array
  readonly withValue: boolean
}

/** The well-formed call from everywhere; the other forms from some places, which differ from method to method. */
function cells(target: Target, scene: Staged): Cell[] {
  return FORMS.flatMap((form, place) => {
    const seed = targets.indexOf(target) * FORMS.length + place
    const from = form === 'well-formed' ? allContexts : sampled(allContexts, 3, seed)
    return from.flatMap((context) => {
      const input = formed(target, scene.input, form)
      if (input === undefined || input.length > context.inputBytesMax) return []
      return [false, true].map((withValue) => ({ context, form, input, withValue }))
    })
  })
}

const what = ({ context, form, withValue }: Cell) =>
  `${form} from ${context.name} ${withValue ? 'with' : 'without'} value`

/** What the precompile's frame gets to see. */
function situationOf(target: Target, { context, form, input }: Cell, valueWei: bigint): Situation {
  return {
    // what is cut off from a call without arguments is its selector
    isKnown: input.length >= 4,
    kind: context.kind,
    isStatic: context.isStatic,
    mutability: target.item.stateMutability,
    valueWei: context.passesValue ? valueWei : 0n,
    hasGas: true,
    isWellFormed: form === 'well-formed',
  }
}

function errorIn(target: Target, output: Uint8Array): string {
  return decodeErrorResult({ abi: target.abi as never, data: bytesToHex(output) }).errorName as string
}

/** A refused call moves nothing but the fee, and the wei that came as far as the caller. */
function expectNothingLeft(target: Target, { left }: Seen, world: EvmWorld, label: string): void {
  if (left === undefined) return
  const { diff, logs, besides, feeWei } = left
  expect(logs, label).toEqual([])
  expect([...diff.storage.keys()], label).toEqual([])
  expect(
    [...diff.accounts.keys()].filter((address) => !besides.includes(address)),
    label,
  ).toEqual([])
  expect(diff.accounts.has(target.address), label).toBe(false)
  const balances = [...diff.accounts].map(
    ([address, after]) => (after?.balanceWei ?? 0n) - (world.state.account(address)?.balanceWei ?? 0n),
  )
  expect(
    balances.reduce((sum, change) => sum + change, 0n),
    label,
  ).toBe(-feeWei)
}

function expectDone(target: Target, { output, left }: Seen, label: string): void {
  const { abi, item } = target
  expect(() => {
    decodeFunctionResult({ abi, functionName: item.name, data: bytesToHex(output) } as never)
  }, label).not.toThrow()
  if (left === undefined) return
  const { diff, logs } = left
  expect(diff.storage.has(target.address), label).toBe(target.writes)
  expect(logs.length > 0, label).toBe(target.writes)
  for (const { address, topics, data } of logs) {
    expect(address, label).toBe(target.address)
    const log = { abi: abi as never, topics: topics as never, data: bytesToHex(data), strict: true }
    expect(() => decodeEventLog(log), label).not.toThrow()
  }
}

/** Refusals that were seen, by precompile. */
const reached = new Map<string, Set<string>>()

async function check(target: Target, scene: Staged, world: EvmWorld, cell: Cell): Promise<void> {
  const label = `${target.name}: ${what(cell)}`
  const valueWei = cell.withValue ? scene.value || OPEN : 0n
  const { input } = cell
  const seen = await cell.context.run({ world, to: target.address, input, valueWei, principal: scene.from })
  const situation = situationOf(target, cell, valueWei)
  const refusal = refusalOf(situation)
  if (refusal !== undefined) {
    reached.set(target.precompile, (reached.get(target.precompile) ?? new Set()).add(refusal))
    const args = refusal === 'UnknownSelector' ? [bytesToHex(input).padEnd(10, '0')] : []
    const data = encodeErrorResult({ abi: target.abi, errorName: refusal, args } as never)
    expect([seen.status, bytesToHex(seen.output)], label).toEqual(['revert', data])
    expectNothingLeft(target, seen, world, label)
    return
  }
  const isMeant = cell.context.asPrincipal && situation.valueWei === scene.value
  if (seen.status === 'ok') return expectDone(target, seen, label)
  // the method itself may refuse a caller or a value that it is not meant for, in words of its own
  expect(isMeant, `${label} ended as ${seen.status}`).toBe(false)
  expect(seen.status, label).toBe('revert')
  expect(DISPATCHER_ERRORS, label).not.toContain(errorIn(target, seen.output))
  expectNothingLeft(target, seen, world, label)
}

const MALFORMED = encodeErrorResult({ abi: iNativePrecompileAbi, errorName: 'MalformedInput' })

/** The least amount with which it holds, where it holds with all above; below 2^20. */
async function leastGas(holds: (gas: bigint) => Promise<boolean>): Promise<bigint> {
  let [low, high] = [-1n, 1n << 20n]
  while (low + 1n < high) {
    const middle = (low + high) / 2n
    if (await holds(middle)) high = middle
    else low = middle
  }
  return high
}

const made = new Map<Target, Staged>()
/** A scene is made once: calls on its world leave nothing behind. */
function staged(target: Target): Staged {
  const scene = made.get(target) ?? stage(target)
  made.set(target, scene)
  return scene
}

describe('every method of every native precompile, however it is called', () => {
  it.each(targets)('$name does what the table of rules says', async (target) => {
    const scene = staged(target)
    const world = EvmWorld.of(scene.world)
    const all = cells(target, scene)
    for (const cell of all) await check(target, scene, world, cell)
    expect(all.length).toBeGreaterThanOrEqual((isExhaustive ? 6 : 2) * allContexts.length)
  })

  it.each(targets)(
    '$name charges for its input before it decodes it, and after every other check',
    async (target) => {
      const scene = staged(target)
      const world = EvmWorld.of(scene.world)
      const wrong = formed(target, scene.input, 'malformed')!
      const frame = { from: scene.from.address, to: target.address }
      const nameOf = async (
        gas: bigint,
        how: { valueWei?: bigint; isStatic?: boolean; data?: Uint8Array },
      ) => {
        const { status, output, gasUsed, logs, diff } = await world.call({
          ...frame,
          data: wrong,
          gas,
          ...how,
        })
        expect(gasUsed).toBeLessThanOrEqual(gas)
        expect(logs).toEqual([])
        expect(isEmptyDiff(diff)).toBe(true)
        return status === 'revert' ? errorIn(target, output) : status
      }
      const needed = await leastGas(async (gas) => (await nameOf(gas, {})) === 'MalformedInput')
      const words = BigInt(Math.ceil(wrong.length / 32))
      expect(needed).toBeGreaterThanOrEqual(gasPrices.methodBase + words * gasPrices.decodeWord)
      const short = needed - 1n
      expect(await nameOf(short, {})).toBe('out of gas')
      for (const gas of [0n, short]) {
        expect(await nameOf(gas, { data: Uint8Array.of(0xde, 0xad, 0xbe, 0xef) })).toBe('UnknownSelector')
        const isPayable = target.item.stateMutability === 'payable'
        expect(await nameOf(gas, { valueWei: 1n })).toBe(isPayable ? 'out of gas' : 'ValueRefused')
        if (!target.writes) continue
        // no opcode sends value in a static frame, but the order holds there too
        expect(await nameOf(gas, { isStatic: true, valueWei: 1n })).toBe('StaticCallRefused')
      }
    },
  )

  it.each(targets)('$name refuses its input with any one offset, length or padding wrong', async (target) => {
    const scene = staged(target)
    const world = EvmWorld.of(scene.world)
    for (const { what: part, input } of damages(target, scene.input).slice(
      0,
      isExhaustive ? undefined : 60,
    )) {
      const call = { from: scene.from.address, to: target.address, data: input, valueWei: scene.value }
      const { status, output } = await world.call(call)
      expect([status, bytesToHex(output)], part).toEqual(['revert', MALFORMED])
    }
  })

  const natives = [...new Map(targets.map((target) => [target.address, target])).values()]
  it.each(natives)(
    '$precompile meets the code 0xfe of its account while it is out of service',
    async (target) => {
      const scene = staged(target)
      const running = EvmWorld.of(scene.world)
      const { timestamp } = running.block.header
      const changes: Change[] = nativePrecompiles(scene.world.parameters)
        .activeAt(0n)
        .map((precompile) => ({ fromTimestamp: 0n, precompile }))
      const removal = { fromTimestamp: timestamp, removes: target.address }
      const registry = new PrecompileRegistry([...changes, removal])
      const world = new EvmWorld({ ...running, registry }, { state: running.state })
      for (const context of allContexts) {
        for (const input of [scene.input, new Uint8Array(0)]) {
          const site = { world, to: target.address, input, valueWei: scene.value, principal: scene.from }
          const seen = await context.run(site)
          expect(['failed', 'invalid opcode'], context.name).toContain(seen.status)
          expect(seen.output.length, context.name).toBe(0)
          expectNothingLeft(target, seen, world, context.name)
        }
      }
    },
  )

  it('has reached every refusal of its list, for every precompile', () => {
    const expected = expectedErrors('test/fuzz/execution/hostMatrix.test.ts')
    const names = new Set(targets.map(({ precompile }) => precompile))
    expect([...reached.keys()].sort()).toEqual([...names].sort())
    for (const refusals of reached.values()) expect([...refusals].sort()).toEqual(expected)
  })

  it('is traced too, once the node can', () => {
    const hasTracer = (NAMESPACES as readonly string[]).includes('debug')
    expect(contexts.trace !== undefined, 'fill `trace` in test/support/hostMatrix/contexts.ts').toBe(
      hasTracer,
    )
  })
})
