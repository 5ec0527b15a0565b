import { predeploys } from '../../../src/chainspec/addresses.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import { decodeStoredReceipts, encodeStoredReceipts } from '../../../src/ledger/receipt.ts'
import { hexToBytes } from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import { asBytes, asList, decodeRlp, encodeRlp } from '../../../src/primitives/rlp.ts'
import { decodeAccount, encodeTrieAccount } from '../../../src/state/accountCodec.ts'
import { proveAccount, verifyAccountProof, verifySlotProof } from '../../../src/state/proofs.ts'
import { decodeTrieNode } from '../../../src/state/trieWalk.ts'
import { decodeHeight, encodeHeight } from '../../../src/storage/keys.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { TestChain } from '../chain.ts'
import type { FuzzedDecoder } from './fuzz.ts'
import { address, hash } from './samples.ts'

const ANY_SIZE = 1024 * 1024

/** What lies in the node's store, and proofs of it, which strangers send. */
export async function storedDecoders(): Promise<FuzzedDecoder[]> {
  const kv = new MemoryStore()
  const test = await TestChain.open({ kv })
  await test.mine()
  const { stateRoot } = test.chain.head
  const slot = hash(0)
  const proven = proveAccount(kv, stateRoot, predeploys.staking, [slot])
  const nodes = proven.accountProof.map(hexToBytes)
  const slotNodes = proven.storageProof[0]?.proof.map(hexToBytes) ?? []
  const emptyLog = { address: address(1), topics: [hash(1), hash(2)], data: new Uint8Array(40) }
  return [
    {
      name: 'stored receipts',
      covers: ['ledger/receipt.ts#decodeStoredReceipts'],
      form: 'rlp',
      samples: [
        encodeStoredReceipts([
          { txType: 2, succeeded: true, cumulativeGasUsed: 21_000n, logs: [emptyLog], from: address(2) },
          { txType: 0, succeeded: false, cumulativeGasUsed: 42_000n, logs: [], from: address(3) },
        ]),
      ],
      decode: decodeStoredReceipts,
      encode: encodeStoredReceipts,
    },
    {
      name: 'account',
      covers: ['state/accountCodec.ts#decodeAccount'],
      form: 'rlp',
      samples: [encodeTrieAccount(proven.account)],
      // an empty root has two forms, the flat one and that of the trie
      decode: decodeAccount,
    },
    {
      name: 'trie node',
      covers: ['state/trieWalk.ts#decodeTrieNode', 'state/trieWalk.ts#decodeNode'],
      form: 'rlp',
      samples: nodes,
      decode: decodeTrieNode,
    },
    {
      name: 'account proof',
      covers: [],
      form: 'rlp',
      samples: [encodeRlp(nodes)],
      decode: (bytes) => verifyAccountProof(rootOf(bytes, stateRoot), predeploys.staking, nodesOf(bytes)),
    },
    {
      name: 'slot proof',
      covers: [],
      form: 'rlp',
      samples: [encodeRlp(slotNodes)],
      decode: (bytes) => verifySlotProof(rootOf(bytes, proven.account.storageRoot), slot, nodesOf(bytes)),
    },
    {
      name: 'stored height',
      covers: ['storage/keys.ts#decodeHeight'],
      form: 'bytes',
      samples: [encodeHeight(7)],
      decode: (bytes) => {
        const height = decodeHeight(bytes)
        if (Buffer.compare(encodeHeight(height), bytes.subarray(0, 8)) !== 0)
          throw new Error('another height')
      },
    },
  ]
}

function nodesOf(bytes: Uint8Array): Uint8Array[] {
  return asList(decodeRlp(bytes, ANY_SIZE)).map((item) => asBytes(item))
}

/** Half of the damaged proofs get a root that their first node has, so that the walk goes past it. */
function rootOf(bytes: Uint8Array, root: `0x${string}`): `0x${string}` {
  const [first] = nodesOf(bytes)
  if (first === undefined) throw new NodeError('BAD_PROOF', 'No node.')
  return bytes.length % 2 === 0 ? keccakHex(first) : root
}
