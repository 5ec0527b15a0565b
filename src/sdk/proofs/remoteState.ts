import { z } from 'zod'
import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { type Address, type Hash, type Hex, hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccakHex } from '../../primitives/keccak.ts'
import { verifyAccountProof, verifySlotProof } from '../../state/proofs.ts'
import type { AccountRecord, StateReader } from '../../state/types.ts'
import { askFor, hexBytes, hexQuantity, type LightRpc, toQuantity } from './lightRpc.ts'

const proofSchema = z.object({
  accountProof: z.array(hexBytes()).max(limits.proofNodes),
  balance: hexQuantity,
  nonce: hexQuantity,
  codeHash: hexBytes(32),
  storageHash: hexBytes(32),
  storageProof: z
    .array(z.object({ value: hexQuantity, proof: z.array(hexBytes()).max(limits.proofNodes) }))
    .max(1),
})

/** Thrown by a read of what is not proven yet. */
class Unproven extends Error {
  readonly wanted: { readonly address: Address; readonly slot?: Hash; readonly code?: Hash }
  constructor(wanted: Unproven['wanted']) {
    super('not proven yet')
    this.wanted = wanted
  }
}

/**
 * The state after a block, of whose header nothing but the state root is trusted: every account, slot and code is
 * fetched with its proof when it is first read.
 */
export class RemoteState {
  readonly #stateRoot: Hash
  readonly #blockNumber: Hex
  readonly #rpc: LightRpc
  readonly #accounts = new Map<Address, AccountRecord | undefined>()
  readonly #slots = new Map<string, bigint>()
  readonly #codes = new Map<Hash, Uint8Array>()
  #proofs = 0

  constructor(options: { stateRoot: Hash; height: number }, modules: { rpc: LightRpc }) {
    this.#stateRoot = options.stateRoot
    this.#blockNumber = toQuantity(options.height)
    this.#rpc = modules.rpc
  }

  /** Proofs that were checked so far. */
  get proofs(): number {
    return this.#proofs
  }

  /**
   * What a synchronous reading of the state gives. It is begun anew with each thing that turns out to be missing, so it
   * must do nothing but read. BAD_PROOF for a server that lies.
   */
  async read<T>(reading: (state: StateReader) => T): Promise<T> {
    for (;;) {
      try {
        return reading(this.#reader())
      } catch (error) {
        if (!(error instanceof Unproven)) throw error
        await this.#prove(error.wanted)
      }
    }
  }

  #reader(): StateReader {
    // a code is asked for by its hash, and the account that has it was read just before
    const ownerOf = new Map<Hash, Address>()
    return {
      account: (address) => {
        if (!this.#accounts.has(address)) throw new Unproven({ address })
        const account = this.#accounts.get(address)
        if (account !== undefined) ownerOf.set(account.codeHash, address)
        return account
      },
      storage: (address, slot) => {
        const value = this.#slots.get(address + slot)
        if (value === undefined) throw new Unproven({ address, slot })
        return value
      },
      code: (codeHash) => {
        if (codeHash === EMPTY_CODE_HASH) return new Uint8Array()
        const code = this.#codes.get(codeHash)
        const address = ownerOf.get(codeHash)
        if (code !== undefined) return code
        if (address === undefined) throw new NodeError('INTERNAL', 'A code is read after its account.')
        throw new Unproven({ address, code: codeHash })
      },
    }
  }

  async #prove({ address, slot, code }: Unproven['wanted']): Promise<void> {
    this.#proofs += 1
    if (this.#proofs > limits.lightProofs) {
      throw new NodeError('LIMIT_EXCEEDED', `More than ${limits.lightProofs} proofs are needed.`)
    }
    if (code === undefined) await this.#proveSlot(address, slot)
    else await this.#fetchCode(address, code)
  }

  async #proveSlot(address: Address, slot: Hash | undefined): Promise<void> {
    const params = [address, slot === undefined ? [] : [slot], this.#blockNumber]
    const answer = await askFor(this.#rpc, 'eth_getProof', params, proofSchema)
    const account = verifyAccountProof(this.#stateRoot, address, answer.accountProof)
    // fields beside the proof are not needed, but a server that makes them up is no server to believe
    const isAsProven =
      answer.balance === (account?.balanceWei ?? 0n) &&
      answer.nonce === (account?.nonce ?? 0n) &&
      sameHash(answer.codeHash, account?.codeHash ?? EMPTY_CODE_HASH) &&
      sameHash(answer.storageHash, account?.storageRoot ?? EMPTY_TRIE_ROOT)
    if (!isAsProven) throw new NodeError('BAD_PROOF', `The account ${address} is not as its proof shows it.`)
    this.#accounts.set(address, account)
    if (slot === undefined) return
    const [shown] = answer.storageProof
    if (shown === undefined) throw new NodeError('BAD_PROOF', 'The proof of a slot is missing.')
    const value = verifySlotProof(account?.storageRoot ?? EMPTY_TRIE_ROOT, slot, shown.proof)
    if (shown.value !== value) {
      throw new NodeError('BAD_PROOF', `A slot of ${address} is not as its proof shows it.`, { slot })
    }
    this.#slots.set(address + slot, value)
  }

  async #fetchCode(address: Address, codeHash: Hash): Promise<void> {
    const code = await askFor(this.#rpc, 'eth_getCode', [address, this.#blockNumber], hexBytes())
    if (keccakHex(code) !== codeHash) {
      throw new NodeError('BAD_PROOF', `The code of ${address} is not the one that its account names.`)
    }
    this.#codes.set(codeHash, code)
  }
}

function sameHash(bytes: Uint8Array, expected: Hash): boolean {
  return Buffer.compare(bytes, hexToBytes(expected)) === 0
}
