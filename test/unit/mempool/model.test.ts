import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isNodeError } from '../../../src/errors/errors.ts'
import type { Mempool } from '../../../src/mempool/mempool.ts'
import type { PooledTransaction } from '../../../src/mempool/transaction.ts'
import type { Address } from '../../../src/primitives/hex.ts'
import { decoded, type FakeState, GWEI, HEAD, setup, type Wallet, wallet } from './fixtures.ts'

// A pool written as plainly as possible: lists, recomputed from scratch, no bounds. The real one must agree.

const SENDERS = [0, 1, 2].map((index) => wallet(index))
const NONCES = 5
const PRICES = [2n, 3n, 5n, 8n] as const
const UNIT = 21_000n * GWEI

type Action =
  | { kind: 'add'; sender: number; nonce: number; price: number; heavy: boolean }
  | { kind: 'head'; sender: number; mined: number; balance: number; baseFee: number }
  | { kind: 'drop'; sender: number; nonce: number }

const add: fc.Arbitrary<Action> = fc.record({
  kind: fc.constant('add' as const),
  sender: fc.nat(SENDERS.length - 1),
  nonce: fc.nat(NONCES - 1),
  price: fc.nat(PRICES.length - 1),
  heavy: fc.boolean(),
})
const head: fc.Arbitrary<Action> = fc.record({
  kind: fc.constant('head' as const),
  sender: fc.nat(SENDERS.length - 1),
  mined: fc.nat(2),
  balance: fc.nat(40),
  baseFee: fc.integer({ min: 1, max: 4 }),
})
const drop: fc.Arbitrary<Action> = fc.record({
  kind: fc.constant('drop' as const),
  sender: fc.nat(SENDERS.length - 1),
  nonce: fc.nat(NONCES - 1),
})
const actions = fc.array(
  fc.oneof({ weight: 8, arbitrary: add }, { weight: 2, arbitrary: head }, { weight: 1, arbitrary: drop }),
  { minLength: 1, maxLength: 40 },
)

const drafts = new Map<string, PooledTransaction>()
function draft(action: Extract<Action, { kind: 'add' }>): PooledTransaction {
  const key = [action.sender, action.nonce, action.price, action.heavy].join()
  const known = drafts.get(key)
  if (known !== undefined) return known
  const price = PRICES[action.price] ?? 2n
  const transaction = decoded(SENDERS[action.sender] as Wallet, {
    nonce: action.nonce,
    feeCapWei: price * GWEI,
    tipCapWei: price * GWEI,
    valueWei: action.heavy ? 4n * UNIT : 0n,
  })
  drafts.set(key, transaction)
  return transaction
}

interface ModelAccount {
  nonce: bigint
  balanceWei: bigint
  pooled: PooledTransaction[]
}

class Model {
  readonly accounts = new Map<Address, ModelAccount>(
    SENDERS.map(({ address }) => [address, { nonce: 0n, balanceWei: 40n * UNIT, pooled: [] }]),
  )

  /** Order of arrival, which breaks ties. */
  #sequence = 0
  readonly arrivals = new Map<PooledTransaction, number>()

  account(index: number): ModelAccount {
    return this.accounts.get((SENDERS[index] as Wallet).address) as ModelAccount
  }

  add(transaction: PooledTransaction): string {
    const account = this.accounts.get(transaction.sender) as ModelAccount
    const same = account.pooled.find(({ nonce }) => nonce === transaction.nonce)
    if (same === transaction) return 'TX_KNOWN'
    if (transaction.nonce < account.nonce) return 'TX_NONCE_TOO_LOW'
    if (same !== undefined && transaction.feeCapWei * 10n < same.feeCapWei * 11n) {
      return 'TX_REPLACEMENT_UNDERPRICED'
    }
    const others = account.pooled.filter((other) => other !== same)
    const total = [...others, transaction].reduce((sum, { costWei }) => sum + costWei, 0n)
    if (total > account.balanceWei) return 'TX_INSUFFICIENT_FUNDS'
    this.arrivals.set(transaction, this.#sequence++)
    account.pooled = [...others, transaction].sort((a, b) => Number(a.nonce - b.nonce))
    return 'admitted'
  }

  split({ nonce, balanceWei, pooled }: ModelAccount): {
    pending: PooledTransaction[]
    queued: PooledTransaction[]
  } {
    const pending: PooledTransaction[] = []
    let spentWei = 0n
    for (const transaction of pooled) {
      spentWei += transaction.costWei
      if (transaction.nonce !== nonce + BigInt(pending.length) || spentWei > balanceWei) break
      pending.push(transaction)
    }
    return { pending, queued: pooled.slice(pending.length) }
  }
}

function outcome(pool: Mempool, transaction: PooledTransaction): string {
  try {
    pool.admit(transaction)
    return 'admitted'
  } catch (error) {
    if (!isNodeError(error)) throw error
    return error.code
  }
}

function applyHead(model: Model, pool: Mempool, state: FakeState, action: Extract<Action, { kind: 'head' }>) {
  const account = model.account(action.sender)
  const { address } = SENDERS[action.sender] as Wallet
  account.nonce += BigInt(action.mined)
  account.balanceWei = BigInt(action.balance) * UNIT
  account.pooled = account.pooled.filter(
    ({ nonce, costWei }) => nonce >= account.nonce && costWei <= account.balanceWei,
  )
  state.set(address, { nonce: account.nonce, balanceWei: account.balanceWei })
  pool.advance(
    { ...pool.head, number: pool.head.number + 1n, nextBaseFeeWei: BigInt(action.baseFee) * GWEI },
    state,
    [address],
  )
}

/** The order that a builder must see, by trying all heads of all senders at each step. */
function expectedOrder(model: Model, baseFeeWei: bigint): PooledTransaction[] {
  const chains = [...model.accounts.values()].map((account) => [...model.split(account).pending])
  const order: PooledTransaction[] = []
  for (;;) {
    const heads = chains.filter((chain) => chain[0] !== undefined && chain[0].feeCapWei >= baseFeeWei)
    const [best] = heads.sort(
      ([a], [b]) => Number(b!.feeCapWei - a!.feeCapWei) || model.arrivals.get(a!)! - model.arrivals.get(b!)!,
    )
    if (best === undefined) return order
    order.push(best.shift()!)
  }
}

describe('against a plain model', () => {
  it('gives the same answers, the same pending and queued sets, and the best-paying order', () => {
    fc.assert(
      fc.property(actions, (script) => {
        const { pool, state } = setup()
        const model = new Model()
        for (const { address } of SENDERS) state.set(address, { balanceWei: 40n * UNIT })
        for (const action of script) {
          if (action.kind === 'add') {
            expect(outcome(pool, draft(action))).toBe(model.add(draft(action)))
          } else if (action.kind === 'head') {
            applyHead(model, pool, state, action)
          } else {
            const account = model.account(action.sender)
            const target = account.pooled.find(({ nonce }) => nonce === BigInt(action.nonce))
            if (target !== undefined) pool.drop(target.hash)
            account.pooled = account.pooled.filter((other) => other !== target)
          }
          let pending = 0
          let queued = 0
          for (const [address, account] of model.accounts) {
            const expected = model.split(account)
            expect(pool.contentFrom(address)).toEqual(expected)
            expect(pool.pendingNonce(address)).toBe(account.nonce + BigInt(expected.pending.length))
            pending += expected.pending.length
            queued += expected.queued.length
          }
          expect(pool.status()).toEqual({ pending, queued, slots: pending + queued })
          expect([...pool.best()]).toEqual(expectedOrder(model, pool.head.nextBaseFeeWei))
        }
      }),
      { numRuns: 150 },
    )
  })

  it('holds its bounds, opens no gap by eviction and pushes nothing executable out for a gap', () => {
    const bounds = { slots: 6, gapped: 3, perAccount: 4, gappedPerAccount: 2 }
    fc.assert(
      fc.property(actions, (script) => {
        const { pool, state } = setup({ bounds })
        const nonces = new Map<Address, bigint>()
        for (const { address } of SENDERS) state.set(address, { balanceWei: 10_000n * UNIT })
        for (const action of script) {
          const before = pool.status()
          if (action.kind === 'add') {
            const executableBefore = new Set([...pool.best(0n)])
            const code = outcome(pool, draft(action))
            const lost = [...executableBefore].filter(({ hash }) => !pool.has(hash))
            const isPending = pool.contentFrom(draft(action).sender).pending.includes(draft(action))
            if (code === 'admitted' && !isPending) expect(lost).toEqual([])
            if (code !== 'admitted') expect(pool.status()).toEqual(before)
            expect([...executableBefore].filter(({ hash }) => pool.has(hash)).length).toBeLessThanOrEqual(
              pool.status().pending,
            )
          } else if (action.kind === 'head') {
            const { address } = SENDERS[action.sender] as Wallet
            nonces.set(address, (nonces.get(address) ?? 0n) + BigInt(action.mined))
            state.set(address, { nonce: nonces.get(address) ?? 0n, balanceWei: 10_000n * UNIT })
            pool.advance({ ...HEAD, nextBaseFeeWei: BigInt(action.baseFee) * GWEI }, state, [address])
          } else {
            const { pending, queued } = pool.contentFrom((SENDERS[action.sender] as Wallet).address)
            const target = [...pending, ...queued].find(({ nonce }) => nonce === BigInt(action.nonce))
            if (target !== undefined) pool.drop(target.hash)
          }
          const { pending, queued, slots } = pool.status()
          expect(slots).toBe(pending + queued)
          expect(slots).toBeLessThanOrEqual(bounds.slots)
          expect(queued).toBeLessThanOrEqual(bounds.gapped)
          for (const { address } of SENDERS) {
            const content = pool.contentFrom(address)
            expect(content.queued.length).toBeLessThanOrEqual(bounds.gappedPerAccount)
            expect(content.pending.length + content.queued.length).toBeLessThanOrEqual(bounds.perAccount)
            for (const transaction of [...content.pending, ...content.queued]) {
              expect(pool.get(transaction.hash)).toBe(transaction)
            }
          }
        }
      }),
      { numRuns: 150 },
    )
  })

  it('lets a builder leave a sender out and go on with the others', () => {
    const { pool, state } = setup()
    for (const { address } of SENDERS) state.set(address, {})
    const at = (sender: number, nonce: number, price: number) => {
      const transaction = draft({ kind: 'add', sender, nonce, price, heavy: false })
      pool.admit(transaction)
      return transaction
    }
    const first = at(0, 0, 3)
    at(0, 1, 3)
    const second = at(1, 0, 2)
    const third = at(1, 1, 1)
    const fourth = at(2, 0, 0)
    const best = pool.best()
    expect(best.next()).toBe(first)
    best.skipSender()
    best.skipSender()
    pool.drop(third.hash)
    expect([best.next(), best.next(), best.next(), best.next()]).toEqual([second, third, fourth, undefined])
  })
})
