import { performance } from 'node:perf_hooks'
import { nativePrecompiles } from '../../../precompiles/registry.ts'
import { contribution, makeRow, OPEN } from '../../support/precompileWorld.ts'
import {
  contributors,
  Fixture,
  owner,
  scorer,
  stranger,
} from '../../unit/precompiles/proofOfAttribution/fixture.ts'
import { frozen, K } from './costs/measure.ts'
import { Disk, type TimedCall, warm } from './gas/timing.ts'
import { worstCase } from './gas/worst/worstCase.ts'

/** What a validator must be able to do in its share of a block, and what measured it. */
export interface Floor {
  readonly what: string
  readonly measured: string
  readonly floor: string
  readonly passes: boolean
}

const RUNS = 20
const PLENTY = 100_000_000n

/** A chain with an adapter of so many rows, and one window of 32 receipts that is ready to close. */
function readyWindow(rowCount: number) {
  const f = new Fixture({
    k: K,
    withAuditors: false,
    parameters: { windowReceipts: 32, revealMaxBlocks: 1_000, purseExitBlocks: 5_000 },
  })
  const rows = Array.from({ length: rowCount }, (_, n) => makeRow(K, n))
  const adapterId = f.world.activeAdapter(owner, f.baseModelId, frozen(f.world, rowCount), rows, { k: K })
  const receipts = Array.from({ length: 32 }, () => f.receipt({ adapterId }))
  f.settle(...receipts)
  f.pastChallenge()
  f.finalize(receipts)
  return { f, adapterId, receipt: receipts[0]! }
}

const ms = (value: number) => `${value.toFixed(2)} ms`

/** The view `score`, page by page, from the store in memory. */
function oneQueryRow(): Floor {
  const { f, receipt } = readyWindow(1_000)
  const { chain, address } = f.attribution
  const facts = f.world.factsOf(receipt.receiptId)
  const pages = [0, 250, 500, 750].map((start) =>
    f.attribution.encode('score', [facts, receipt.signed.queryRow, start, 250]),
  )
  let best = Number.POSITIVE_INFINITY
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now()
    for (const data of pages) chain.call({ from: stranger.address, to: address, data })
    best = Math.min(best, performance.now() - start)
  }
  const what = 'one query row against 1,000 rows of 1,024'
  return { what, measured: ms(best), floor: ms(3), passes: best < 3 }
}

/** One closeWindow through the EVM: sums the batch, scores all rows, writes the scores. Read from a store just opened. */
async function wholeWindow(): Promise<Floor> {
  const { f, adapterId } = readyWindow(4_096)
  const call = { on: f.attribution, method: 'closeWindow', args: [adapterId, 4_096], from: stranger }
  const { state, parameters, ...one } = worstCase(f.world, call)
  const natives = nativePrecompiles(parameters).activeAt(one.block.header.timestamp)
  const timed: TimedCall = { ...one, natives, gasLimit: PLENTY, status: 'ok' }
  const disk = new Disk()
  try {
    await disk.write(state)
    const best = await disk.with((reader) => warm(timed, reader))
    const took = (best.ns - best.readNs + Math.max(await disk.coldReadNs(timed), best.readNs)) / 1e6
    const what = 'a window over 4,096 rows, cold from disk, scored'
    return { what, measured: ms(took), floor: ms(30), passes: took < 30 }
  } finally {
    disk.remove()
  }
}

/** A claim costs the same gas, whatever it has come from. */
function claiming(): Floor {
  const gasAfter = (members: number, windows: number) => {
    const f = new Fixture({ withAuditors: false })
    const specs = Array.from({ length: members }, (_, n) => contribution(500 + n, contributors[0]))
    const datanetId = f.world.frozenDatanet(owner, scorer, specs)
    const rows = specs.map((_, n) => makeRow(f.k, n))
    const adapterId = f.world.activeAdapter(owner, f.baseModelId, [datanetId], rows)
    for (let window = 0; window < windows; window++) {
      const receipts = Array.from({ length: 4 }, () => f.receipt({ adapterId, maxFeeWei: OPEN / 50n }))
      f.settle(...receipts)
      f.pastChallenge()
      f.finalize(receipts)
      f.attribution.send('closeWindow', [adapterId, 10_000], { from: stranger.address })
    }
    const { result } = f.attribution.send('claim', [], { from: contributors[0].address })
    return Number(f.attribution.gasOf('claim', [], result))
  }
  const [few, many] = [gasAfter(1, 1), gasAfter(256, 4)]
  const measured = `${few} and ${many} gas`
  const what = 'a claim after 1 contribution in 1 window, and after 256 in 4'
  return { what, measured, floor: 'the same', passes: few === many }
}

export async function floors(): Promise<readonly Floor[]> {
  return [oneQueryRow(), await wholeWindow(), claiming()]
}
