import { z } from 'zod'
import { limits } from '../../../config/limits.ts'
import { bytesToHex } from '../../../primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT } from '../../../primitives/keccak.ts'
import { quantity } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'
import { needBlock } from '../../resolve.ts'
import { address, storageKey } from '../../schemas/hex.ts'
import { orLatest } from '../params.ts'

const storageKeys = z.array(storageKey).max(limits.rpcStorageSlots)

/** EIP-1186. */
export const ethGetProof = defineMethod({
  name: 'eth_getProof',
  summary: 'An account and some of its slots, with Merkle proofs against the block’s state root',
  params: { address, storageKeys, block: orLatest },
  result: 'The account’s fields, accountProof, and one storageProof a key',
  handler: async ({ address, storageKeys, block }, { chain, state }) => {
    const { header } = await needBlock(chain, block)
    const slots = storageKeys.map(({ slot }) => slot)
    const { account, accountProof, storageProofs } = await state.proof(address, slots, header.number)
    return {
      address,
      accountProof: accountProof.map(bytesToHex),
      balance: quantity(account?.balanceWei ?? 0n),
      codeHash: account?.codeHash ?? EMPTY_CODE_HASH,
      nonce: quantity(account?.nonce ?? 0n),
      storageHash: account?.storageRoot ?? EMPTY_TRIE_ROOT,
      storageProof: storageProofs.map(({ slot, value, proof }, index) => ({
        // A key is repeated in the form it came in: as 32 bytes, or as a number.
        key: storageKeys[index]?.isPadded ? slot : quantity(BigInt(slot)),
        value: quantity(value),
        proof: proof.map(bytesToHex),
      })),
    }
  },
})
