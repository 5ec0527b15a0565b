import type { Common } from '@ethereumjs/common'
import {
  createAccessList2930Tx,
  createBlob4844Tx,
  createEOACode7702Tx,
  createFeeMarket1559Tx,
  createLegacyTx,
  createTxFromRLP,
  type TypedTransaction,
} from '@ethereumjs/tx'
import { type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import type { Expectation, StateTestCase, TestTransaction } from './fixture.ts'
import { toBigInt } from './numbers.ts'

/**
 * The signed transaction of a case: decoded from its bytes where the file has them, made of its fields otherwise.
 * Throws for one that the fork's rules do not let exist.
 */
export function transactionOf({ test, expected }: StateTestCase, common: Common): TypedTransaction {
  if (expected.txbytes !== undefined) return createTxFromRLP(hexToBytes(expected.txbytes), { common })
  return signedTransaction(test.transaction, expected.indexes, common)
}

export function signedTransaction(
  transaction: TestTransaction,
  indexes: Expectation['indexes'],
  common: Common,
): TypedTransaction {
  return unsigned(transaction, indexes, common).sign(hexToBytes(transaction.secretKey))
}

function unsigned(
  transaction: TestTransaction,
  { data, gas, value }: Expectation['indexes'],
  common: Common,
): TypedTransaction {
  const { to, accessLists, authorizationList, blobVersionedHashes, maxFeePerGas } = transaction
  const accessList = accessLists?.[data]
  const shared = {
    chainId: common.chainId(),
    nonce: toBigInt(transaction.nonce),
    gasLimit: toBigInt(at(transaction.gasLimit, gas)),
    value: toBigInt(at(transaction.value, value)),
    data: at(transaction.data, data) as Hex,
    ...(to === '' || to === '0x' ? {} : { to: to as Hex }),
  }
  const listed = { ...shared, accessList: (accessList ?? []) as never }
  if (maxFeePerGas === undefined) {
    const gasPrice = toBigInt(transaction.gasPrice ?? '0x')
    if (accessList === undefined || accessList === null) {
      const { chainId: _chainId, ...fields } = shared
      return createLegacyTx({ ...fields, gasPrice }, { common })
    }
    return createAccessList2930Tx({ ...listed, gasPrice }, { common })
  }
  const fields = {
    ...listed,
    maxFeePerGas: toBigInt(maxFeePerGas),
    maxPriorityFeePerGas: toBigInt(transaction.maxPriorityFeePerGas ?? '0x'),
  }
  if (authorizationList !== undefined) {
    const items = authorizationList.map(({ v, yParity, ...item }) => ({ ...item, yParity: yParity ?? v }))
    return createEOACode7702Tx({ ...fields, authorizationList: items as never }, { common })
  }
  if (transaction.maxFeePerBlobGas === undefined) return createFeeMarket1559Tx(fields, { common })
  return createBlob4844Tx(
    {
      ...fields,
      maxFeePerBlobGas: toBigInt(transaction.maxFeePerBlobGas),
      blobVersionedHashes: (blobVersionedHashes ?? []) as Hex[],
    },
    { common },
  )
}

function at(list: readonly string[], index: number): string {
  const item = list[index]
  if (item === undefined) throw new Error(`the test has no item ${index} of ${list.length}`)
  return item
}
