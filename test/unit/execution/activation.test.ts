import type { TypedTransaction } from '@ethereumjs/tx'
import { beforeAll, describe, expect, it } from 'vitest'
import type { NativePrecompile } from '../../../precompiles/host.ts'
import { createChainSpec } from '../../../src/chainspec/chainSpec.ts'
import { type GenesisInput, parseGenesis } from '../../../src/chainspec/schema.ts'
import { CallRunner } from '../../../src/execution/calls.ts'
import type { Candidate } from '../../../src/execution/executor.ts'
import { readNativeView } from '../../../src/execution/nativeViews.ts'
import type { Certificate } from '../../../src/ledger/certificate.ts'
import { HeadState } from '../../../src/node/headState.ts'
import { openLedgerReader } from '../../../src/node/openLedgerReader.ts'
import { precompilesOf } from '../../../src/node/precompiles.ts'
import { rpcStateAccess } from '../../../src/node/rpcPorts.ts'
import { bytesToBigInt } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { account, devnetGenesis, TestChain } from '../../support/chain.ts'
import { ManualClock } from '../../support/network/manualClock.ts'
import { codeOf } from '../../support/network/outcome.ts'

const TOY: Address = '0x00000000000000000000000000000000000a0001'
/** Forwards its calldata to the toy with 200,000 gas, and stores 1 for success or 2 for failure in slot 0. */
const CALLER: Address = `0x${'c1'.repeat(20)}`
const CALLER_CODE = `0x365f5f375f5f365f5f73${TOY.slice(2)}62030d40f16002035f5500` as const
const slot = (n: number): Hash => `0x${n.toString(16).padStart(64, '0')}`
const topic = (version: number): Hash => slot(0xee00 + version)
const abiHashOf = (version: number): Hash => keccakHex(Uint8Array.of(version))

/** Each version counts calls in slot 0, by a step of its own, and answers with its version and the count. */
const toyVersion = (version: number, step: bigint): NativePrecompile => ({
  name: 'toy',
  version,
  address: TOY,
  abiHash: abiHashOf(version),
  run(host) {
    const count = host.sload(0n) + step
    if (!host.isStatic) {
      host.sstore(0n, count)
      host.emit([topic(version)], new Uint8Array())
    }
    return Uint8Array.from([version, Number(count)])
  },
})
const available = [toyVersion(1, 1n), toyVersion(2, 10n), toyVersion(3, 100n)]

/** Block n has the timestamp of genesis plus n: nothing runs up to block 2, then versions 1, 2, none and 3. */
const timeOf = (height: number) => 1_000 + height
const SCHEDULE = [
  { name: 'toy', version: 1, timestamp: timeOf(3) },
  { name: 'toy', version: 2, timestamp: timeOf(5) },
  { name: 'toy', version: null, timestamp: timeOf(7) },
  { name: 'toy', version: 3, timestamp: timeOf(9) },
]
const VERSIONS = [undefined, undefined, undefined, 1, 1, 2, 2, undefined, undefined, 3, 3] as const
const LAST = VERSIONS.length - 1

function toyGenesis(precompiles: GenesisInput['precompiles'] = SCHEDULE): GenesisInput {
  const genesis = devnetGenesis()
  const alloc = {
    ...genesis.alloc,
    [TOY]: { nonce: 1, code: '0xfe', balanceWei: '5' },
    [CALLER]: { nonce: 1, code: CALLER_CODE },
  }
  return { ...genesis, timestamp: timeOf(0), alloc, precompiles }
}

interface Mined {
  readonly candidate: Candidate
  readonly certificate: Certificate
}

let test: TestChain
let kv: MemoryStore
const mined: Mined[] = []

async function mine(transactions: readonly TypedTransaction[]): Promise<void> {
  const candidate = await test.build(transactions)
  const certificate = test.certificate(candidate)
  await test.chain.commit(candidate.envelope, certificate)
  mined.push({ candidate, certificate })
}

/** Every block calls the toy from an account, with a wei, and from a contract. */
beforeAll(async () => {
  kv = new MemoryStore()
  mined.length = 0
  test = await TestChain.open({ genesis: toyGenesis(), available, kv })
  for (let height = 1; height <= LAST; height++) {
    await mine([
      test.transaction(account(0), { to: TOY, value: 1n, gasLimit: 100_000n }),
      test.transaction(account(1), { to: CALLER, gasLimit: 400_000n }),
    ])
  }
})

const stateAccess = () =>
  rpcStateAccess({
    chain: test.chain,
    head: new HeadState({ chain: test.chain, kv, clock: new ManualClock() }),
    kv,
  })

async function contextAt(height: number) {
  return { block: test.chain.store.block(height)!, state: await stateAccess().at(BigInt(height)) }
}

async function callAt(height: number, timestamp?: bigint) {
  const { spec, genesisHash, precompiles } = test.chain
  const runner = new CallRunner({ spec, genesisHash }, { precompiles })
  const override = timestamp === undefined ? {} : { blockOverride: { timestamp } }
  return runner.run({ to: TOY, gasLimit: 100_000n }, { ...(await contextAt(height)), ...override })
}

describe('a schedule of a native precompile', () => {
  it.each(VERSIONS.map((version, height) => ({ version, height })).slice(1))(
    'runs version $version in block $height',
    ({ version, height }) => {
      const [direct, through] = mined[height - 1]!.candidate.receipts
      const runs = version !== undefined
      expect(direct?.succeeded).toBe(runs)
      expect(direct?.logs.map((log) => log.topics)).toEqual(runs ? [[topic(version)]] : [])
      expect(through?.succeeded).toBe(true)
      expect(through?.logs.length).toBe(runs ? 1 : 0)
      // what runs nothing takes all gas, as the INVALID opcode does
      if (!runs) expect(direct?.cumulativeGasUsed).toBe(100_000n)
    },
  )

  it('leaves the state and the wei of a call in which nothing runs alone', async () => {
    const counts = [0n, 0n, 0n, 2n, 4n, 24n, 44n, 44n, 44n, 244n, 444n]
    const successes = VERSIONS.filter((version) => version !== undefined)
    for (const [height, count] of counts.entries()) {
      const { state } = await contextAt(height)
      expect(state.storage(TOY, slot(0))).toBe(count)
    }
    const { state } = await contextAt(LAST)
    expect(state.account(TOY)).toMatchObject({ nonce: 1n, balanceWei: 5n + BigInt(successes.length) })
  })

  it('tells a calling contract that the call failed', async () => {
    for (let height = 1; height <= LAST; height++) {
      const { state } = await contextAt(height)
      expect(state.storage(CALLER, slot(0))).toBe(VERSIONS[height] === undefined ? 2n : 1n)
    }
  })

  it('gives a second node the same blocks and roots, when it runs them all after the last change', async () => {
    const second = await TestChain.open({ genesis: toyGenesis(), available })
    for (const { candidate, certificate } of mined) {
      const again = await second.chain.validate(candidate.envelope)
      expect(again.state.stateRoot).toBe(candidate.state.stateRoot)
      await second.chain.commit(candidate.envelope, certificate)
    }
    expect(second.chain.head.blockHash).toBe(test.chain.head.blockHash)
  })

  it('refuses a block that ran another version', async () => {
    const other = await TestChain.open({
      genesis: toyGenesis(),
      available: [toyVersion(1, 2n), ...available.slice(1)],
    })
    for (const { candidate, certificate } of mined.slice(0, 2)) {
      await other.chain.commit(candidate.envelope, certificate)
    }
    expect(await codeOf(other.chain.validate(mined[2]!.candidate.envelope))).toBe('BAD_EXECUTION')
  })

  it('has calls at an old block run the version of that block', async () => {
    for (const [height, version] of VERSIONS.entries()) {
      const { output, failure, gasUsed } = await callAt(height)
      if (version === undefined) {
        expect(failure).toEqual({ reverted: false, message: 'invalid opcode' })
        expect(gasUsed).toBe(100_000n)
      } else {
        expect(failure).toBeUndefined()
        expect(output[0]).toBe(version)
      }
    }
  })

  it('has calls that override the time run the version of that time', async () => {
    expect((await callAt(1, BigInt(timeOf(5)))).output[0]).toBe(2)
    expect((await callAt(LAST, BigInt(timeOf(4)))).output[0]).toBe(1)
    expect((await callAt(LAST, BigInt(timeOf(8)))).failure?.message).toBe('invalid opcode')
  })

  it('has views beside the EVM run the version of their block', async () => {
    for (const [height, version] of VERSIONS.entries()) {
      const context = await contextAt(height)
      const view = async () => readNativeView(test.chain, context, TOY, new Uint8Array())[0]
      if (version === undefined) expect(await codeOf(view())).toBe('NOT_FOUND')
      else expect(await view()).toBe(version)
    }
  })

  it('is what openledger_getPrecompiles shows at every block', async () => {
    const reader = openLedgerReader({ chain: test.chain, state: stateAccess() })
    const at = (index: number) => {
      const { version, timestamp } = SCHEDULE[index]!
      const abiHash = version === null ? null : abiHashOf(version)
      return { version, fromTimestamp: BigInt(timestamp), abiHash }
    }
    const nothing = { version: null, fromTimestamp: null, abiHash: null }
    const shown = [
      { ...nothing, next: at(0) },
      { ...at(0), next: at(1) },
      { ...at(1), next: at(2) },
      { ...nothing, next: at(3) },
      { ...at(3), next: null },
    ]
    const phases = [0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    for (const [height, phase] of phases.entries()) {
      const expected = [{ name: 'toy', address: TOY, ...shown[phase] }]
      expect(await reader.precompiles(BigInt(height))).toEqual(expected)
    }
    expect(await codeOf(reader.precompiles(99n))).toBe('NOT_FOUND')
  })

  it('lets a contract see the code of a native account at any time', async () => {
    const sizeOf = `0x73${TOY.slice(2)}3b5f5260205ff3` as const
    const { spec, genesisHash, precompiles } = test.chain
    const runner = new CallRunner({ spec, genesisHash }, { precompiles })
    for (const height of [1, 4, 8]) {
      const context = await contextAt(height)
      const code = Uint8Array.from(Buffer.from(sizeOf.slice(2), 'hex'))
      const stateOverrides = new Map([[CALLER, { code }]])
      const { output } = await runner.run({ to: CALLER }, { ...context, stateOverrides })
      expect(bytesToBigInt(output)).toBe(1n)
    }
  })
})

describe('a genesis file', () => {
  const specOf = (genesis: GenesisInput) => createChainSpec(parseGenesis(genesis, 'test'))
  const registryOf = async (genesis: GenesisInput) => precompilesOf(specOf(genesis), available)

  const schedules: readonly { what: string; schedule: GenesisInput['precompiles'] }[] = [
    { what: 'a version that this node lacks', schedule: [{ name: 'toy', version: 9, timestamp: 0 }] },
    { what: 'a removal of a name that nobody knows', schedule: [{ name: 'x', version: null, timestamp: 0 }] },
    { what: 'a removal of what does not run', schedule: [{ name: 'toy', version: null, timestamp: 0 }] },
    {
      what: 'a version that goes back',
      schedule: [
        { name: 'toy', version: 2, timestamp: 0 },
        { name: 'toy', version: 1, timestamp: 5 },
      ],
    },
  ]
  it.each(schedules)('is refused with $what', async ({ schedule }) => {
    expect(await codeOf(registryOf(toyGenesis(schedule)))).toBe('BAD_GENESIS')
  })

  it.each([
    { what: 'no code', account: { nonce: 1 } },
    { what: 'other code', account: { nonce: 1, code: '0x00' } },
    { what: 'nonce 0', account: { code: '0xfe' } },
  ])('is refused with a native account of $what', async ({ account: entry }) => {
    const genesis = toyGenesis()
    const alloc = { ...genesis.alloc, [TOY]: entry }
    expect(await codeOf(registryOf({ ...genesis, alloc }))).toBe('BAD_GENESIS')
    expect(await codeOf(registryOf(genesis))).toBe('no error')
  })

  it('fixes what runs from genesis on: another start is another chain, another future is not', async () => {
    const hashOf = async (schedule: GenesisInput['precompiles']) =>
      (await TestChain.open({ genesis: toyGenesis(schedule), available })).chain.genesisHash
    const [first, ...others] = SCHEDULE
    expect(await hashOf([first!])).toBe(test.chain.genesisHash)
    expect(await hashOf([{ ...first!, timestamp: timeOf(0) }, ...others])).not.toBe(test.chain.genesisHash)
  })
})

describe('an account that is delegated to a native precompile itself', () => {
  it('runs the code 0xfe of that account, and never the precompile', async () => {
    const genesis = toyGenesis()
    const delegated: Address = `0x${'d1'.repeat(20)}`
    const alloc = { ...genesis.alloc, [delegated]: { nonce: 1, code: `0xef0100${TOY.slice(2)}` } }
    const chain = await TestChain.open({
      genesis: { ...genesis, alloc, precompiles: [{ name: 'toy', version: 1, timestamp: 0 }] },
      available,
    })
    const { receipts } = await chain.mine([
      chain.transaction(account(0), { to: delegated, gasLimit: 100_000n }),
      chain.transaction(account(1), { to: TOY, gasLimit: 100_000n }),
    ])
    expect(receipts.map((receipt) => receipt.succeeded)).toEqual([false, true])
    expect(receipts[0]?.cumulativeGasUsed).toBe(100_000n)
    expect(bytesToHex(receipts[1]!.logs[0]!.data)).toBe('0x')
  })
})
