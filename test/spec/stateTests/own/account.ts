import { concatBytes } from '../../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../../../src/primitives/hex.ts'
import { keccak256 } from '../../../../src/primitives/keccak.ts'
import { encodeRlp, fromInt } from '../../../../src/primitives/rlp.ts'
import { privateKeyToAddress, sign } from '../../../../src/primitives/secp256k1.ts'
import type { StateTest, TestAccounts, TestTransaction } from '../fixture.ts'

export const SENDER_KEY: Hex = `0x${'45'.repeat(32)}`
export const SENDER: Address = privateKeyToAddress(hexToBytes(SENDER_KEY))
export const OTHER_KEY: Hex = `0x${'67'.repeat(32)}`
export const OTHER: Address = privateKeyToAddress(hexToBytes(OTHER_KEY))
export const COINBASE: Address = `0x${'c0'.repeat(20)}`
/** What the transactions of the tests call. */
export const MAIN: Address = `0x${'a1'.repeat(20)}`
export const SECOND: Address = `0x${'a2'.repeat(20)}`
export const THIRD: Address = `0x${'a3'.repeat(20)}`

const hex = (value: bigint): Hex => `0x${value.toString(16)}`

export function account(
  fields: { balance?: bigint; nonce?: bigint; code?: Hex; storage?: Record<string, bigint> } = {},
): TestAccounts[string] {
  const storage = Object.entries(fields.storage ?? {}).map(([slot, value]) => [slot, hex(value)])
  return {
    balance: hex(fields.balance ?? 0n),
    nonce: hex(fields.nonce ?? 0n),
    code: fields.code ?? '0x',
    storage: Object.fromEntries(storage) as Record<string, string>,
  }
}

/** A test of one transaction to `MAIN` under some forks, without expectations. */
export function stateTest(options: {
  forks: readonly string[]
  pre: TestAccounts
  transaction?: Partial<TestTransaction>
  exception?: string
}): StateTest {
  const transaction: TestTransaction = {
    data: ['0x'],
    gasLimit: ['0x1e8480'],
    value: ['0x0'],
    nonce: '0x0',
    to: MAIN,
    secretKey: SENDER_KEY,
    gasPrice: '0x10',
    ...options.transaction,
  }
  const { exception } = options
  const indexes = transaction.data.flatMap((_, data) =>
    transaction.gasLimit.flatMap((_, gas) => transaction.value.map((_, value) => ({ data, gas, value }))),
  )
  const open = `0x${'00'.repeat(32)}`
  const expectations = indexes.map((one) => ({
    hash: open,
    logs: open,
    indexes: one,
    ...(exception === undefined ? {} : { expectException: exception }),
  }))
  return {
    env: {
      currentCoinbase: COINBASE,
      currentGasLimit: '0x2625a00',
      currentNumber: '0x5',
      currentTimestamp: '0x3e8',
      currentDifficulty: '0x20000',
      currentRandom: '0x20000',
      currentBaseFee: '0xa',
      currentExcessBlobGas: '0x0',
    },
    pre: { [SENDER]: account({ balance: 10n ** 18n }), ...options.pre },
    transaction,
    post: Object.fromEntries(options.forks.map((fork) => [fork, expectations])),
  }
}

/** EIP-7702: an authorization signed by the key. */
export function authorization(key: Hex, fields: { chainId: bigint; address: Address; nonce: bigint }) {
  const { chainId, address, nonce } = fields
  const message = encodeRlp([fromInt(chainId), hexToBytes(address), fromInt(nonce)])
  const signature = sign(keccak256(concatBytes(Uint8Array.of(5), message)), hexToBytes(key))
  const part = (from: number) => hex(BigInt(bytesToHex(signature.subarray(from, from + 32))))
  return {
    chainId: hex(chainId),
    address,
    nonce: hex(nonce),
    yParity: hex(BigInt(signature[64] ?? 0)),
    r: part(0),
    s: part(32),
  }
}
