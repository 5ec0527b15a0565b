import { type Common, createCommonFromGethGenesis } from '@ethereumjs/common'
import { createTx, type TypedTxData } from '@ethereumjs/tx'
import { Mempool } from '../../../src/mempool/mempool.ts'
import type { PoolHead, PoolState } from '../../../src/mempool/ports.ts'
import { decodeTransaction, type PooledTransaction } from '../../../src/mempool/transaction.ts'
import type { MempoolEvent, MempoolOptions } from '../../../src/mempool/types.ts'
import { bigIntToBytes, bytesToBigInt, concatBytes } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256, keccakHex } from '../../../src/primitives/keccak.ts'
import { encodeRlp, fromHex, fromInt } from '../../../src/primitives/rlp.ts'
import { privateKeyToAddress, recoverPublicKey, sign } from '../../../src/primitives/secp256k1.ts'
import type { Cancel, Clock } from '../../../src/runtime/clock.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import type { AccountRecord } from '../../../src/state/types.ts'

export const CHAIN_ID = 161212
export const GWEI = 10n ** 9n
export const ETHER = 10n ** 18n

/** The recovery that the node gives to ethereumjs: EIP-155 and parity bits alike. */
export function ecrecover(digest: Uint8Array, v: bigint, r: Uint8Array, s: Uint8Array, chainId?: bigint) {
  const bit = v < 2n ? v : v < 35n ? v - 27n : v - (chainId ?? 0n) * 2n - 35n
  return recoverPublicKey(digest, Number(bit), bytesToBigInt(r), bytesToBigInt(s))
}

export function createCommon(overrides: Record<string, unknown> = {}): Common {
  const blocks = [
    'homesteadBlock',
    'eip150Block',
    'eip155Block',
    'eip158Block',
    'byzantiumBlock',
    'constantinopleBlock',
    'petersburgBlock',
    'istanbulBlock',
    'berlinBlock',
    'londonBlock',
    'mergeNetsplitBlock',
  ]
  const times = ['shanghaiTime', 'cancunTime', 'pragueTime', 'osakaTime']
  const schedule = { target: 6, max: 9, baseFeeUpdateFraction: 5007716 }
  const genesis = {
    config: {
      chainId: CHAIN_ID,
      ...Object.fromEntries([...blocks, ...times].map((name) => [name, 0])),
      terminalTotalDifficulty: 0,
      depositContractAddress: `0x${'00'.repeat(20)}`,
      blobSchedule: { cancun: schedule, prague: schedule, osaka: schedule },
      ...overrides,
    },
    nonce: '0x0',
    timestamp: '0x0',
    extraData: '0x',
    gasLimit: '0x1c9c380',
    difficulty: '0x0',
    mixHash: `0x${'00'.repeat(32)}`,
    coinbase: `0x${'00'.repeat(20)}`,
    alloc: {},
  }
  const common = createCommonFromGethGenesis(genesis as never, {
    chain: 'test',
    customCrypto: { keccak256, ecrecover },
  })
  common.setHardforkBy({ blockNumber: 0n, timestamp: 0n })
  return common
}

export const common = createCommon()

export interface Wallet {
  readonly key: Uint8Array
  readonly address: Address
}

export function wallet(index: number): Wallet {
  const key = keccak256(fromInt(index + 1))
  return { key, address: privateKeyToAddress(key) }
}

export const RECIPIENT: Address = `0x${'ee'.repeat(20)}`

export interface Draft {
  nonce?: number | bigint
  feeCapWei?: bigint
  tipCapWei?: bigint
  gasLimit?: bigint
  valueWei?: bigint
  to?: Hex | null
  data?: Uint8Array
}

/** A signed EIP-1559 transfer, unless the draft says else. */
export function signed(from: Wallet, draft: Draft = {}, chain: Common = common): Uint8Array {
  const feeCapWei = draft.feeCapWei ?? 10n * GWEI
  return rawSigned(
    from,
    {
      type: 2,
      chainId: chain.chainId(),
      nonce: BigInt(draft.nonce ?? 0),
      maxFeePerGas: feeCapWei,
      maxPriorityFeePerGas: draft.tipCapWei ?? (feeCapWei < GWEI ? feeCapWei : GWEI),
      gasLimit: draft.gasLimit ?? 21_000n,
      value: draft.valueWei ?? 1n,
      data: draft.data ?? new Uint8Array(0),
      ...(draft.to === null ? {} : { to: draft.to ?? RECIPIENT }),
    },
    chain,
  )
}

export function rawSigned(from: Wallet, data: Record<string, unknown>, chain: Common = common): Uint8Array {
  return createTx(data as unknown as TypedTxData, { common: chain })
    .sign(from.key)
    .serialize()
}

export function authorization(authority: Wallet, delegate: Address, nonce = 0n, chainId = BigInt(CHAIN_ID)) {
  const digest = keccak256(
    concatBytes(Uint8Array.of(5), encodeRlp([fromInt(chainId), fromHex(delegate), fromInt(nonce)])),
  )
  const signature = sign(digest, authority.key)
  const quantity = (bytes: Uint8Array): Hex => `0x${bytesToBigInt(bytes).toString(16)}`
  return {
    chainId: `0x${chainId.toString(16)}`,
    address: delegate,
    nonce: `0x${nonce.toString(16)}`,
    yParity: quantity(signature.subarray(64)),
    r: quantity(signature.subarray(0, 32)),
    s: quantity(signature.subarray(32, 64)),
  }
}

export function decoded(from: Wallet, draft: Draft = {}): PooledTransaction {
  return decodeTransaction(signed(from, draft), common)
}

export class ManualClock implements Clock {
  #nowMs = 1_000_000
  #timers: { atMs: number; callback: () => void }[] = []

  nowMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, callback: () => void): Cancel {
    const timer = { atMs: this.#nowMs + delayMs, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  advance(ms: number): void {
    const until = this.#nowMs + ms
    for (;;) {
      const due = this.#timers.filter((timer) => timer.atMs <= until).sort((a, b) => a.atMs - b.atMs)[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter((other) => other !== due)
      this.#nowMs = Math.max(this.#nowMs, due.atMs)
      due.callback()
    }
    this.#nowMs = until
  }
}

export class FakeState implements PoolState {
  readonly accounts = new Map<Address, AccountRecord>()
  readonly codes = new Map<Hash, Uint8Array>()

  set(address: Address, account: { nonce?: bigint; balanceWei?: bigint; code?: Uint8Array }): void {
    const codeHash = account.code === undefined ? EMPTY_CODE_HASH : keccakHex(account.code)
    if (account.code !== undefined) this.codes.set(codeHash, account.code)
    this.accounts.set(address, {
      nonce: account.nonce ?? 0n,
      balanceWei: account.balanceWei ?? ETHER,
      codeHash,
      storageRoot: EMPTY_TRIE_ROOT,
    })
  }

  account(address: Address): AccountRecord | undefined {
    return this.accounts.get(address)
  }

  code(codeHash: Hash): Uint8Array {
    return this.codes.get(codeHash) ?? new Uint8Array(0)
  }
}

export const HEAD: PoolHead = { number: 1n, timestamp: 100n, gasLimit: 30_000_000n, nextBaseFeeWei: GWEI }

export function setup(options: Partial<MempoolOptions> = {}, head: PoolHead = HEAD) {
  const clock = new ManualClock()
  const state = new FakeState()
  const events: MempoolEvent[] = []
  const pool = new Mempool(
    { common, minimumBaseFeeWei: 7n, minimumTipWei: 0n, allowUnprotected: false, ...options },
    { clock, logger: silentLogger, head, state },
  )
  pool.subscribe((event) => events.push(event))
  const wallets = Array.from({ length: 8 }, (_, index) => wallet(index))
  for (const { address } of wallets) state.set(address, {})
  return { pool, clock, state, events, wallets }
}

export function hashOf(bytes: Uint8Array): Hash {
  return keccakHex(bytes)
}

export { bigIntToBytes, bytesToHex, hexToBytes }
