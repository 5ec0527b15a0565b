import { createRequire } from 'node:module'
import { beforeAll, describe, expect, it } from 'vitest'
import * as adapter from '../../../../precompiles/adapter/layout.ts'
import * as datanet from '../../../../precompiles/datanet/layout.ts'
import type { PrecompileHost } from '../../../../precompiles/host.ts'
import * as attribution from '../../../../precompiles/proofOfAttribution/layout.ts'
import { REMAINDERS_SLOT, remainderLayout } from '../../../../precompiles/proofOfAttribution/remainders.ts'
import { endingLayout, GOVERNED_SLOT, settlingLayout } from '../../../../precompiles/shared/governed.ts'
import {
  mappingSlot,
  namespaceSlot,
  readPacked,
  StructRef,
  struct,
  writePacked,
} from '../../../../precompiles/shared/layout.ts'
import { MONEY_SLOT, moneyLayout } from '../../../../precompiles/shared/money.ts'
import { RANDAO_RING_SLOT } from '../../../../precompiles/shared/randomness.ts'
import { Store } from '../../../../precompiles/shared/store.ts'
import type { Hash } from '../../../../src/primitives/hex.ts'
import { keccakHex } from '../../../../src/primitives/keccak.ts'

interface Member {
  readonly label: string
  readonly slot: string
  readonly offset: number
}
interface StorageType {
  readonly members?: readonly Member[]
  readonly label: string
  readonly numberOfBytes: string
}
interface Solc {
  compile(input: string): string
}

const layouts = {
  Money: moneyLayout,
  Registry: datanet.registryLayout,
  Datanet: datanet.datanetLayout,
  Scorer: datanet.scorerLayout,
  Contribution: datanet.contributionLayout,
  Version: datanet.versionLayout,
  Access: datanet.accessLayout,
  AdapterRegistry: adapter.registryLayout,
  BaseModel: adapter.baseModelLayout,
  Adapter: adapter.adapterLayout,
  AdapterVersion: adapter.versionLayout,
  RowChallenge: adapter.rowChallengeLayout,
  DatanetVersion: adapter.datanetVersionLayout,
  Parent: adapter.parentLayout,
  Root: attribution.rootLayout,
  Deposit: attribution.depositLayout,
  Host: attribution.hostLayout,
  Auditor: attribution.auditorLayout,
  Receipt: attribution.receiptLayout,
  Batch: attribution.batchLayout,
  Audit: attribution.auditLayout,
  Challenge: attribution.challengeLayout,
  Appeal: attribution.appealLayout,
  AdapterWindows: attribution.adapterWindowsLayout,
  Window: attribution.windowLayout,
  Remainder: remainderLayout,
  Settling: settlingLayout,
  Ending: endingLayout,
}

const solidityType = (type: string) =>
  type === 'mapping' ? 'mapping(uint256 => uint256)' : type === 'array' ? 'uint64[]' : type

/** solc's own layout of structs with the same fields: an answer that is not written here. */
function solidityLayouts(): Map<string, StorageType> {
  const structs = Object.entries(layouts).map(([name, { fields }]) => {
    const members = Object.entries(fields).map(([field, type]) => `${solidityType(type)} ${field}_;`)
    return `struct ${name} { ${members.join(' ')} }`
  })
  const variables = Object.keys(layouts).map((name) => `${name} v${name};`)
  const content = `pragma solidity ^0.8.30; contract C { ${structs.join(' ')} ${variables.join(' ')} }`
  const solc = createRequire(import.meta.url)('solc') as Solc
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources: { 'C.sol': { content } },
        settings: { outputSelection: { '*': { C: ['storageLayout'] } } },
      }),
    ),
  )
  const types = output.contracts['C.sol'].C.storageLayout.types as Record<string, StorageType>
  return new Map(Object.values(types).map((type) => [type.label.replace('struct C.', ''), type]))
}

describe('storage layout', () => {
  let fromSolc: Map<string, StorageType>
  beforeAll(() => {
    fromSolc = solidityLayouts()
  })

  it.each(Object.keys(layouts))('%s lies as solc lays it out', (name) => {
    const ours = layouts[name as keyof typeof layouts]
    const theirs = fromSolc.get(name)
    const places = Object.entries(ours.places).map(([label, place]) => ({
      label,
      slot: String(place.slot),
      offset: Number(place.offset) / 8,
    }))
    const expected = theirs?.members?.map(({ label, slot, offset }) => ({
      label: label.slice(0, -1),
      slot,
      offset,
    }))
    expect(places).toEqual(expected)
    expect(ours.slots * 32).toBe(Number(theirs?.numberOfBytes))
  })

  it('derives namespaces by the formula of EIP-7201', () => {
    // the example in the EIP
    expect(namespaceSlot('example.main')).toBe(
      0x183a6125c38840424c4a85fa12bab2ab606c4b6d0e7cc73c0c06ba5300eab500n,
    )
    const namespaces = [
      MONEY_SLOT,
      RANDAO_RING_SLOT,
      datanet.REGISTRY_SLOT,
      adapter.REGISTRY_SLOT,
      attribution.ROOT_SLOT,
      REMAINDERS_SLOT,
      GOVERNED_SLOT,
    ]
    expect(new Set(namespaces).size).toBe(namespaces.length)
  })
})

function memoryStore() {
  const slots = new Map<bigint, bigint>()
  const writes: bigint[] = []
  const host = {
    useGas: () => {},
    sload: (slot: bigint) => slots.get(slot) ?? 0n,
    sstore: (slot: bigint, value: bigint) => {
      writes.push(slot)
      slots.set(slot, value)
    },
    keccak: (data: Uint8Array): Hash => keccakHex(data),
  } as unknown as PrecompileHost
  return { slots, writes, host, store: new Store(host) }
}

const sample = struct({
  a: 'uint8',
  b: 'uint96',
  owner: 'address',
  on: 'bool',
  text: 'string',
  root: 'bytes32',
})

describe('structs in a store', () => {
  it('keep neighbours in a slot apart and write each slot once', () => {
    const { store, host, writes } = memoryStore()
    const ref = new StructRef(store, sample, 100n)
    ref.update({ a: 7, b: (1n << 96n) - 1n, owner: `0x${'ab'.repeat(20)}`, on: true })
    ref.set('a', 9)
    store.flush()
    expect(writes).toEqual([100n, 101n])
    expect(new StructRef(new Store(host), sample, 100n).values()).toEqual({
      a: 9,
      b: (1n << 96n) - 1n,
      owner: `0x${'ab'.repeat(20)}`,
      on: true,
      root: `0x${'00'.repeat(32)}`,
    })
  })

  it('do not write a slot that ends with the value it had', () => {
    const { store, writes } = memoryStore()
    const ref = new StructRef(store, sample, 0n)
    ref.set('a', 1)
    ref.set('a', 0)
    store.flush()
    expect(writes).toEqual([])
  })

  it.each([0, 1, 31, 32, 33, 64, 100])('hold a text of %i bytes as Solidity does', (length) => {
    const { store, slots } = memoryStore()
    const ref = new StructRef(store, sample, 0n)
    ref.setText('text', 'x'.repeat(80))
    store.flush()
    ref.setText('text', 'y'.repeat(length))
    store.flush()
    expect(ref.text('text')).toBe('y'.repeat(length))
    const slot = ref.at('text')
    expect(slots.get(slot) ?? 0n).toSatisfy((head: bigint) =>
      length <= 31 ? (head & 0xffn) === BigInt(2 * length) : head === BigInt(2 * length + 1),
    )
    const live = [...slots].filter(([at, value]) => at > 1000n && value !== 0n)
    expect(live.length).toBe(length <= 31 ? 0 : Math.ceil(length / 32))
  })

  it('pack arrays from the low bits up', () => {
    const { store, slots } = memoryStore()
    for (let index = 0; index < 6; index++) writePacked(store, 50n, index, 64, BigInt(index + 1))
    store.flush()
    expect(slots.get(50n)).toBe(1n + (2n << 64n) + (3n << 128n) + (4n << 192n))
    expect(slots.get(51n)).toBe(5n + (6n << 64n))
    expect(readPacked(store, 50n, 5, 64)).toBe(6n)
  })

  it('find a mapping’s value where Solidity does', () => {
    const { store } = memoryStore()
    // keccak256(abi.encode(uint256(1), uint256(0)))
    expect(mappingSlot(store, 0n, 1n)).toBe(
      0xada5013122d395ba3c54772283fb069b10426056ef8ca54750cb9bb552a59e7dn,
    )
  })
})
