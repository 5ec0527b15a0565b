// Gas and time of the native precompiles at k = 1024, to set the prices in precompiles/shared/gas.ts:
//   node --import tsx test/bench/precompiles/nativeWork.ts
// Prints gas of the call, milliseconds of the fastest of its runs, and nanoseconds for each gas. The host is the one
// that tests use, so state, logs and hashes cost what a map in memory and WebAssembly keccak cost.
import { performance } from 'node:perf_hooks'
import type { Address } from '../../../src/primitives/hex.ts'
import type { CallResult, MemoryChain } from '../../support/memoryHost.ts'
import { type Account, account, contribution, nearMinhash, OPEN } from '../../support/precompileWorld.ts'
import { commitmentOf, SALT } from '../../unit/precompiles/adapter/fixture.ts'
import {
  auditors,
  Fixture,
  owner,
  requester,
  settler,
  stranger,
} from '../../unit/precompiles/proofOfAttribution/fixture.ts'
import { floors } from './floors.ts'

interface AnyContract {
  readonly chain: MemoryChain
  readonly address: Address
  encode(method: never, args: readonly unknown[]): Uint8Array
}

interface Measured {
  readonly gas: number
  readonly ms: number
}
const measured = new Map<string, Measured>()

/** Times the precompile alone: arguments are encoded before and nothing is decoded after. */
function time(
  call: string,
  on: AnyContract,
  method: string,
  args: readonly unknown[],
  by: Account,
  valueWei = 0n,
) {
  const data = on.encode(method as never, args)
  const started = performance.now()
  const result: CallResult = on.chain.call({ from: by.address, to: on.address, data, valueWei })
  const ms = performance.now() - started
  if (result.status !== 'ok') throw new Error(`${call}: ${result.status}`)
  const before = measured.get(call)
  if (before === undefined || ms < before.ms) measured.set(call, { gas: Number(result.gasUsed), ms })
  return result
}

const MEMBERS = 400
const f = new Fixture({
  k: 1024,
  members: MEMBERS,
  parameters: { windowReceipts: 32, revealMaxBlocks: 1000, purseExitBlocks: 5000 },
})
const { attribution, datanets, adapters } = f.world

const contributor = account(3)
const specs = Array.from({ length: 32 }, (_, n) => contribution(10_000 + n, contributor))
const ids = specs.map((spec) => f.world.commit(f.datanetId, spec))
f.chain.advance(2)
ids.forEach((id, index) => {
  time(
    'revealContribution',
    datanets,
    'revealContribution',
    f.world.revealArgs(id, specs[index]!),
    contributor,
  )
})
for (let n = 0; n < 4; n++)
  time('settleOrder of 8 leaders', datanets, 'settleOrder', [f.datanetId, 8], stranger)

const copies = Array.from({ length: 16 }, (_, n) =>
  contribution(20_000 + n, contributor, { minhash: nearMinhash(specs[n]!.minhash, 10) }),
)
const copyIds = copies.map((spec) => f.world.commit(f.datanetId, spec))
f.chain.advance(2)
copyIds.forEach((id, index) => {
  f.world.reveal(id, copies[index]!)
})
for (let n = 0; n < 2; n++) {
  time('settleOrder of 8 near-duplicates', datanets, 'settleOrder', [f.datanetId, 8], stranger)
}
time('freezeVersion of 448', datanets, 'freezeVersion', [f.datanetId, 512], owner)

const open = f.world.createDatanet(owner, { policy: 0 })
for (let n = 0; n < 64; n++) {
  const { address } = account(300 + n)
  f.chain.fund(address, 1_000n * OPEN)
  datanets.send('joinScorers', [open], { from: address, valueWei: BigInt(100 + n) * OPEN })
}
for (let n = 0; n < 4; n++) {
  const few = Array.from({ length: 8 }, (_, index) => contribution(30_000 + 8 * n + index, contributor))
  const fewIds = f.world.contribute(open, few)
  f.chain.advance()
  time('drawScorers of 8 out of 64', datanets, 'drawScorers', [fewIds], stranger)
}

for (let round = 0; round < 6; round++) {
  const receipts = Array.from({ length: 32 }, () => f.receipt())
  const receiptIds = receipts.map((receipt) => receipt.receiptId)
  time('settle of 32', attribution, 'settle', [receipts.map((receipt) => receipt.signed), 0n], settler)
  f.chain.advance()
  time('drawAudits of 32', attribution, 'drawAudits', [receiptIds], stranger)
  for (const receipt of receipts) f.audit(receipt, [1, 1, 1])
  f.pastChallenge()
  const facts = receipts.map((receipt) => f.world.factsOf(receipt.receiptId))
  time('finalize of 32', attribution, 'finalize', [facts, receipts.map(() => '0x')], stranger)
  const close = (what: string, work: number) =>
    time(`closeWindow: ${what}`, attribution, 'closeWindow', [f.adapterId, work], stranger)
  close('score 368 rows', 1)
  close('score 32 rows', 1)
  close('pay 50 members', 50)
  close('pay 350 members', 350)
  const page = [facts[0]!, receipts[0]!.signed.queryRow, 0, 256]
  time('score of 256 rows', attribution, 'score', page, stranger)
  time('windowShares of 256', attribution, 'windowShares', [f.adapterId, BigInt(round + 1), 0, 256], stranger)
  time('getRows of 64', adapters, 'getRows', [f.adapterId, 1, 0, 64], stranger)
  time('versionMembers of 256', datanets, 'versionMembers', [f.datanetId, 1, 0, 256], stranger)
  time('deposit', attribution, 'deposit', [f.world.adapters.address], requester, OPEN)
}

for (let n = 0; n < 3; n++) {
  const draft = f.world.draft(f.baseModelId, [{ datanetId: f.datanetId, version: 1 }], { k: 1024 })
  time('createAdapter', adapters, 'createAdapter', [draft], owner, OPEN)
  const adapterId = BigInt(n + 2)
  for (let start = 0; start < MEMBERS; ) {
    // one chunk, then three at a time
    const count = Math.min(start === 0 ? 23 : 69, MEMBERS - start)
    const bytes = Buffer.concat(f.rows.slice(start, start + count)).toString('hex')
    time(`appendRows of ${count}`, adapters, 'appendRows', [adapterId, start, `0x${bytes}`], owner)
    start += count
  }
  const { rowsRoot } = adapters.read('getVersion', [f.adapterId, 1])
  time(`publish ${MEMBERS} rows`, adapters, 'publish', [adapterId, rowsRoot], owner)
  challengeOnce(adapterId)
  f.chain.advance(f.world.parameters.challengeWindowBlocks)
  const next = f.world.versionDraft([{ datanetId: f.datanetId, version: 1 }], { k: 1024 })
  time('newVersion', adapters, 'newVersion', [adapterId, next], owner)
}

/** A challenge of a row that three of four auditors find right. */
function challengeOnce(adapterId: bigint): void {
  const bondWei = f.world.parameters.rowChallengeBondWei
  time('challengeRows', adapters, 'challengeRows', [adapterId, 7, 'bafyevidence'], stranger, bondWei)
  f.chain.advance()
  time('drawRowAudit among 4', adapters, 'drawRowAudit', [adapterId], stranger)
  const { committee } = adapters.read('getRowChallenge', [adapterId])
  const seats = committee.map((address) => auditors.find((one) => one.address === address.toLowerCase())!)
  for (const auditor of seats) {
    const args = [[adapterId], commitmentOf(auditor, [adapterId], [1])]
    time('commitRowAudit of 1', adapters, 'commitRowAudit', args, auditor)
  }
  for (const auditor of seats) {
    time('revealRowAudit of 1', adapters, 'revealRowAudit', [[adapterId], [1], SALT], auditor)
  }
  time('resolveRowChallenge', adapters, 'resolveRowChallenge', [adapterId], stranger)
}

for (const [call, { gas, ms }] of measured) {
  const perGas = ((ms * 1e6) / gas).toFixed(1)
  process.stdout.write(
    `${call.padEnd(34)} ${String(gas).padStart(9)} gas ${ms.toFixed(2).padStart(8)} ms ${perGas.padStart(7)} ns/gas\n`,
  )
}

process.stdout.write('\n')
for (const { what, measured: found, floor, passes } of await floors()) {
  process.stdout.write(`${passes ? 'PASS' : 'FAIL'} ${what}: ${found} (floor: ${floor})\n`)
  if (!passes) process.exitCode = 1
}
