// Time for each gas of everything that a block can be filled with, in relation to ecrecover: ./scripts/bench gas
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { nativePrecompiles } from '../../../../precompiles/registry.ts'
import { bytesToHex, hexToBytes, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH } from '../../../../src/primitives/keccak.ts'
import { StateJournal } from '../../../../src/state/stateJournal.ts'
import type { StateReader } from '../../../../src/state/types.ts'
import { blockOf, openEvm, stateDiffOf, stateOf } from '../../../support/evmWorld.ts'
import { selectorOfTarget, targets } from '../../../support/precompileTargets.ts'
import { account, World } from '../../../support/precompileWorld.ts'
import { sceneNames, stage } from '../../../support/scenes/index.ts'
import {
  COLD_ITEMS,
  callees,
  coldAccount,
  coldSlot,
  type OpcodeLoop,
  opcodeLoops,
  refusedCalls,
} from './opcodes.ts'
import { isTooCheap, printTable, type Row, verdicts } from './report.ts'
import { ecrecover, type StandardCase, standardCases } from './standard.ts'
import { Disk, nativeWork, type Run, runOnce, type TimedCall, warm } from './timing.ts'
import { worstAdapterCases } from './worst/adapter.ts'
import { worstAttributionCases } from './worst/attribution.ts'
import { worstDatanetCases } from './worst/datanet.ts'
import type { WorstCase } from './worst/worstCase.ts'

const GROUPS = ['native', 'standard', 'opcodes'] as const
const usage = `Usage: ./scripts/bench gas [--only ${GROUPS.join('|')}] [--match TEXT] [--json FILE]
Nanoseconds for each gas of native methods at their worst inputs, standard precompiles and opcodes.`

const PLENTY = 100_000_000n
/** All that a transaction may have (EIP-7825); the costliest inputs of standard precompiles need more to show their price. */
const TRANSACTION_GAS = 2n ** 24n
const LOOP_GAS = 2_000_000n
const SLOWEST_SHOWN = 10

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    match: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (options.help) {
  process.stdout.write(`${usage}\n`)
  process.exit(0)
}
if (options.only !== undefined && !(GROUPS as readonly string[]).includes(options.only)) {
  process.stderr.write(`${usage}\n`)
  process.exit(2)
}
const wants = (group: (typeof GROUPS)[number]) => options.only === undefined || options.only === group
const isChosen = (name: string) => options.match === undefined || name.includes(options.match)
const progress = (text: string) => process.stderr.write(`${text}\n`)

const perGas = ({ ns, gas }: Run) => ns / Number(gas)

function* scenes(seen: ReadonlySet<string>): Generator<WorstCase> {
  for (const target of targets) {
    if (seen.has(target.name)) continue
    for (const name of sceneNames(target)) {
      const { world, from, input, value } = stage(target, name)
      yield {
        name: `${target.precompile}.${name}`,
        state: stateDiffOf(world.chain),
        block: blockOf(world.chain),
        genesisHash: world.chain.genesisHash,
        parameters: world.parameters,
        from: from.address,
        to: target.address,
        input,
        valueWei: value,
      }
    }
  }
}

function* nativeCases(): Generator<WorstCase> {
  const seen = new Set<string>()
  function* noted(cases: Generator<WorstCase>): Generator<WorstCase> {
    for (const one of cases) {
      seen.add(one.name.split(' ')[0] ?? '')
      yield one
    }
  }
  yield* noted(worstDatanetCases())
  const adapterCases = worstAdapterCases()
  let step = adapterCases.next()
  for (; step.done !== true; step = adapterCases.next()) {
    seen.add(step.value.name.split(' ')[0] ?? '')
    yield step.value
  }
  yield* noted(worstAttributionCases(step.value))
  // what takes no list and no large input is as hard as it gets where it succeeds at all
  yield* scenes(seen)
}

/** Measured again before it is called too cheap: a machine with other work to do makes single figures high. */
const TRIES = 4

async function measureNative(one: WorstCase): Promise<Row> {
  const { state, parameters, ...call } = one
  const natives = nativePrecompiles(parameters).activeAt(one.block.header.timestamp)
  const timed: TimedCall = { ...call, natives, gasLimit: TRANSACTION_GAS, status: 'ok' }
  const disk = new Disk()
  try {
    await disk.write(state)
    let row = await measureOnDisk(timed, disk)
    for (let again = 1; again < TRIES && isTooCheap(row, reference.warm); again++) {
      const next = await measureOnDisk(timed, disk)
      row = { ...row, cold: Math.min(row.cold, next.cold), warm: Math.min(row.warm, next.warm) }
    }
    return row
  } finally {
    disk.remove()
  }
}

async function measureOnDisk(timed: TimedCall, disk: Disk) {
  const { best, work } = await disk.with(async (reader) => ({
    best: await warm(timed, reader),
    work: await nativeWork(timed, reader),
  }))
  const cold =
    (best.ns - best.readNs + Math.max(await disk.coldReadNs(timed), best.readNs)) / Number(best.gas)
  return { group: 'native' as const, name: timed.name, gas: best.gas, cold, warm: perGas(best), work }
}

const emptyWorld = new World()
const ground = {
  block: blockOf(emptyWorld.chain),
  genesisHash: emptyWorld.chain.genesisHash,
  natives: nativePrecompiles(emptyWorld.parameters).activeAt(0n),
  from: account(0).address,
  valueWei: 0n,
} as const
const emptyState = stateOf(stateDiffOf(emptyWorld.chain))

async function measureStandard({ name, address, input }: StandardCase): Promise<Row> {
  const timed = { ...ground, name, to: address, input, gasLimit: PLENTY, status: 'ok' }
  const best = await warm(timed, emptyState)
  return { group: 'standard', name, gas: best.gas, warm: perGas(best) }
}

const RUNNER = `0x${'a0'.repeat(20)}` as const

/** Everything that loops read or call, and the code of the loop itself. */
function loopState(one: OpcodeLoop): StateReader {
  const journal = new StateJournal(coldGround)
  journal.setCode(RUNNER, hexToBytes(one.code))
  return journal
}

const coldGround = (() => {
  const journal = new StateJournal(emptyState)
  const plain = { nonce: 1n, balanceWei: 1n, codeHash: EMPTY_CODE_HASH }
  for (let n = 0; n < COLD_ITEMS; n++) journal.setAccount(coldAccount(n), plain)
  for (const { address, code } of Object.values(callees)) journal.setCode(address, hexToBytes(code))
  journal.setAccount(RUNNER, plain)
  for (let n = 0; n < COLD_ITEMS; n++) journal.setStorage(RUNNER, coldSlot(n), 1n)
  return journal
})()

async function measureLoop(one: OpcodeLoop): Promise<Row> {
  const timed = {
    ...ground,
    name: one.name,
    to: RUNNER,
    input: new Uint8Array(),
    gasLimit: LOOP_GAS,
    status: 'out of gas',
  }
  const state = loopState(one)
  let best = await runOnce(timed, state)
  for (let run = 0; run < 2; run++) {
    const next = await runOnce(timed, state)
    if (next.ns < best.ns) best = next
  }
  return { group: 'opcodes', name: one.name, gas: best.gas, warm: perGas(best) }
}

/** STOP and INVALID end the loop that holds them; a call of a contract that stops is among the calls. */
const ENDINGS = new Set([0x00, 0xfe])

function checkScanned(): void {
  const evm = openEvm({ genesisHash: ZERO_HASH, precompiles: [] }, new StateJournal(emptyState))
  const scanned = new Set(opcodeLoops.map(({ opcode }) => opcode))
  const missing = [...evm.getActiveOpcodes()].filter(
    ([opcode]) => !scanned.has(opcode) && !ENDINGS.has(opcode),
  )
  if (missing.length === 0) return
  const names = missing.map(([, { fullName }]) => fullName).join(', ')
  throw new Error(`Add loops for ${names} to test/bench/precompiles/gas/opcodes.ts.`)
}

async function measureAll<T extends { readonly name: string }>(
  cases: Iterable<T>,
  measure: (one: T) => Promise<Row>,
): Promise<Row[]> {
  const rows: Row[] = []
  for (const one of cases) {
    if (!isChosen(one.name)) continue
    const row = await measure(one)
    progress(`${row.name}: ${row.warm.toFixed(1)} ns for each gas`)
    rows.push(row)
  }
  return rows
}

checkScanned()
// twice: the first brings the machine and the compiler up to speed
await measureStandard(ecrecover)
const reference = await measureStandard(ecrecover)
const native = wants('native') ? await measureAll(nativeCases(), measureNative) : []
const standard = wants('standard') ? await measureAll(standardCases(), measureStandard) : []
const pause = targets.find(({ name }) => name === 'adapterRegistry.pause')
const refused = pause === undefined ? [] : refusedCalls(pause.address, bytesToHex(selectorOfTarget(pause)))
const opcodes = wants('opcodes') ? await measureAll([...opcodeLoops, ...refused], measureLoop) : []
// again at the end, so that a machine that has become slower or faster meanwhile shows
const again = await measureStandard(ecrecover)
const baseline = (reference.warm + again.warm) / 2

const bySlowness = (a: Row, b: Row) => Math.max(b.cold ?? 0, b.warm) - Math.max(a.cold ?? 0, a.warm)
const isCall = ({ name }: Row) => refused.some((one) => one.name === name)
const slowest = [...opcodes].sort(bySlowness).slice(0, SLOWEST_SHOWN)
const shown = [
  ...native,
  ...standard,
  ...slowest,
  ...opcodes.filter((row) => isCall(row) && !slowest.includes(row)),
]
printTable(shown.sort(bySlowness), baseline)
process.stdout.write(
  `\necrecover: ${reference.warm.toFixed(2)} ns for each gas before, ${again.warm.toFixed(2)} after; ${opcodes.length} loops scanned\n`,
)
const failed = verdicts({ native, all: [...native, ...standard, ...opcodes] }, baseline)
if (options.json !== undefined) {
  const plain = (_key: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)
  writeFileSync(options.json, JSON.stringify({ baseline, native, standard, opcodes }, plain, 2))
}
process.exitCode = failed ? 1 : 0
