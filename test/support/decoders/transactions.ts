import { createAccessList2930Tx, createEOACode7702Tx, createLegacyTx } from '@ethereumjs/tx'
import { decodeJournal } from '../../../src/mempool/journal.ts'
import { decodeTransaction, type PooledTransaction } from '../../../src/mempool/transaction.ts'
import {
  decodePoolHashes,
  decodePoolRequest,
  decodePoolTransactions,
} from '../../../src/node/poolExchange.ts'
import { decodeReceiptBatch } from '../../../src/node/receiptGossip.ts'
import { decodeTransactionBatch } from '../../../src/node/transactionGossip.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import type { Hex } from '../../../src/primitives/hex.ts'
import { hexToBytes } from '../../../src/primitives/hex.ts'
import { asBytes, asList, decodeRlp, encodeRlp, type RlpItem } from '../../../src/primitives/rlp.ts'
import { account, TestChain } from '../chain.ts'
import type { FuzzedDecoder } from './fuzz.ts'
import { address, hash } from './samples.ts'

const ANY_SIZE = 1024 * 1024

/** Transactions alone, in batches, in the answers of pools and in the pool's own journal; and RLP itself. */
export async function transactionDecoders(): Promise<FuzzedDecoder[]> {
  const transactions = await someTransactions()
  const { common } = (await TestChain.open()).chain.spec
  const hashes = [hash(1), hash(2)].map(hexToBytes)
  const list = (items: readonly Uint8Array[]) => encodeRlp([...items])
  return [
    {
      name: 'RLP',
      covers: ['primitives/rlp.ts#decodeRlp'],
      form: 'rlp',
      samples: [encodeRlp([[], [hash(1), hash(2)].map(hexToBytes), new Uint8Array(60)])],
      decode: (bytes) => decodeRlp(bytes, ANY_SIZE),
      encode: (item: RlpItem) => encodeRlp(item),
    },
    {
      name: 'transaction',
      covers: ['mempool/transaction.ts#decodeTransaction'],
      form: 'rlp',
      samples: transactions.filter((bytes) => (bytes[0] ?? 0) >= 0xc0),
      decode: (bytes) => decodeTransaction(bytes, common),
      encode: (transaction: PooledTransaction) => transaction.tx.serialize(),
    },
    {
      name: 'typed transaction',
      covers: [],
      // the type stands before the list; as a list of the two, both are damaged
      form: 'rlp',
      samples: transactions
        .filter((bytes) => (bytes[0] ?? 0) < 0xc0)
        .map((bytes) => encodeRlp([bytes.subarray(0, 1), decodeRlp(bytes.subarray(1), ANY_SIZE)])),
      decode: (bytes) => {
        const [type, fields] = asList(decodeRlp(bytes, ANY_SIZE), 2)
        return decodeTransaction(concatBytes(asBytes(type), encodeRlp(asList(fields))), common)
      },
    },
    {
      name: 'batch of transactions',
      covers: ['node/transactionGossip.ts#decodeTransactionBatch'],
      form: 'rlp',
      samples: [list(transactions)],
      decode: decodeTransactionBatch,
      encode: list,
    },
    {
      name: 'batch of receipts',
      covers: ['node/receiptGossip.ts#decodeReceiptBatch'],
      form: 'rlp',
      samples: [list([new Uint8Array(300), new Uint8Array(60)])],
      decode: decodeReceiptBatch,
      encode: list,
    },
    {
      name: 'pool request',
      covers: ['node/poolExchange.ts#decodePoolRequest'],
      form: 'rlp',
      samples: [list([]), list(hashes)],
      decode: decodePoolRequest,
      encode: (wanted: Hex[]) => list(wanted.map(hexToBytes)),
    },
    {
      name: 'pool hashes',
      covers: ['node/poolExchange.ts#decodePoolHashes'],
      form: 'rlp',
      samples: [list(hashes)],
      decode: decodePoolHashes,
      encode: (found: Hex[]) => list(found.map(hexToBytes)),
    },
    {
      name: 'pool transactions',
      covers: ['node/poolExchange.ts#decodePoolTransactions'],
      form: 'rlp',
      samples: [list(transactions)],
      decode: decodePoolTransactions,
      encode: list,
    },
    {
      name: 'pool journal',
      covers: ['mempool/journal.ts#decodeJournal'],
      form: 'rlp',
      samples: [encodeRlp([Uint8Array.of(1), [...transactions]])],
      decode: decodeJournal,
      encode: (found: Uint8Array[]) => encodeRlp([Uint8Array.of(1), found]),
    },
  ]
}

/** One of each type, signed. */
async function someTransactions(): Promise<Uint8Array[]> {
  const test = await TestChain.open()
  const { common, chainId } = test.chain.spec
  const key = hexToBytes(account(0).privateKey)
  const shared = { nonce: 0n, gasLimit: 100_000n, to: account(1).address, value: 1n, data: '0x0102' as Hex }
  const accessList = [{ address: address(7), storageKeys: [hash(1), hash(2)] }]
  const fees = { maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n }
  const one = '0x01' as Hex
  const authorizationList = [
    { chainId: one, address: address(8), nonce: one, yParity: one, r: hash(1), s: hash(2) },
  ]
  return [
    createLegacyTx({ ...shared, gasPrice: 10n ** 10n }, { common }).sign(key),
    createAccessList2930Tx({ ...shared, chainId, gasPrice: 10n ** 10n, accessList }, { common }).sign(key),
    test.transaction(account(0), { to: account(1).address, value: 1n }),
    createEOACode7702Tx({ ...shared, ...fees, chainId, accessList, authorizationList }, { common }).sign(key),
  ].map((transaction) => transaction.serialize())
}
