import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Address, Hash } from '../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT } from '../../../src/primitives/keccak.ts'
import { OverlayState } from '../../../src/state/overlayState.ts'
import { StateJournal } from '../../../src/state/stateJournal.ts'
import { addresses, codeHashes, codes, readAll, slots, slotValues } from './support/names.ts'
import { emptyState, PlainState } from './support/readers.ts'

type Operation =
  | { kind: 'account'; address: Address; nonce: bigint; balanceWei: bigint }
  | { kind: 'slot'; address: Address; slot: Hash; value: bigint }
  | { kind: 'code'; address: Address; index: number }
  | { kind: 'delete' | 'clear'; address: Address }
  | { kind: 'begin' | 'checkpoint' | 'commit' | 'revert' }

const address = fc.constantFrom(...addresses)
const small = fc.bigInt({ min: 0n, max: 3n })
const slotWrite = fc.record({
  kind: fc.constant('slot' as const),
  address,
  slot: fc.constantFrom(...slots),
  value: fc.constantFrom(...slotValues),
})
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('account' as const), address, nonce: small, balanceWei: small }),
  },
  { weight: 6, arbitrary: slotWrite },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('code' as const), address, index: fc.nat(codes.length - 1) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('delete' as const, 'clear' as const), address }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constantFrom('begin', 'checkpoint', 'checkpoint', 'commit', 'revert') }),
  },
)
const operations = fc.array(operation, { minLength: 1, maxLength: 60, size: 'max' })

/** The same state machine by whole copies: slow and plain. */
class Model {
  now: PlainState
  transactionStart: PlainState
  checkpoints: PlainState[] = []

  constructor(parent: PlainState) {
    this.now = parent.copy()
    this.transactionStart = parent.copy()
  }

  apply(operation: Operation): void {
    switch (operation.kind) {
      case 'account': {
        const { nonce, balanceWei } = operation
        const old = this.now.accounts.get(operation.address)
        const { codeHash, slots } = old ?? { codeHash: EMPTY_CODE_HASH, slots: new Map() }
        this.now.accounts.set(operation.address, { nonce, balanceWei, codeHash, slots })
        return
      }
      case 'slot': {
        const { slots } = this.now.accounts.get(operation.address)!
        if (operation.value === 0n) slots.delete(operation.slot)
        else slots.set(operation.slot, operation.value)
        return
      }
      case 'code': {
        const account = this.now.accounts.get(operation.address)
        const codeHash = codeHashes[operation.index]!
        this.now.codes.set(codeHash, codes[operation.index]!)
        if (account === undefined) {
          this.now.accounts.set(operation.address, { nonce: 0n, balanceWei: 0n, codeHash, slots: new Map() })
        } else account.codeHash = codeHash
        return
      }
      case 'delete':
        this.now.accounts.delete(operation.address)
        return
      case 'clear':
        this.now.accounts.get(operation.address)?.slots.clear()
        return
      case 'begin':
        this.transactionStart = this.now.copy()
        return
      case 'checkpoint':
        this.checkpoints.push(this.now.copy())
        return
      case 'commit':
        this.checkpoints.pop()
        return
      case 'revert':
        this.now = this.checkpoints.pop()!
        return
    }
  }
}

function applyTo(journal: StateJournal, operation: Operation): void {
  switch (operation.kind) {
    case 'account': {
      const codeHash = journal.account(operation.address)?.codeHash ?? EMPTY_CODE_HASH
      journal.setAccount(operation.address, {
        nonce: operation.nonce,
        balanceWei: operation.balanceWei,
        codeHash,
      })
      return
    }
    case 'slot':
      journal.setStorage(operation.address, operation.slot, operation.value)
      return
    case 'code':
      journal.setCode(operation.address, codes[operation.index]!)
      return
    case 'delete':
      journal.deleteAccount(operation.address)
      return
    case 'clear':
      journal.clearStorage(operation.address)
      return
    case 'begin':
      journal.beginTransaction()
      return
    default:
      journal[operation.kind]()
  }
}

/** A slot of no account, and the end of a checkpoint that is not open, are mistakes of the caller. */
function isPossible(operation: Operation, model: Model): boolean {
  if (operation.kind === 'slot') return model.now.accounts.has(operation.address)
  if (operation.kind === 'commit' || operation.kind === 'revert') return model.checkpoints.length > 0
  return true
}

function run(
  parent: PlainState,
  list: readonly Operation[],
  check: (model: Model, journal: StateJournal, operation: Operation) => void,
) {
  const model = new Model(parent)
  const journal = new StateJournal(parent)
  for (const next of list) {
    if (!isPossible(next, model)) continue
    model.apply(next)
    applyTo(journal, next)
    check(model, journal, next)
  }
  return { model, journal }
}

/** A parent state made by operations of its own. */
function parentOf(list: readonly Operation[]): PlainState {
  return run(new PlainState(), list, () => undefined).model.now
}

const originalsOf = (state: { originalStorage(address: Address, slot: Hash): bigint }) =>
  addresses.map((name) => slots.map((slot) => state.originalStorage(name, slot)))

describe('StateJournal', () => {
  test('reads as a plain model that copies the whole state at each checkpoint', () => {
    fc.assert(
      fc.property(operations, operations, (before, list) => {
        run(parentOf(before), list, (model, journal) => {
          expect(readAll(journal)).toEqual(readAll(model.now))
          expect(journal.depth).toBe(model.checkpoints.length)
        })
      }),
      { numRuns: 80 },
    )
  })

  test('original values are those at the start of the transaction, through clears, deletes and reverts', () => {
    fc.assert(
      fc.property(operations, operations, (before, list) => {
        // After a revert beyond its start there is no transaction to speak of, until the next one begins.
        let lowestDepth = 0
        let isInside = true
        run(parentOf(before), list, (model, journal, operation) => {
          if (operation.kind === 'begin') {
            lowestDepth = journal.depth
            isInside = true
          }
          if (operation.kind === 'revert' && journal.depth < lowestDepth) isInside = false
          lowestDepth = Math.min(lowestDepth, journal.depth)
          if (!isInside) return
          const start = model.transactionStart
          const expected = addresses.map((name) => slots.map((slot) => start.storage(name, slot)))
          expect(originalsOf(journal)).toEqual(expected)
        })
      }),
      { numRuns: 80 },
    )
  })

  test('the diff on top of the parent reads as the journal, and names no account or slot that did not change', () => {
    fc.assert(
      fc.property(operations, operations, (before, list) => {
        const parent = parentOf(before)
        const { journal } = run(parent, list, () => undefined)
        const diff = journal.diff()
        expect(readAll(new OverlayState(parent, diff))).toEqual(readAll(journal))
        for (const [name, account] of diff.accounts) {
          const slotsChanged = diff.storage.get(name)?.size ?? 0
          if (account === null) {
            expect(parent.account(name)).toBeDefined()
            expect([slotsChanged, diff.clearedStorage.has(name)]).toEqual([0, false])
          } else if (slotsChanged === 0 && !diff.clearedStorage.has(name)) {
            expect(account).not.toEqual(parent.account(name))
          }
        }
        for (const [name, changed] of diff.storage) {
          expect(diff.accounts.get(name)).toBeTruthy()
          expect(changed.size).toBeGreaterThan(0)
          for (const [slot, value] of changed) {
            expect(value).not.toBe(diff.clearedStorage.has(name) ? 0n : parent.storage(name, slot))
          }
        }
        for (const keys of [diff.accounts, diff.storage, diff.codes, ...diff.storage.values()]) {
          expect([...keys.keys()]).toEqual([...keys.keys()].sort())
        }
      }),
      { numRuns: 80 },
    )
  })

  test('a fork has all changes, and neither side sees what the other does next', () => {
    fc.assert(
      fc.property(operations, operations, operations, (before, list, more) => {
        const parent = parentOf(before)
        const { model, journal } = run(parent, list, () => undefined)
        const fork = journal.fork()
        expect(readAll(fork)).toEqual(readAll(journal))
        expect(fork.diff()).toEqual(journal.diff())
        expect(originalsOf(fork)).toEqual(
          addresses.map((name) => slots.map((slot) => journal.storage(name, slot))),
        )
        const unchanged = readAll(journal)
        const model2 = new Model(model.now)
        for (const next of more) {
          if (!isPossible(next, model2)) continue
          model2.apply(next)
          applyTo(fork, next)
        }
        expect(readAll(fork)).toEqual(readAll(model2.now))
        expect(readAll(journal)).toEqual(unchanged)
      }),
      { numRuns: 60 },
    )
  })
})

describe('StateJournal, case by case:', () => {
  const [alice, bob] = addresses as [Address, Address]
  const [slot] = slots as [Hash]
  const account = { nonce: 1n, balanceWei: 5n, codeHash: EMPTY_CODE_HASH }

  test('what is taken back entirely leaves an empty diff', () => {
    const parent = new PlainState()
    parent.accounts.set(alice, { ...account, slots: new Map([[slot, 7n]]) })
    const journal = new StateJournal(parent)
    journal.setStorage(alice, slot, 8n)
    journal.setAccount(alice, { ...account, balanceWei: 6n })
    journal.setAccount(bob, account)
    journal.setStorage(alice, slot, 7n)
    journal.setAccount(alice, account)
    journal.deleteAccount(bob)
    const { accounts, clearedStorage, storage, codes: newCodes } = journal.diff()
    expect([accounts.size, clearedStorage.size, storage.size, newCodes.size]).toEqual([0, 0, 0, 0])
  })

  test('an account deleted and made again starts with empty storage', () => {
    const parent = new PlainState()
    parent.accounts.set(alice, { ...account, slots: new Map([[slot, 7n]]) })
    const journal = new StateJournal(parent)
    journal.deleteAccount(alice)
    expect(journal.account(alice)).toBeUndefined()
    journal.setAccount(alice, account)
    expect(journal.storage(alice, slot)).toBe(0n)
    expect(journal.account(alice)?.storageRoot).toBe(EMPTY_TRIE_ROOT)
    expect(journal.diff().clearedStorage).toEqual(new Set([alice]))
  })

  test('the caller cannot set a storage root', () => {
    const journal = new StateJournal(emptyState)
    const forged = { ...account, storageRoot: `0x${'11'.repeat(32)}` as const }
    journal.setAccount(alice, forged)
    expect(journal.account(alice)?.storageRoot).toBe(EMPTY_TRIE_ROOT)
  })

  test('the diff carries only codes that an account has in the end, and keeps its own copy of them', () => {
    const journal = new StateJournal(emptyState)
    const code = Uint8Array.of(1, 2, 3)
    const kept = journal.setCode(alice, code)
    journal.setCode(bob, Uint8Array.of(4))
    journal.deleteAccount(bob)
    code[0] = 9
    expect(journal.diff().codes).toEqual(new Map([[kept, Uint8Array.of(1, 2, 3)]]))
    expect(journal.setCode(alice, new Uint8Array(0))).toBe(EMPTY_CODE_HASH)
    expect(journal.diff().codes.size).toBe(0)
  })

  test('mistakes of the caller throw and change nothing', () => {
    const journal = new StateJournal(emptyState)
    expect(() => journal.commit()).toThrow('checkpoint')
    expect(() => journal.revert()).toThrow('checkpoint')
    expect(() => journal.setStorage(alice, slot, 1n)).toThrow('exists')
    expect(() => journal.setAccount(alice, { ...account, nonce: 1n << 64n })).toThrow('64 bits')
    expect(() => journal.setAccount(alice, { ...account, balanceWei: -1n })).toThrow('256 bits')
    journal.setAccount(alice, account)
    expect(() => journal.setStorage(alice, slot, 1n << 256n)).toThrow('256 bits')
    expect(journal.diff().accounts.size).toBe(1)
    expect(journal.diff().storage.size).toBe(0)
  })
})
