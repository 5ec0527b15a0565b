import fc from 'fast-check'
import { encodeFunctionData } from 'viem'
import { describe, expect, it } from 'vitest'
import { iAdapterRegistryAbi } from '../../../contracts/generated/IAdapterRegistry.ts'
import { iDatanetRegistryAbi } from '../../../contracts/generated/IDatanetRegistry.ts'
import { iProofOfAttributionAbi } from '../../../contracts/generated/IProofOfAttribution.ts'
import { ADAPTER_ADDRESS, ATTRIBUTION_ADDRESS, DATANET_ADDRESS } from '../../../precompiles/addresses.ts'
import type { Abi, AbiFunction, AbiParameter } from '../../../precompiles/shared/abiTypes.ts'
import { bytesToHex, type Hash, hexToBytes, ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { contribution, makeQuery, OPEN, testHash } from '../../support/precompileWorld.ts'
import {
  auditors,
  contributors,
  Fixture,
  host,
  owner,
  requester,
  scorer,
  stranger,
} from './proofOfAttribution/fixture.ts'

const callers = [owner, scorer, requester, host, stranger, ...contributors, ...auditors].map((a) => a.address)

/** A chain in the middle of everything: receipts in every state, a window being closed, contributions in scoring. */
function busyChain(): {
  f: Fixture
  ids: readonly Hash[]
  facts: readonly unknown[]
  rows: readonly string[]
} {
  const f = new Fixture()
  const old = Array.from({ length: 4 }, () => f.receipt())
  f.finalReceipts(old)
  f.close(3)
  const open = Array.from({ length: 3 }, () => f.receipt())
  f.settle(...open)
  f.chain.advance()
  f.draw(open[0]!, open[1]!)
  f.commitVerdict(f.committee(open[0]!)[0]!, open[0]!, 1)
  f.world.contribute(f.datanetId, [contribution(700, contributors[0])])
  f.world.commit(f.datanetId, contribution(701, contributors[1]))
  const all = [...old, ...open]
  return {
    f,
    ids: all.map((receipt) => receipt.receiptId),
    facts: all.map((receipt) => f.world.factsOf(receipt.receiptId)),
    rows: all.map((receipt) => String(receipt.signed.queryRow)),
  }
}

type Busy = ReturnType<typeof busyChain>

/** Values at the edges of a type, and such as mean something on the chain. */
function edge({ type, components, name }: AbiParameter, busy: Busy): fc.Arbitrary<unknown> {
  if (type.endsWith('[]')) {
    return fc.array(edge({ name: '', type: type.slice(0, -2), components: components ?? [] }, busy), {
      maxLength: 2,
    })
  }
  if (type === 'tuple' && name === 'facts') return fc.constantFrom(...busy.facts)
  if (type === 'tuple') {
    return fc.record(Object.fromEntries((components ?? []).map((field) => [field.name, edge(field, busy)])))
  }
  const integer = /^uint(\d+)$/.exec(type)
  if (integer !== null) {
    const bits = BigInt(integer[1] ?? 0)
    const max = (1n << bits) - 1n
    const values = [0n, 1n, 2n, 3n, 7n, 16n, 1024n, OPEN, max - 1n, max].filter((value) => value <= max)
    return fc.constantFrom(...values).map((value) => (bits <= 48n ? Number(value) : value))
  }
  if (type === 'address') return fc.constantFrom(ZERO_ADDRESS, ATTRIBUTION_ADDRESS, ...callers)
  if (type === 'bytes32') return fc.constantFrom<string>(ZERO_HASH, testHash('x'), ...busy.ids)
  if (type === 'bytes') {
    const ours = [
      new Uint8Array(0),
      new Uint8Array(1),
      makeQuery(16, 1),
      new Uint8Array(20),
      new Uint8Array(512),
    ]
    return fc.constantFrom(...busy.rows, ...ours.map(bytesToHex))
  }
  return fc.constantFrom('', 'text', '\u0000', 'x'.repeat(300))
}

const targets = (
  [
    [DATANET_ADDRESS, iDatanetRegistryAbi],
    [ADAPTER_ADDRESS, iAdapterRegistryAbi],
    [ATTRIBUTION_ADDRESS, iProofOfAttributionAbi],
  ] as const
).flatMap(([address, abi]) =>
  (abi as Abi)
    .filter((item): item is AbiFunction => item.type === 'function')
    .map((item) => ({ name: item.name, address, item })),
)

describe('arguments at the edges', () => {
  // one chain for all methods, and a fixed seed, so that a failure comes again
  const busy = busyChain()

  it.each(targets)('of $name end in success or a revert, never in a fault', ({ address, item }) => {
    const { chain } = busy.f
    const args = fc.tuple(...item.inputs.map((input) => edge(input, busy)))
    const value =
      item.stateMutability === 'payable' ? fc.constantFrom(0n, 1n, OPEN, 100n * OPEN) : fc.constant(0n)
    fc.assert(
      fc.property(args, value, fc.constantFrom(...callers), (values, valueWei, from) => {
        const call = { abi: [item], functionName: item.name, args: values }
        const data = hexToBytes(encodeFunctionData(call as never))
        const before = chain.balanceOf(address)
        const result = chain.call({ from, to: address, data, valueWei, gas: 30_000_000n })
        if (result.status !== 'ok') expect(chain.balanceOf(address)).toBe(before)
        for (const contract of [busy.f.world.datanets, busy.f.world.adapters, busy.f.attribution]) {
          const sums = (contract as typeof busy.f.attribution).read('totals')
          const owed = sums.depositsWei + sums.pendingWei + sums.potsWei + sums.creditsWei + sums.bondsWei
          expect(chain.balanceOf(contract.address)).toBe(owed)
        }
      }),
      { numRuns: 20 },
    )
  })
})
