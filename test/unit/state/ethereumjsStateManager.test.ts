import { createBlock } from '@ethereumjs/block'
import { Common, Hardfork, Mainnet, type StateManagerInterface } from '@ethereumjs/common'
import { createLegacyTx } from '@ethereumjs/tx'
import { Account, type Address as EvmAddress } from '@ethereumjs/util'
import { createVM, runTx, type VM } from '@ethereumjs/vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256 } from '../../../src/primitives/keccak.ts'
import { EthereumjsStateManager } from '../../../src/state/ethereumjsStateManager.ts'
import { FlatState } from '../../../src/state/flatState.ts'
import { TrieState } from '../../../src/state/trieState.ts'
import type { StateReader } from '../../../src/state/types.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { addresses, readAll, slots } from './support/names.ts'
import { evmAddress, Reference, World } from './support/world.ts'

const sender = `0x${'5e'.repeat(20)}` as const
const contracts: readonly Address[] = ['c0', 'c1'].map((byte) => `0x${byte.repeat(20)}` as const)

/** On creation writes slot 5; called without data counts in slot 0; called with data, destroys itself. */
const CHILD_RUNTIME = hexToBytes('0x36600e5760005460010160005500' + '5b33ff')
const CHILD_INIT = concatBytes(
  hexToBytes('0x6005600555'),
  Uint8Array.of(0x70),
  CHILD_RUNTIME,
  hexToBytes('0x6000526011600ff3'),
)
const CHILD_CODE_HASH = bytesToHex(keccak256(CHILD_RUNTIME))
const SALTS = [0]
const wordOf = (value: number): Hash => `0x${value.toString(16).padStart(64, '0')}`

/** EIP-1014. */
function childOf(creator: Address, salt: number): Address {
  const saltBytes = new Uint8Array(32).fill(salt, 31)
  const preimage = concatBytes(Uint8Array.of(0xff), hexToBytes(creator), saltBytes, keccak256(CHILD_INIT))
  return bytesToHex(keccak256(preimage).subarray(12))
}

const children = contracts.flatMap((creator) => SALTS.map((salt) => childOf(creator, salt)))
const everyone = [sender, ...contracts, ...children, `0x${'b0'.repeat(20)}` as const]

type Step =
  | { kind: 'sstore'; slot: number; value: number }
  | { kind: 'call'; to: Address; value: number; dataBytes: number }
  | { kind: 'create'; salt: number }
  | { kind: 'destroy'; to: Address }
  | { kind: 'revert' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('sstore' as const), slot: fc.nat(2), value: fc.nat(2) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      to: fc.constantFrom(...everyone, ...children),
      value: fc.constantFrom(0, 0, 3),
      dataBytes: fc.nat(1),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({ kind: fc.constant('create' as const), salt: fc.constantFrom(...SALTS) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('destroy' as const), to: fc.constantFrom(...everyone) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'revert' as const }) },
)
const program = fc.array(step, { minLength: 3, maxLength: 8, size: 'max' })

function assembleStep(each: Step): Uint8Array {
  switch (each.kind) {
    case 'sstore':
      return Uint8Array.of(0x60, each.value, 0x60, each.slot, 0x55)
    case 'call':
      return concatBytes(
        Uint8Array.of(0x60, 0, 0x60, 0, 0x60, each.dataBytes, 0x60, 0, 0x60, each.value, 0x73),
        hexToBytes(each.to),
        // 80,000 gas, so that contracts that call each other for ever leave some to the outermost
        Uint8Array.of(0x62, 0x01, 0x38, 0x80, 0xf1, 0x50),
      )
    case 'create': {
      const offset = 32 - CHILD_INIT.length
      return concatBytes(
        Uint8Array.of(0x60 + CHILD_INIT.length - 1),
        CHILD_INIT,
        Uint8Array.of(
          0x60,
          0,
          0x52,
          0x60,
          each.salt,
          0x60,
          CHILD_INIT.length,
          0x60,
          offset,
          0x60,
          0,
          0xf5,
          0x50,
        ),
      )
    }
    case 'destroy':
      return concatBytes(Uint8Array.of(0x73), hexToBytes(each.to), Uint8Array.of(0xff))
    case 'revert':
      return Uint8Array.of(0x60, 0, 0x60, 0, 0xfd)
  }
}

const assemble = (steps: readonly Step[]) => concatBytes(...steps.map(assembleStep))

interface Transaction {
  readonly to: Address
  readonly value: bigint
  readonly dataBytes: number
  readonly gasLimit: bigint
}
const transaction: fc.Arbitrary<Transaction> = fc.record({
  to: fc.constantFrom(...everyone, ...contracts, ...children),
  value: fc.constantFrom(0n, 5n),
  dataBytes: fc.nat(1),
  gasLimit: fc.constantFrom(90_000n, 1_000_000n, 1_000_000n),
})

async function prepare(manager: StateManagerInterface, programs: readonly Step[][]): Promise<void> {
  await manager.putAccount(evmAddress(sender), new Account(0n, 10n ** 18n))
  for (const [i, address] of contracts.entries()) {
    await manager.putAccount(evmAddress(address), new Account(1n, 100n))
    await manager.putCode(evmAddress(address), assemble(programs[i]!))
    await manager.putStorage(evmAddress(address), hexToBytes(slots[1]!), Uint8Array.of(1))
  }
}

/** What is observable of one transaction, and the state root after it. */
async function execute(
  vm: VM,
  nonce: bigint,
  { to, value, dataBytes, gasLimit }: Transaction,
): Promise<unknown> {
  const { common } = vm
  const tx = createLegacyTx(
    { nonce, gasPrice: 10n, gasLimit, to, value, data: new Uint8Array(dataBytes) },
    { common, freeze: false },
  )
  tx.getSenderAddress = () => evmAddress(sender)
  tx.isSigned = () => true
  tx.hash = () => keccak256(Uint8Array.of(Number(nonce)))
  const header = { gasLimit: 10_000_000n, coinbase: `0x${'cb'.repeat(20)}` as const }
  const fee = common.isActivatedEIP(1559) ? { baseFeePerGas: 7n } : {}
  const block = createBlock(
    { header: { ...header, ...fee } },
    { common, skipConsensusFormatValidation: true },
  )
  const result = await runTx(vm, { tx, block })
  return {
    gas: result.totalGasSpent,
    refund: result.gasRefund,
    error: result.execResult.exceptionError?.error,
    receipt: result.receipt,
    root: bytesToHex(await vm.stateManager.getStateRoot()),
  }
}

const forks = [
  Hardfork.SpuriousDragon,
  Hardfork.Petersburg,
  Hardfork.Berlin,
  Hardfork.Shanghai,
  Hardfork.Cancun,
  Hardfork.Osaka,
]

/** Runs the blocks under both managers, compares them, and returns the slots 0 and 5 of each child that lives, by transaction. */
async function runBoth(
  hardfork: Hardfork,
  programs: readonly Step[][],
  blocks: readonly Transaction[][],
): Promise<unknown[]> {
  const world = new World(new MemoryStore())
  const newCommon = () => new Common({ chain: Mainnet, hardfork })
  const genesis = new EthereumjsStateManager(world.journal())
  const reference = new Reference()
  await prepare(genesis, programs)
  await prepare(reference, programs)
  await world.commit(await world.compute(genesis.journal))
  expect(world.root).toBe(await reference.root())

  const referenceVm = await createVM({ common: newCommon(), stateManager: reference })
  const lives: unknown[] = []
  let nonce = 0n
  for (const transactions of blocks) {
    const journal = world.journal()
    const stateManager = new EthereumjsStateManager(journal, { kv: world.store, parentRoot: world.root })
    const vm = await createVM({ common: newCommon(), stateManager })
    for (const next of transactions) {
      const expected = await execute(referenceVm, nonce, next)
      expect(await execute(vm, nonce, next)).toEqual(expected)
      const living = children.filter((child) => journal.account(child)?.codeHash === CHILD_CODE_HASH)
      lives.push(living.map((child) => [0, 5].map((slot) => Number(journal.storage(child, wordOf(slot))))))
      nonce++
    }
    await world.commit(await world.compute(journal))
    expect(world.root).toBe(await reference.root())
    const read = (state: StateReader) =>
      everyone.map((name) => [state.account(name), slots.map((slot) => state.storage(name, slot))])
    expect(read(new FlatState(world.store))).toEqual(read(new TrieState(world.store, world.root)))
  }
  return lives
}

describe('EthereumjsStateManager under the VM', () => {
  test.each(forks)(
    '%s: gas, refunds, receipts and roots are those of ethereumjs’s own manager',
    async (hardfork) => {
      const programs = fc.array(program, { minLength: 2, maxLength: 2 })
      const block = fc.array(transaction, { minLength: 2, maxLength: 6, size: 'max' })
      const blocks = fc.array(block, { minLength: 1, maxLength: 3, size: 'max' })
      await fc.assert(
        fc.asyncProperty(programs, blocks, async (code, transactions) => {
          await runBoth(hardfork, code, transactions)
        }),
        { numRuns: 8 },
      )
    },
  )

  test.each([
    // Before EIP-6780 the child dies with its committed slots, and the next one there starts from nothing.
    [Hardfork.Shanghai, [[[0, 5]], [[1, 5]], [[2, 5]], [], [[0, 5]], [[1, 5]], [], []]],
    // Since then only a child made in the same transaction dies.
    [Hardfork.Osaka, [[[0, 5]], [[1, 5]], [[2, 5]], [[2, 5]], [[2, 5]], [[3, 5]], [[3, 5]], [[3, 5]]]],
  ])(
    '%s: a contract with committed storage is destroyed and made again as the fork has it',
    async (hardfork, lives) => {
      const [creator, makesAndDestroys] = contracts as [Address, Address]
      const [child, shortLived] = children as [Address, Address]
      const create: Step = { kind: 'create', salt: 0 }
      const programs: Step[][] = [
        [create],
        [create, { kind: 'call', to: shortLived, value: 0, dataBytes: 1 }],
      ]
      const send = (to: Address, dataBytes = 0) => ({ to, value: 0n, dataBytes, gasLimit: 1_000_000n })
      const blocks = [
        [send(creator), send(child), send(child)],
        [send(child, 1), send(creator)],
        [send(child), send(child, 1)],
        [send(makesAndDestroys)],
      ]
      expect(await runBoth(hardfork, programs, blocks)).toEqual(lives)
    },
  )
})

describe('EthereumjsStateManager', () => {
  const [alice, bob] = addresses.map(evmAddress) as [EvmAddress, EvmAddress]
  const key = hexToBytes(slots[0]!)
  const setUp = async () => {
    const world = new World(new MemoryStore())
    const manager = new EthereumjsStateManager(world.journal(), { kv: world.store, parentRoot: world.root })
    await manager.putAccount(alice, new Account(1n, 2n))
    await manager.putStorage(alice, key, Uint8Array.of(0, 7))
    return { world, manager }
  }

  test('gives each caller an account of its own', async () => {
    const { manager } = await setUp()
    const account = (await manager.getAccount(alice))!
    account.balance += 100n
    expect((await manager.getAccount(alice))?.balance).toBe(2n)
    expect(await manager.getAccount(bob)).toBeUndefined()
  })

  test('strips leading zeros, reads zero as no bytes, and refuses keys and values of the wrong size', async () => {
    const { manager } = await setUp()
    expect(await manager.getStorage(alice, key)).toEqual(Uint8Array.of(7))
    await manager.putStorage(alice, key, new Uint8Array(32))
    expect(await manager.getStorage(alice, key)).toEqual(new Uint8Array(0))
    await expect(manager.getStorage(alice, new Uint8Array(31))).rejects.toThrow('32 bytes')
    await expect(manager.putStorage(alice, key, new Uint8Array(33).fill(1))).rejects.toThrow('256 bits')
    await expect(manager.putStorage(bob, key, Uint8Array.of(1))).rejects.toThrow('exists')
  })

  test('keeps original values through nested checkpoints and forgets them when cleared or outermost ends', async () => {
    const { manager } = await setUp()
    const original = () => manager.originalStorageCache.get(alice, key)
    manager.originalStorageCache.clear()
    await manager.checkpoint()
    await manager.putStorage(alice, key, Uint8Array.of(8))
    await manager.checkpoint()
    await manager.putStorage(alice, key, Uint8Array.of(9))
    expect(await original()).toEqual(Uint8Array.of(7))
    await manager.revert()
    expect(await original()).toEqual(Uint8Array.of(7))
    expect(await manager.getStorage(alice, key)).toEqual(Uint8Array.of(8))
    await manager.commit()
    expect(await original()).toEqual(Uint8Array.of(8))
    await manager.putStorage(alice, key, Uint8Array.of(5))
    manager.originalStorageCache.clear()
    expect(await original()).toEqual(Uint8Array.of(5))
  })

  test('a shallow copy has the changes of open checkpoints, and is independent', async () => {
    const { manager } = await setUp()
    await manager.checkpoint()
    await manager.putStorage(alice, key, Uint8Array.of(8))
    const copy = manager.shallowCopy()
    const unchanged = readAll(manager.journal)
    expect(readAll(copy.journal)).toEqual(unchanged)
    await copy.checkpoint()
    await copy.deleteAccount(alice)
    await copy.putCode(bob, Uint8Array.of(1))
    await copy.commit()
    expect(readAll(manager.journal)).toEqual(unchanged)
    await manager.revert()
    expect(await manager.getStorage(alice, key)).toEqual(Uint8Array.of(7))
    expect(await copy.getAccount(alice)).toBeUndefined()
    expect(await copy.getCodeSize(bob)).toBe(1)
  })

  test('putting no account deletes it, and putting code makes one', async () => {
    const { manager } = await setUp()
    await manager.putAccount(alice, undefined)
    expect(await manager.getAccount(alice)).toBeUndefined()
    expect(await manager.getStorage(alice, key)).toEqual(new Uint8Array(0))
    await manager.putCode(bob, Uint8Array.of(1, 2))
    expect(await manager.getCode(bob)).toEqual(Uint8Array.of(1, 2))
    expect(bytesToHex((await manager.getAccount(bob))!.codeHash)).toBe(
      bytesToHex(keccak256(Uint8Array.of(1, 2))),
    )
    await manager.modifyAccountFields(bob, { codeHash: hexToBytes(EMPTY_CODE_HASH), balance: 3n })
    expect(await manager.getCode(bob)).toEqual(new Uint8Array(0))
    expect((await manager.getAccount(bob))?.balance).toBe(3n)
  })

  test('tells roots only with a source of them, and takes no other root', async () => {
    const { world, manager } = await setUp()
    const root = await manager.getStateRoot()
    expect(bytesToHex(root)).toBe((await world.compute(manager.journal)).stateRoot)
    await manager.setStateRoot(root)
    await expect(manager.setStateRoot(hexToBytes(EMPTY_TRIE_ROOT))).rejects.toThrow(
      'open one on the other root',
    )
    expect(await manager.hasStateRoot(hexToBytes(EMPTY_TRIE_ROOT))).toBe(true)
    expect(await manager.hasStateRoot(root)).toBe(false)
    const rootless = new EthereumjsStateManager(world.journal())
    await expect(rootless.getStateRoot()).rejects.toThrow('without a source')
  })
})
