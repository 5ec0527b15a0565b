import fc from 'fast-check'
import { parseTransaction, recoverTransactionAddress, serializeTransaction } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { describe, expect, it } from 'vitest'
import { isNodeError } from '../../../src/errors/errors.ts'
import { authoritiesOf } from '../../../src/mempool/authorities.ts'
import { decodeTransaction } from '../../../src/mempool/transaction.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { decodeRlp, encodeRlp, type RlpItem } from '../../../src/primitives/rlp.ts'
import {
  authorization,
  bytesToHex,
  CHAIN_ID,
  common,
  createCommon,
  GWEI,
  hashOf,
  hexToBytes,
  RECIPIENT,
  rawSigned,
  signed,
  wallet,
} from './fixtures.ts'

const alice = wallet(0)
const code = (bytes: Uint8Array): string => {
  try {
    decodeTransaction(bytes, common)
    return 'accepted'
  } catch (error) {
    if (!isNodeError(error)) throw error
    return error.code === 'TX_INVALID' ? `TX_INVALID ${String(error.details.reason)}` : error.code
  }
}

/** Changes one field of an encoded EIP-1559 transaction; the signature then recovers to someone else. */
function withField(bytes: Uint8Array, index: number, value: RlpItem): Uint8Array {
  const fields = decodeRlp(bytes.subarray(1), bytes.length) as RlpItem[]
  fields[index] = value
  return concatBytes(bytes.subarray(0, 1), encodeRlp(fields))
}

describe('decodeTransaction', () => {
  it('reads types 0, 1, 2 and 4 as viem writes and signs them', async () => {
    const account = privateKeyToAccount(bytesToHex(alice.key))
    const shared = { chainId: CHAIN_ID, nonce: 3, gas: 60_000n, to: RECIPIENT, value: 5n } as const
    const accessList = [{ address: RECIPIENT, storageKeys: [`0x${'01'.repeat(32)}`] }] as const
    const encodings = [
      await account.signTransaction({ ...shared, type: 'legacy', gasPrice: GWEI }),
      await account.signTransaction({ ...shared, type: 'eip2930', gasPrice: GWEI, accessList }),
      await account.signTransaction({
        ...shared,
        type: 'eip1559',
        maxFeePerGas: GWEI,
        maxPriorityFeePerGas: 2n,
        accessList,
      }),
      await account.signTransaction({
        ...shared,
        type: 'eip7702',
        maxFeePerGas: GWEI,
        maxPriorityFeePerGas: 2n,
        authorizationList: [
          await privateKeyToAccount(bytesToHex(wallet(1).key)).signAuthorization({
            chainId: CHAIN_ID,
            address: RECIPIENT,
            nonce: 9,
          }),
        ],
      }),
    ]
    for (const [index, encoded] of encodings.entries()) {
      const transaction = decodeTransaction(hexToBytes(encoded), common)
      const expected = parseTransaction(encoded)
      expect(transaction.sender).toBe(
        (await recoverTransactionAddress({ serializedTransaction: encoded as never })).toLowerCase(),
      )
      expect(transaction.hash).toBe(hashOf(hexToBytes(encoded)))
      expect(transaction.nonce).toBe(3n)
      expect(transaction.gasLimit).toBe(60_000n)
      expect(transaction.feeCapWei).toBe(expected.maxFeePerGas ?? expected.gasPrice)
      expect(transaction.tipCapWei).toBe(index < 2 ? GWEI : 2n)
      expect(transaction.costWei).toBe(60_000n * GWEI + 5n)
    }
    const setCode = decodeTransaction(hexToBytes(encodings[3]!), common)
    expect([...authoritiesOf(setCode)]).toEqual([wallet(1).address])
  })

  it('refuses blob transactions and unknown types by their type', () => {
    expect(code(Uint8Array.of(3, 0xc0))).toBe('TX_TYPE_REFUSED')
    expect(code(Uint8Array.of(0))).toBe('TX_TYPE_REFUSED')
    expect(code(Uint8Array.of(0x7f, 0xc0))).toBe('TX_TYPE_REFUSED')
  })

  it('refuses another chain’s transactions, typed and legacy', () => {
    const other = createCommon({ chainId: 1 })
    expect(code(signed(alice, {}, other))).toBe('TX_WRONG_CHAIN')
    const legacy = { type: 0, gasPrice: GWEI, gasLimit: 21_000n, to: RECIPIENT }
    expect(code(rawSigned(alice, legacy, other))).toBe('TX_WRONG_CHAIN')
  })

  it('refuses more gas than EIP-7825 allows', () => {
    const prague = createCommon({ osakaTime: 2 ** 40 })
    expect(code(signed(alice, { gasLimit: 2n ** 24n }))).toBe('accepted')
    expect(code(signed(alice, { gasLimit: 2n ** 24n + 1n }, prague))).toBe('TX_GAS_TOO_HIGH')
  })

  it('refuses init code above 49,152 bytes (EIP-3860) and bytes above the bound', () => {
    const create = (length: number) =>
      rawSigned(
        alice,
        {
          type: 2,
          chainId: CHAIN_ID,
          gasLimit: 5_000_000n,
          maxFeePerGas: GWEI,
          data: new Uint8Array(length),
        },
        createCommon({ shanghaiTime: 2 ** 40, cancunTime: 2 ** 40, pragueTime: 2 ** 40, osakaTime: 2 ** 40 }),
      )
    expect(code(create(49_152))).toBe('accepted')
    expect(code(create(49_153))).toBe('TX_INVALID fields')
    expect(code(signed(alice, { data: new Uint8Array(131_072) }))).toBe('LIMIT_EXCEEDED')
  })

  it('refuses a tip above the fee cap, high-s, and impossible signatures', () => {
    const good = signed(alice)
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const s = BigInt(bytesToHex((decodeRlp(good.subarray(1), 4096) as RlpItem[])[11] as Uint8Array))
    const highS = hexToBytes(`0x${(order - s).toString(16).padStart(64, '0')}`)
    expect(code(withField(good, 11, highS))).toBe('TX_INVALID fields')
    expect(code(withField(good, 10, new Uint8Array(0)))).toBe('TX_INVALID signature')
    expect(code(withField(good, 9, Uint8Array.of(2)))).toBe('TX_INVALID fields')
    expect(code(withField(good, 2, hexToBytes('0x0fffffffffffff')))).toBe('TX_INVALID fields')
  })

  it('refuses lists where bytes belong, and other encodings of the same fields', () => {
    const good = signed(alice)
    expect(code(withField(good, 7, [Uint8Array.of(1)]))).toBe('TX_INVALID encoding')
    expect(code(withField(good, 8, new Uint8Array(0)))).toBe('TX_INVALID encoding')
    const address = hexToBytes(RECIPIENT)
    const listAsKey = Array.from({ length: 32 }, () => new Uint8Array(0))
    expect(code(withField(good, 8, [[address, [listAsKey]]]))).toBe('TX_INVALID encoding')
    expect(code(withField(good, 8, [[listAsKey.slice(0, 20), []]]))).toBe('TX_INVALID encoding')
    expect(code(withField(good, 1, Uint8Array.of(0, 1)))).toBe('TX_INVALID fields')
    expect(code(concatBytes(good, Uint8Array.of(0)))).toBe('BAD_RLP')
    expect(code(new Uint8Array(0))).toBe('TX_INVALID encoding')
    const zeroLed = authorization(wallet(1), RECIPIENT)
    const setCode = (authorizationList: unknown) =>
      rawSigned(alice, {
        type: 4,
        chainId: CHAIN_ID,
        to: RECIPIENT,
        gasLimit: 60_000n,
        maxFeePerGas: GWEI,
        authorizationList,
      })
    expect(code(setCode([zeroLed]))).toBe('accepted')
    expect(code(withField(setCode([zeroLed]), 9, []))).toBe('TX_INVALID fields')
  })

  it('answers any bytes with a transaction or a typed error', () => {
    const seed = serializeTransaction({ chainId: CHAIN_ID, type: 'eip1559', to: RECIPIENT, gas: 21_000n })
    const prefix = hexToBytes(seed).slice(0, 8)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (tail, withPrefix) => {
        const bytes = withPrefix ? concatBytes(prefix, tail) : tail
        expect(code(bytes)).toMatch(/^(accepted|TX_|BAD_RLP|LIMIT_EXCEEDED)/)
      }),
      { numRuns: 300 },
    )
    const good = signed(alice, { data: Uint8Array.of(1, 2, 3) })
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (index, byte) => {
        const bytes = good.slice()
        bytes[index] = byte
        const outcome = code(bytes)
        expect(outcome).toMatch(/^(accepted|TX_|BAD_RLP|LIMIT_EXCEEDED)/)
        if (outcome === 'accepted') expect(decodeTransaction(bytes, common).tx.serialize()).toEqual(bytes)
      }),
      { numRuns: 300 },
    )
  })
})
