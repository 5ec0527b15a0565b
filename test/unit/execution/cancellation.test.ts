import { beforeAll, describe, expect, it } from 'vitest'
import type { Candidate } from '../../../src/execution/executor.ts'
import { devnetValidator } from '../../../src/node/devnet/keys.ts'
import { account, revealOf, TestChain } from '../../support/chain.ts'
import { codeOf } from '../../support/network/outcome.ts'

/** JUMPDEST PUSH1 0 JUMP: as init code it takes all gas of its transaction. */
const LOOP = '0x5b600056'
/** JUMPDEST, CALL to the zero address with everything 0, POP, PUSH1 0 JUMP */
const CALLS = `0x5b${'5f'.repeat(6)}5af150600056` as const

/** A signal that is aborted once it was asked so often; nobody asks so often between two transactions. */
class CountingSignal {
  readonly #most: number
  asked = 0

  constructor(most: number) {
    this.#most = most
  }

  get aborted(): boolean {
    return ++this.asked > this.#most
  }
}

describe.each([
  ['a loop', LOOP],
  ['a loop of calls', CALLS],
] as const)('a block with %s', (_name, data) => {
  let builder: TestChain
  let block: Candidate

  beforeAll(async () => {
    builder = await TestChain.open()
    block = await builder.build([builder.transaction(account(0), { data, gasLimit: 1_000_000n })])
  })

  it('is given up within its transaction, and judged anew when it is asked for again', async () => {
    const { chain } = await TestChain.open()
    const signal = new CountingSignal(100)
    expect(await codeOf(chain.validate(block.envelope, signal))).toBe('CANCELLED')
    expect(signal.asked).toBe(101)
    const judged = await chain.validate(block.envelope, new CountingSignal(Number.POSITIVE_INFINITY))
    expect(judged.state.stateRoot).toBe(block.state.stateRoot)
  })

  it('is not committed by a node that gives up its execution, and committed after', async () => {
    const test = await TestChain.open()
    const certificate = test.certificate(block)
    const giveUp = test.chain.commit(block.envelope, certificate, () => [], new CountingSignal(100))
    expect(await codeOf(giveUp)).toBe('CANCELLED')
    expect(test.chain.head.height).toBe(0)
    await test.chain.commit(block.envelope, certificate)
    expect(test.chain.head.blockHash).toBe(block.blockHash)
  })
})

describe('building', () => {
  it('is given up within a transaction, which is not taken for one that cannot be included', async () => {
    const test = await TestChain.open()
    const tx = test.transaction(account(0), { data: LOOP, gasLimit: 1_000_000n })
    const signal = new CountingSignal(100)
    const skipped: string[] = []
    const { feeRecipient, operator } = devnetValidator(0)
    const pending = [tx]
    const building = test.chain.build({
      ...{ feeRecipient: feeRecipient.address, isTimeUp: () => false, signal },
      reveal: revealOf(test, 0, operator.address),
      timestamp: test.chain.head.block.header.timestamp + 1n,
      transactions: { next: () => pending.shift(), skip: ({ code }) => skipped.push(code) },
    })
    expect(await codeOf(building)).toBe('CANCELLED')
    expect(skipped).toEqual([])
  })

  it('passes a transaction over that takes too long, and goes on with the others as if it had not been there', async () => {
    const test = await TestChain.open()
    const slow = test.transaction(account(0), { data: LOOP, gasLimit: 1_000_000n })
    const quick = test.transaction(account(1), { to: account(2).address, gasLimit: 21_000n })
    const { feeRecipient, operator } = devnetValidator(0)
    const build = (pending: (typeof slow)[], skipped: string[], hasTimer: boolean) => {
      // over at the tenth reading of its transaction's time
      let readings = 0
      const timer = {
        begin: () => {
          readings = 0
        },
        isOver: () => ++readings >= 10,
      }
      return test.chain.build({
        ...{ feeRecipient: feeRecipient.address, isTimeUp: () => false },
        reveal: revealOf(test, 0, operator.address),
        timestamp: test.chain.head.block.header.timestamp + 1n,
        transactions: { next: () => pending.shift(), skip: ({ code }) => skipped.push(code) },
        ...(hasTimer ? { timer } : {}),
      })
    }
    const skipped: string[] = []
    const block = await build([slow, quick], skipped, true)
    expect(skipped).toEqual(['TX_TOO_SLOW'])
    expect(block.blockHash).toBe((await build([quick], [], false)).blockHash)
    const patient = await build([slow, quick], [], false)
    expect(patient.block.transactions).toHaveLength(2)
  })
})
