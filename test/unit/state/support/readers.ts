import type { Address, Hash } from '../../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT } from '../../../../src/primitives/keccak.ts'
import type { AccountRecord, StateReader } from '../../../../src/state/types.ts'

/** A state where nothing exists. */
export const emptyState: StateReader = {
  account: () => undefined,
  storage: () => 0n,
  code: (codeHash) => {
    if (codeHash === EMPTY_CODE_HASH) return new Uint8Array(0)
    throw new Error(`no code ${codeHash}`)
  },
}

export interface PlainAccount {
  nonce: bigint
  balanceWei: bigint
  codeHash: Hash
  slots: Map<Hash, bigint>
}

/** A whole state in plain maps, with a storage root that only tells empty from not empty. */
export class PlainState implements StateReader {
  accounts = new Map<Address, PlainAccount>()
  codes = new Map<Hash, Uint8Array>([[EMPTY_CODE_HASH, new Uint8Array(0)]])

  account(address: Address): AccountRecord | undefined {
    const found = this.accounts.get(address)
    if (found === undefined) return undefined
    const { nonce, balanceWei, codeHash, slots } = found
    return {
      nonce,
      balanceWei,
      codeHash,
      storageRoot: slots.size === 0 ? EMPTY_TRIE_ROOT : `0x${'5a'.repeat(32)}`,
    }
  }

  storage(address: Address, slot: Hash): bigint {
    return this.accounts.get(address)?.slots.get(slot) ?? 0n
  }

  code(codeHash: Hash): Uint8Array {
    const code = this.codes.get(codeHash)
    if (code === undefined) throw new Error(`no code ${codeHash}`)
    return code
  }

  copy(): PlainState {
    const copy = new PlainState()
    copy.accounts = structuredClone(this.accounts)
    copy.codes = new Map(this.codes)
    return copy
  }
}
