import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isNodeError } from '../../../src/errors/errors.ts'
import { compareBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import {
  ACCOUNT_TRIE_OWNER,
  accountKey,
  addressAndSlotOfKey,
  addressOfAccountKey,
  blockKey,
  certificateKey,
  codeKey,
  decodeHeight,
  encodeHeight,
  epochRecordKey,
  HEAD_KEY,
  headerKey,
  heightOfHashKey,
  kindRange,
  metadataKey,
  numberedRange,
  numberOfKey,
  prefixRange,
  receiptsKey,
  slotKey,
  slotRange,
  transactionKey,
  trieNodeKey,
} from '../../../src/storage/keys.ts'
import type { KvRange } from '../../../src/storage/kv.ts'

const address = `0x${'a1'.repeat(20)}` as const
const hash = `0x${'b2'.repeat(32)}` as const
const hex = (bytes: number) => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map(bytesToHex)
const height = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })

const holds = (range: KvRange, key: Uint8Array) =>
  compareBytes(range.gte, key) <= 0 && compareBytes(key, range.lt) < 0

const codeOf = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    return isNodeError(error) ? error.code : error
  }
  return undefined
}

describe('storage keys', () => {
  test('have the documented bytes', () => {
    const numbered = '0000000000000102'
    expect(bytesToHex(accountKey(address))).toBe(`0x61${'a1'.repeat(20)}`)
    expect(bytesToHex(slotKey(address, hash))).toBe(`0x73${'a1'.repeat(20)}${'b2'.repeat(32)}`)
    expect(bytesToHex(codeKey(hash))).toBe(`0x63${'b2'.repeat(32)}`)
    expect(bytesToHex(trieNodeKey(ACCOUNT_TRIE_OWNER, new Uint8Array(32).fill(7)))).toBe(
      `0x74${'00'.repeat(32)}${'07'.repeat(32)}`,
    )
    expect(bytesToHex(blockKey(0x102))).toBe(`0x62${numbered}`)
    expect(bytesToHex(headerKey(0x102))).toBe(`0x68${numbered}`)
    expect(bytesToHex(receiptsKey(0x102))).toBe(`0x72${numbered}`)
    expect(bytesToHex(certificateKey(0x102))).toBe(`0x71${numbered}`)
    expect(bytesToHex(epochRecordKey(0x102))).toBe(`0x65${numbered}`)
    expect(bytesToHex(heightOfHashKey(hash))).toBe(`0x6e${'b2'.repeat(32)}`)
    expect(bytesToHex(transactionKey(hash))).toBe(`0x78${'b2'.repeat(32)}`)
    expect(bytesToHex(HEAD_KEY)).toBe(`0x6d${Buffer.from('head').toString('hex')}`)
    expect(metadataKey('layout')[0]).toBe(0x6d)
  })

  test('of heights sort as the heights do, and read back', () => {
    fc.assert(
      fc.property(height, height, (a, b) => {
        expect(decodeHeight(encodeHeight(a))).toBe(a)
        expect(numberOfKey('header', headerKey(a))).toBe(a)
        expect(Math.sign(compareBytes(headerKey(a), headerKey(b)))).toBe(Math.sign(a - b))
      }),
    )
  })

  test('of accounts and slots read back and lie in their ranges alone', () => {
    fc.assert(
      fc.property(hex(20), hex(32), hex(20), (owner, slot, other) => {
        expect(addressOfAccountKey(accountKey(owner))).toBe(owner)
        expect(addressAndSlotOfKey(slotKey(owner, slot))).toEqual({ address: owner, slot })
        expect(holds(kindRange('account'), accountKey(owner))).toBe(true)
        expect(holds(kindRange('account'), slotKey(owner, slot))).toBe(false)
        expect(holds(slotRange(owner), slotKey(owner, slot))).toBe(true)
        expect(holds(slotRange(owner), slotKey(other, slot))).toBe(other === owner)
      }),
    )
  })

  test('bound the range of an address of 0xff bytes', () => {
    const last = `0x${'ff'.repeat(20)}` as const
    const range = slotRange(last)
    expect(holds(range, slotKey(last, `0x${'ff'.repeat(32)}` as Hash))).toBe(true)
    expect(bytesToHex(range.lt)).toBe('0x74')
    expect(() => prefixRange(Uint8Array.of(0xff, 0xff))).toThrow('no end')
  })

  test('bound a range of heights below its end', () => {
    const range = numberedRange('receipts', 5, 9)
    expect([4, 5, 8, 9].map((at) => holds(range, receiptsKey(at)))).toEqual([false, true, true, false])
  })

  test('refuse hex of the wrong length or case, and numbers that are no heights', () => {
    expect(codeOf(() => accountKey('0x12'))).toBe('BAD_HEX')
    expect(codeOf(() => accountKey(`0x${'A1'.repeat(20)}`))).toBe('BAD_HEX')
    expect(codeOf(() => codeKey(`0x${'g0'.repeat(32)}`))).toBe('BAD_HEX')
    expect(codeOf(() => decodeHeight(Uint8Array.of(1)))).toBe('DATA_CORRUPT')
    expect(codeOf(() => decodeHeight(new Uint8Array(8).fill(0xff)))).toBe('DATA_CORRUPT')
    expect(codeOf(() => numberOfKey('header', blockKey(1)))).toBe('DATA_CORRUPT')
    for (const bad of [-1, 1.5, Number.NaN, 2 ** 53]) expect(() => blockKey(bad)).toThrow('height')
  })
})
