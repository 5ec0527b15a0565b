import { describe, expect, it } from 'vitest'
import { isNodeError } from '../../../src/errors/errors.ts'
import type { Mempool } from '../../../src/mempool/mempool.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import {
  authorization,
  CHAIN_ID,
  ETHER,
  GWEI,
  HEAD,
  hexToBytes,
  RECIPIENT,
  rawSigned,
  setup,
  signed,
  type Wallet,
  wallet,
} from './fixtures.ts'

function outcome(pool: Mempool, bytes: Uint8Array): string {
  try {
    pool.add(bytes)
    return 'admitted'
  } catch (error) {
    if (!isNodeError(error)) throw error
    return error.code
  }
}

const delegation = concatBytes(Uint8Array.of(0xef, 0x01, 0x00), hexToBytes(RECIPIENT))

function setCode(from: Wallet, authorities: Wallet[], nonce = 0): Uint8Array {
  return rawSigned(from, {
    type: 4,
    chainId: CHAIN_ID,
    nonce,
    to: RECIPIENT,
    gasLimit: 200_000n,
    maxFeePerGas: 10n * GWEI,
    maxPriorityFeePerGas: GWEI,
    authorizationList: authorities.map((authority) => authorization(authority, RECIPIENT)),
  })
}

describe('admission', () => {
  it('takes the next nonce as pending, a later one as queued, and promotes when the gap closes', () => {
    const { pool, wallets, events } = setup()
    const [alice] = wallets as [Wallet]
    const third = pool.add(signed(alice, { nonce: 2 }))
    expect(pool.status()).toEqual({ pending: 0, queued: 1, slots: 1 })
    expect(pool.pendingNonce(alice.address)).toBe(0n)
    const first = pool.add(signed(alice, { nonce: 0 }))
    expect(pool.contentFrom(alice.address)).toEqual({ pending: [first], queued: [third] })
    const second = pool.add(signed(alice, { nonce: 1 }))
    expect(pool.contentFrom(alice.address)).toEqual({ pending: [first, second, third], queued: [] })
    expect(pool.pendingNonce(alice.address)).toBe(3n)
    expect(events).toEqual([
      { type: 'pending', transactions: [first] },
      { type: 'pending', transactions: [second, third] },
    ])
  })

  it('refuses what is known, used up, or too poor', () => {
    const { pool, state, wallets } = setup()
    const [alice] = wallets as [Wallet]
    const bytes = signed(alice)
    expect(outcome(pool, bytes)).toBe('admitted')
    expect(outcome(pool, bytes)).toBe('TX_KNOWN')
    state.set(alice.address, { nonce: 5n, balanceWei: 21_000n * 10n * GWEI })
    expect(outcome(pool, signed(alice, { nonce: 4 }))).toBe('TX_NONCE_TOO_LOW')
    const bob = wallet(20)
    expect(outcome(pool, signed(bob))).toBe('TX_INSUFFICIENT_FUNDS')
    state.set(bob.address, { balanceWei: 21_000n * 10n * GWEI })
    expect(outcome(pool, signed(bob, { valueWei: 1n }))).toBe('TX_INSUFFICIENT_FUNDS')
    expect(outcome(pool, signed(bob, { valueWei: 0n }))).toBe('admitted')
  })

  it('asks for intrinsic gas and for the calldata floor of EIP-7623', () => {
    const { pool, wallets } = setup()
    const [alice] = wallets as [Wallet]
    expect(outcome(pool, signed(alice, { gasLimit: 20_999n }))).toBe('TX_GAS_TOO_LOW')
    // 100 non-zero bytes: 21,000 + 16·100 = 22,600 intrinsic, but 21,000 + 10·4·100 = 25,000 at the floor.
    const data = new Uint8Array(100).fill(1)
    expect(outcome(pool, signed(alice, { data, gasLimit: 24_999n }))).toBe('TX_GAS_TOO_LOW')
    expect(outcome(pool, signed(alice, { data, gasLimit: 25_000n }))).toBe('admitted')
  })

  it('refuses more gas than a block has', () => {
    const { pool, wallets } = setup({}, { ...HEAD, gasLimit: 1_000_000n })
    const [alice] = wallets as [Wallet]
    expect(outcome(pool, signed(alice, { gasLimit: 1_000_001n }))).toBe('TX_GAS_TOO_HIGH')
    expect(outcome(pool, signed(alice, { gasLimit: 1_000_000n }))).toBe('admitted')
  })

  it('refuses fee caps that no block can take and tips below the node’s own floor', () => {
    const { pool, wallets } = setup({ minimumBaseFeeWei: GWEI, minimumTipWei: 5n })
    const [alice] = wallets as [Wallet]
    expect(outcome(pool, signed(alice, { feeCapWei: GWEI - 1n, tipCapWei: 5n }))).toBe('TX_UNDERPRICED')
    expect(outcome(pool, signed(alice, { feeCapWei: GWEI, tipCapWei: 4n }))).toBe('TX_UNDERPRICED')
    expect(outcome(pool, signed(alice, { feeCapWei: GWEI, tipCapWei: 5n }))).toBe('admitted')
  })

  it('takes signatures without a chain id only when told to', () => {
    // The known deployment of the deterministic CREATE2 deployer, signed for every chain by a made-up signature.
    const deployer = hexToBytes(
      '0xf8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffffffffffff' +
        'ffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf31ba02' +
        '222222222222222222222222222222222222222222222222222222222222222a022222222222222222222222222222222222222' +
        '22222222222222222222222222',
    )
    const sender = '0x3fab184622dc19b6109349b94811493bf2a45362'
    const strict = setup()
    strict.state.set(sender, {})
    expect(outcome(strict.pool, deployer)).toBe('TX_INVALID')
    const open = setup({ allowUnprotected: true })
    open.state.set(sender, {})
    expect(open.pool.add(deployer).sender).toBe(sender)
  })

  it('refuses senders that are contracts (EIP-3607)', () => {
    const { pool, state, wallets } = setup()
    const [alice] = wallets as [Wallet]
    state.set(alice.address, { code: Uint8Array.of(0x60, 0x00) })
    expect(outcome(pool, signed(alice))).toBe('TX_INVALID')
  })

  it('bounds an account, and its gapped transactions apart', () => {
    const { pool, wallets } = setup({ bounds: { perAccount: 4, gappedPerAccount: 2 } })
    const [alice] = wallets as [Wallet]
    for (const nonce of [5, 6]) expect(outcome(pool, signed(alice, { nonce }))).toBe('admitted')
    expect(outcome(pool, signed(alice, { nonce: 7 }))).toBe('TX_ACCOUNT_LIMIT')
    for (const nonce of [0, 1]) expect(outcome(pool, signed(alice, { nonce }))).toBe('admitted')
    expect(outcome(pool, signed(alice, { nonce: 2 }))).toBe('TX_ACCOUNT_LIMIT')
  })
})

describe('replacement', () => {
  const price = (feeCapWei: bigint, tipCapWei: bigint) => ({ feeCapWei, tipCapWei })

  it('needs 10 % more on the fee cap and on the tip', () => {
    const { pool, wallets, events } = setup()
    const [alice] = wallets as [Wallet]
    const first = pool.add(signed(alice, price(10n * GWEI, 100n)))
    for (const tooLittle of [
      price(11n * GWEI, 109n),
      price(11n * GWEI - 1n, 110n),
      price(20n * GWEI, 100n),
      price(10n * GWEI, 200n),
    ]) {
      expect(outcome(pool, signed(alice, tooLittle))).toBe('TX_REPLACEMENT_UNDERPRICED')
    }
    const second = pool.add(signed(alice, price(11n * GWEI, 110n)))
    expect(pool.contentFrom(alice.address).pending).toEqual([second])
    expect(pool.has(first.hash)).toBe(false)
    expect(events.slice(1)).toEqual([
      { type: 'dropped', transaction: first, reason: 'replaced' },
      { type: 'pending', transactions: [second] },
    ])
  })

  it('needs a strict raise where 10 % is nothing', () => {
    const { pool, wallets } = setup()
    const [alice] = wallets as [Wallet]
    expect(outcome(pool, signed(alice, price(8n, 0n)))).toBe('admitted')
    expect(outcome(pool, signed(alice, price(9n, 0n)))).toBe('TX_REPLACEMENT_UNDERPRICED')
    expect(outcome(pool, signed(alice, price(9n, 1n)))).toBe('admitted')
  })

  it('counts the replaced cost no more, and refuses one that would starve a later transaction', () => {
    const { pool, state, wallets } = setup()
    const [alice] = wallets as [Wallet]
    state.set(alice.address, { balanceWei: ETHER })
    const half = ETHER / 2n - 21_000n * 20n * GWEI
    pool.add(signed(alice, { nonce: 0, valueWei: half }))
    pool.add(signed(alice, { nonce: 1, valueWei: half }))
    const dearer = price(20n * GWEI, 2n * GWEI)
    expect(outcome(pool, signed(alice, { nonce: 0, valueWei: half + ETHER / 4n, ...dearer }))).toBe(
      'TX_INSUFFICIENT_FUNDS',
    )
    expect(outcome(pool, signed(alice, { nonce: 0, valueWei: half, ...dearer }))).toBe('admitted')
    expect(pool.status().pending).toBe(2)
  })

  it('costs a spammer 10 % a round, so that rounds are few', () => {
    const { pool, state, wallets } = setup()
    const [alice] = wallets as [Wallet]
    state.set(alice.address, { balanceWei: 10n * ETHER })
    let feeCapWei = GWEI
    let rounds = 0
    for (; rounds < 1_000; rounds++) {
      if (outcome(pool, signed(alice, { feeCapWei, tipCapWei: feeCapWei })) !== 'admitted') break
      feeCapWei = (feeCapWei * 110n + 99n) / 100n
    }
    // 10 OPEN over 21,000 gas is 476,190 gwei a gas: log(476,190) / log(1.1) = 137 raises.
    expect(rounds).toBe(138)
    expect(pool.status()).toEqual({ pending: 1, queued: 0, slots: 1 })
  })
})

describe('delegated accounts (EIP-7702)', () => {
  it('have one transaction in flight, in order, replaceable', () => {
    const { pool, state, wallets } = setup()
    const [alice] = wallets as [Wallet]
    state.set(alice.address, { code: delegation })
    expect(outcome(pool, signed(alice, { nonce: 1 }))).toBe('TX_NONCE_GAP')
    expect(outcome(pool, signed(alice, { nonce: 0 }))).toBe('admitted')
    expect(outcome(pool, signed(alice, { nonce: 1 }))).toBe('TX_ACCOUNT_LIMIT')
    expect(outcome(pool, signed(alice, { feeCapWei: 20n * GWEI, tipCapWei: 2n * GWEI }))).toBe('admitted')
  })

  it('count as delegated while a pooled transaction would delegate them', () => {
    const { pool, wallets } = setup()
    const [alice, bob] = wallets as [Wallet, Wallet]
    const pending = pool.add(setCode(alice, [bob]))
    expect(outcome(pool, signed(bob, { nonce: 0 }))).toBe('admitted')
    expect(outcome(pool, signed(bob, { nonce: 1 }))).toBe('TX_ACCOUNT_LIMIT')
    pool.drop(pending.hash)
    expect(outcome(pool, signed(bob, { nonce: 1 }))).toBe('admitted')
  })

  it('cannot be delegated through the pool while they have more in flight', () => {
    const { pool, wallets } = setup()
    const [alice, bob] = wallets as [Wallet, Wallet]
    pool.add(signed(bob, { nonce: 0 }))
    expect(outcome(pool, setCode(alice, [bob]))).toBe('admitted')
    const [, , carol, dave] = wallets as [Wallet, Wallet, Wallet, Wallet]
    pool.add(signed(dave, { nonce: 0 }))
    pool.add(signed(dave, { nonce: 1 }))
    expect(outcome(pool, setCode(carol, [bob, dave]))).toBe('TX_ACCOUNT_LIMIT')
  })
})
