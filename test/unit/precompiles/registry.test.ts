import { describe, expect, it } from 'vitest'
import { ADAPTER_ADDRESS, ATTRIBUTION_ADDRESS, DATANET_ADDRESS } from '../../../precompiles/addresses.ts'
import type { NativePrecompile } from '../../../precompiles/host.ts'
import {
  checkParameters,
  devnetParameters,
  type PrecompileParameters,
} from '../../../precompiles/parameters.ts'
import { nativePrecompiles, PrecompileRegistry } from '../../../precompiles/registry.ts'
import { isNodeError } from '../../../src/errors/errors.ts'
import { type Address, ZERO_HASH } from '../../../src/primitives/hex.ts'

const [A, B] = [`0x${'aa'.repeat(20)}`, `0x${'bb'.repeat(20)}`] as const
const module = (name: string, version: number, address: Address): NativePrecompile => ({
  name,
  version,
  address,
  abiHash: ZERO_HASH,
  run: () => new Uint8Array(0),
})
const at = (fromTimestamp: bigint, precompile: NativePrecompile) => ({ fromTimestamp, precompile })
const gone = (fromTimestamp: bigint, removes: Address) => ({ fromTimestamp, removes })

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return isNodeError(error) ? error.code : String(error)
  }
  return 'none'
}

describe('the registry', () => {
  it('has the three precompiles at their addresses, sorted', () => {
    const registry = nativePrecompiles(devnetParameters)
    expect(registry.addresses).toEqual([DATANET_ADDRESS, ADAPTER_ADDRESS, ATTRIBUTION_ADDRESS])
    expect(registry.addresses.map((address) => registry.at(address, 0n)?.name)).toEqual([
      'datanetRegistry',
      'adapterRegistry',
      'proofOfAttribution',
    ])
    expect(registry.at(A, 0n)).toBeUndefined()
  })

  it('runs a version from its time until the next one’s, whatever the order of the list', () => {
    const registry = new PrecompileRegistry([
      at(200n, module('a', 2, A)),
      at(100n, module('a', 1, A)),
      at(0n, module('b', 1, B)),
    ])
    expect([0n, 99n, 100n, 199n, 200n, 5000n].map((time) => registry.at(A, time)?.version)).toEqual([
      undefined,
      undefined,
      1,
      1,
      2,
      2,
    ])
    expect(registry.addresses).toEqual([A, B])
  })

  it('runs nothing from a removal until the next activation', () => {
    const registry = new PrecompileRegistry([
      at(400n, module('a', 5, A)),
      gone(200n, A),
      at(100n, module('a', 1, A)),
    ])
    expect([99n, 100n, 199n, 200n, 399n, 400n].map((time) => registry.at(A, time)?.version)).toEqual([
      undefined,
      1,
      1,
      undefined,
      undefined,
      5,
    ])
    expect(registry.activeAt(150n).map(({ version }) => version)).toEqual([1])
    expect(registry.activeAt(200n)).toEqual([])
    expect(registry.addresses).toEqual([A])
  })

  it('says what runs since when and what comes next', () => {
    const registry = new PrecompileRegistry([
      at(100n, module('a', 1, A)),
      at(150n, module('a', 2, A)),
      gone(200n, A),
      at(0n, module('b', 1, B)),
    ])
    const shown = (time: bigint) =>
      registry.scheduleAt(time).map(({ name, current, next }) => ({
        name,
        version: current?.precompile.version,
        since: current?.fromTimestamp,
        next: next?.fromTimestamp,
      }))
    const b = { name: 'b', version: 1, since: 0n, next: undefined }
    expect(shown(99n)).toEqual([{ name: 'a', version: undefined, since: undefined, next: 100n }, b])
    expect(shown(100n)).toEqual([{ name: 'a', version: 1, since: 100n, next: 150n }, b])
    expect(shown(199n)).toEqual([{ name: 'a', version: 2, since: 150n, next: 200n }, b])
    expect(shown(200n)).toEqual([{ name: 'a', version: undefined, since: undefined, next: undefined }, b])
  })

  it.each([
    { what: 'a removal of what never ran', list: [gone(5n, A)] },
    { what: 'a second removal', list: [at(0n, module('a', 1, A)), gone(5n, A), gone(6n, A)] },
    { what: 'a removal at the time of an activation', list: [at(5n, module('a', 1, A)), gone(5n, A)] },
    {
      what: 'an old version after a removal',
      list: [at(0n, module('a', 2, A)), gone(5n, A), at(6n, module('a', 2, A))],
    },
    {
      what: 'another name after a removal',
      list: [at(0n, module('a', 1, A)), gone(5n, A), at(6n, module('b', 2, A))],
    },
    { what: 'two versions at one time', list: [at(0n, module('a', 1, A)), at(0n, module('a', 2, A))] },
    { what: 'a version that goes back', list: [at(0n, module('a', 2, A)), at(5n, module('a', 1, A))] },
    { what: 'two names at one address', list: [at(0n, module('a', 1, A)), at(5n, module('b', 2, A))] },
    { what: 'one name at two addresses', list: [at(0n, module('a', 1, A)), at(5n, module('a', 2, B))] },
  ])('refuses $what', ({ list }) => {
    expect(codeOf(() => new PrecompileRegistry(list))).toBe('BAD_GENESIS')
  })
})

describe('parameters', () => {
  it('of the devnet hold together', () => {
    expect(checkParameters(devnetParameters)).toBe(devnetParameters)
  })

  const wrong: readonly { what: string; change: Partial<PrecompileParameters> }[] = [
    { what: 'a split above the whole', change: { split: { ...devnetParameters.split, host: 2001 } } },
    {
      what: 'contributors below 3,000',
      change: { split: { ...devnetParameters.split, contributors: 2999, owner: 3001 } },
    },
    { what: 'a negative share', change: { split: { ...devnetParameters.split, host: -500, stakers: 3500 } } },
    { what: 'a rate above one', change: { auditRateBps: 10_001 } },
    { what: 'more for work than the treasury’s part', change: { auditorPayBps: 9000 } },
    { what: 'an empty reveal window', change: { revealMaxBlocks: 2 } },
    { what: 'scorers’ bonds free too early', change: { scorerExitBlocks: 40 } },
    { what: 'panels of two', change: { scorerPanel: 2 } },
    { what: 'panels of more than there are seats', change: { scorerPanel: 65 } },
    { what: 'scorers without a bond', change: { scorerBondWei: 0n } },
    { what: 'deposits free too early', change: { withdrawDelayBlocks: 100 } },
    { what: 'hosts’ bonds free too early', change: { hostExitBlocks: 70 } },
    { what: 'auditors’ bonds free too early', change: { auditorExitBlocks: 70 } },
    { what: 'a committee of four', change: { auditCommittee: 4 } },
    { what: 'no committee', change: { auditCommittee: 0 } },
    { what: 'windows too large to sum', change: { windowReceipts: 1000 } },
    { what: 'more gas for a settlement than 32 bits hold', change: { settlementGas: 2n ** 32n } },
    { what: 'windows that get older than 32 bits hold', change: { windowAgeBlocks: 2 ** 32 } },
    { what: 'an odd k', change: { kAllowed: [1023] } },
    { what: 'no k', change: { kAllowed: [] } },
    { what: 'an address in capitals', change: { stakingAddress: `0x${'AB'.repeat(20)}` } },
    { what: 'a treasury outside the system accounts', change: { treasuryAddress: A } },
  ]
  it.each(wrong)('with $what are refused', ({ change }) => {
    expect(codeOf(() => nativePrecompiles({ ...devnetParameters, ...change }))).toBe('BAD_GENESIS')
  })
})
