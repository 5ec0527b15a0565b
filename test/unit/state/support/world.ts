import { Common, Mainnet, type StateManagerInterface } from '@ethereumjs/common'
import { MerklePatriciaTrie } from '@ethereumjs/mpt'
import { MerkleStateManager } from '@ethereumjs/statemanager'
import { Account, createAddressFromString } from '@ethereumjs/util'
import fc from 'fast-check'
import { bigIntToBytes } from '../../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256 } from '../../../../src/primitives/keccak.ts'
import { stateCommitOps } from '../../../../src/state/commitOps.ts'
import { FlatState } from '../../../../src/state/flatState.ts'
import { StateJournal } from '../../../../src/state/stateJournal.ts'
import { computeStateRoot, type StateRootResult } from '../../../../src/state/stateRoot.ts'
import { encodeHeight, HEAD_KEY } from '../../../../src/storage/keys.ts'
import type { KvOp, KvStore } from '../../../../src/storage/kv.ts'
import { addresses, codes, slots, slotValues } from './names.ts'

export type Operation =
  | { kind: 'pay'; address: Address; weiDelta: bigint }
  | { kind: 'nonce'; address: Address }
  | { kind: 'slot'; address: Address; slot: Hash; value: bigint }
  | { kind: 'code'; address: Address; index: number }
  | { kind: 'delete' | 'clear'; address: Address }
  | { kind: 'checkpoint' | 'commit' | 'revert' | 'sweep' }

const address = fc.constantFrom(...addresses)
const constant = <T extends string>(kind: T) => fc.constant(kind)

export const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: constant('pay'),
      address,
      weiDelta: fc.constantFrom(-1n, 0n, 1n, 10n ** 27n),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: constant('nonce'), address }) },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: constant('slot'),
      address,
      slot: fc.constantFrom(...slots),
      value: fc.constantFrom(...slotValues),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: constant('code'), address, index: fc.nat(codes.length - 1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('delete', 'clear'), address }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constantFrom('checkpoint', 'checkpoint', 'commit', 'revert', 'sweep') }),
  },
)

export const block = fc.array(operation, { minLength: 1, maxLength: 40, size: 'max' })

export const evmAddress = (name: Address) => createAddressFromString(name)

/** ethereumjs's own state manager, on a trie in memory. */
export class Reference extends MerkleStateManager {
  constructor() {
    super({
      common: new Common({ chain: Mainnet }),
      trie: new MerklePatriciaTrie({ useKeyHashing: true, useKeyHashingFunction: keccak256 }),
    })
  }

  /** It keeps the storage trie of a deleted account, and would give it to the next account there. */
  forgetStorageTries(): void {
    this._storageTries = {}
  }

  async root(): Promise<Hash> {
    return bytesToHex(await this.getStateRoot())
  }
}

/** Does to a state manager what the EVM could do. */
export class Driver {
  readonly #manager: StateManagerInterface
  readonly #afterDelete: () => void
  #depth = 0
  #touched = new Set<Address>()

  constructor(manager: StateManagerInterface, afterDelete: () => void = () => undefined) {
    this.#manager = manager
    this.#afterDelete = afterDelete
  }

  async apply(operation: Operation): Promise<void> {
    const manager = this.#manager
    if (operation.kind === 'sweep') return this.#sweep()
    if (!('address' in operation)) return this.#mark(operation.kind)
    const at = evmAddress(operation.address)
    const account = await manager.getAccount(at)
    this.#touched.add(operation.address)
    switch (operation.kind) {
      case 'pay': {
        const paid = account ?? new Account()
        if (paid.balance + operation.weiDelta >= 0n) paid.balance += operation.weiDelta
        return manager.putAccount(at, paid)
      }
      case 'nonce':
        return manager.modifyAccountFields(at, { nonce: (account?.nonce ?? 0n) + 1n })
      case 'slot': {
        if (account === undefined) return
        return manager.putStorage(at, hexToBytes(operation.slot), bigIntToBytes(operation.value, 32))
      }
      case 'code':
        return manager.putCode(at, codes[operation.index]!)
      case 'clear':
        return account === undefined ? undefined : manager.clearStorage(at)
      case 'delete':
        await manager.deleteAccount(at)
        return this.#afterDelete()
    }
  }

  async endBlock(): Promise<void> {
    while (this.#depth > 0) await this.#mark('commit')
    await this.#sweep()
  }

  async #mark(kind: 'checkpoint' | 'commit' | 'revert'): Promise<void> {
    if (kind !== 'checkpoint' && this.#depth === 0) return
    this.#depth += kind === 'checkpoint' ? 1 : -1
    await this.#manager[kind]()
  }

  /** EIP-161: touched accounts that are empty go. */
  async #sweep(): Promise<void> {
    for (const name of this.#touched) {
      const account = await this.#manager.getAccount(evmAddress(name))
      if (account?.isEmpty()) {
        await this.#manager.deleteAccount(evmAddress(name))
        this.#afterDelete()
      }
    }
    this.#touched = new Set()
  }
}

/** All that a state manager answers about the names. */
export async function askAll(manager: StateManagerInterface): Promise<unknown> {
  const answers: unknown[] = []
  for (const name of addresses) {
    const at = evmAddress(name)
    const account = await manager.getAccount(at)
    answers.push(name, account?.nonce, account?.balance, account && bytesToHex(account.codeHash))
    answers.push(bytesToHex(await manager.getCode(at)), await manager.getCodeSize(at))
    for (const slot of slots) answers.push(bytesToHex(await manager.getStorage(at, hexToBytes(slot))))
  }
  return answers
}

/** The chain of states in one store, as an executor and its commits make it. */
export class World {
  readonly store: KvStore
  root: Hash = EMPTY_TRIE_ROOT
  height = 0

  constructor(store: KvStore) {
    this.store = store
  }

  journal(): StateJournal {
    return new StateJournal(new FlatState(this.store))
  }

  compute(journal: StateJournal): Promise<StateRootResult> {
    return computeStateRoot(this.store, this.root, journal.diff(), this.height + 1)
  }

  /** The ops of the next block, its head included. */
  async blockOps(result: StateRootResult): Promise<KvOp[]> {
    const head: KvOp = { type: 'put', key: HEAD_KEY, value: headValue(this.height + 1, result.stateRoot) }
    return [...(await stateCommitOps(this.store, result)), head]
  }

  async commit(result: StateRootResult): Promise<void> {
    await this.store.write(await this.blockOps(result), { sync: true })
    this.root = result.stateRoot
    this.height++
  }
}

export function headValue(height: number, stateRoot: Hash): Uint8Array {
  return Buffer.concat([encodeHeight(height), hexToBytes(stateRoot)])
}
