import { encodeFunctionData } from 'viem'
import { beforeEach, describe, expect, it } from 'vitest'
import { iAdapterRegistryAbi } from '../../../../contracts/generated/IAdapterRegistry.ts'
import { ADAPTER_ADDRESS } from '../../../../precompiles/addresses.ts'
import { settlement } from '../../../../precompiles/proofOfAttribution/layout.ts'
import { settleCall } from '../../../../src/ai/receipts/calls.ts'
import { encodeReceipt } from '../../../../src/ai/receipts/codec.ts'
import { attributionEvents } from '../../../../src/ai/receipts/events.ts'
import { type PoolBounds, ReceiptPool } from '../../../../src/ai/receipts/pool.ts'
import { noReceiptMetrics } from '../../../../src/ai/receipts/ports.ts'
import { receiptHashes, receiptIdOf, type SignedReceipt } from '../../../../src/ai/receipts/typedData.ts'
import { OPEN, testHash } from '../../../support/precompileWorld.ts'
import {
  auditors,
  contributors,
  host,
  owner,
  ReceiptWorld,
  requester,
  worker,
} from '../../../support/receiptWorld.ts'

let world: ReceiptWorld
beforeEach(async () => {
  world = await ReceiptWorld.open()
})

function poolOf(bounds?: PoolBounds): ReceiptPool {
  const { domain, parameters: rules, views, head } = world
  return new ReceiptPool(
    { domain, rules, ...(bounds === undefined ? {} : { bounds }) },
    { views, head, metrics: noReceiptMetrics },
  )
}

const idOf = (receipt: SignedReceipt) => receiptIdOf(world.domain, receipt.request)
const none = () => false

/** Mines what is pending and lets the pool follow. */
async function mine(pool: ReceiptPool): Promise<void> {
  pool.follow(attributionEvents(await world.mine()))
  pool.act()
}

describe('a gossiped receipt', () => {
  it('is taken in when it would settle, and known from then on', () => {
    const pool = poolOf()
    const receipt = world.receipt()
    expect(pool.check(encodeReceipt(receipt))).toBe('accept')
    expect(pool.get(idOf(receipt))).toEqual(receipt)
    expect(pool.offer(encodeReceipt(receipt))).toEqual({ verdict: 'ignore', reason: 'known' })
    // the host may sign twice for one request; the first stands
    const second = { ...world.receipt({ request: receipt.request, inputTokens: 501 }) }
    expect(idOf(second)).toBe(idOf(receipt))
    expect(pool.check(encodeReceipt(second))).toBe('ignore')
    expect(pool.get(idOf(receipt))?.inputTokens).toBe(500)
  })

  it.each<[string, () => Uint8Array]>([
    ['is no receipt', () => testBytes('nonsense')],
    ['is not signed by its requester', () => encodeReceipt(world.receipt({}, { requester: host }))],
    [
      'is signed for another chain',
      () => {
        const receipt = world.receipt()
        const elsewhere = { ...world.domain, genesisHash: testHash('another') }
        expect(receiptIdOf(elsewhere, receipt.request)).not.toBe(idOf(receipt))
        return encodeReceipt({ ...receipt, request: { ...receipt.request, nonce: 77n } })
      },
    ],
    ['has a coordinate of −128', () => encodeReceipt(world.receipt({ queryRow: rowOf(0x80) }))],
    ['has a row that is too long for its size', () => encodeReceipt(world.receipt({ queryRow: rowOf(127) }))],
    ['has another method', () => encodeReceipt(world.receipt({ method: 1 }))],
    ['has an unknown audit class', () => encodeReceipt(world.receipt({ request: { auditClass: 3 } }))],
    [
      'has a host signature that recovers to nobody',
      () =>
        encodeReceipt({ ...world.receipt(), hostSignature: Uint8Array.from([...new Uint8Array(64), 27]) }),
    ],
  ])('is rejected when it %s, because no honest peer hands it on', (_name, bytes) => {
    expect(poolOf().check(bytes())).toBe('reject')
  })

  it.each<[string, () => SignedReceipt, string | number]>([
    [
      'is past its deadline',
      () => world.receipt({ request: { deadlineBlock: BigInt(world.height) } }),
      settlement.expired,
    ],
    [
      'has a deadline far ahead',
      () => world.receipt({ request: { deadlineBlock: 10_000n } }),
      'too far ahead',
    ],
    [
      'is of an unknown adapter',
      () => world.receipt({ request: { adapterId: 2n } }),
      settlement.adapterNotActive,
    ],
    ['is of another version', () => world.receipt({ request: { adapterVersion: 2 } }), settlement.malformed],
    [
      'has a row of another length',
      () => world.receipt({ queryRow: new Uint8Array(8) }),
      settlement.malformed,
    ],
    ['is for granted auditors', () => world.receipt({ request: { auditClass: 1 } }), settlement.malformed],
    ['is of another profile', () => world.receipt({ profileHash: testHash('x') }), settlement.wrongProfile],
    ['is of no host', () => world.receipt({ request: { host: owner.address } }), settlement.hostNotActive],
    ['is signed by another signer', () => world.receipt({}, { host: owner }), settlement.badReceiptSignature],
    ['pays less than settlement', () => world.receipt({ request: { maxFeeWei: 1n } }), settlement.feeTooLow],
    [
      'is of a requester without a deposit',
      () => world.receipt({ request: { requester: owner.address } }, { requester: owner }),
      settlement.underfunded,
    ],
  ])('is ignored when it %s', (_name, make, expected) => {
    const offer = poolOf().offer(encodeReceipt(make()))
    expect(offer).toMatchObject(
      typeof expected === 'number'
        ? { verdict: 'ignore', reason: 'not payable', settlement: expected }
        : { verdict: 'ignore', reason: expected },
    )
  })

  it('is judged as the chain judges it', async () => {
    const deadlineBlock = BigInt(world.height + 1)
    const made = [
      world.receipt(),
      world.receipt({ request: { adapterId: 2n } }),
      world.receipt({ request: { adapterVersion: 2 } }),
      world.receipt({ queryRow: new Uint8Array(8) }),
      world.receipt({ request: { auditClass: 1 } }),
      world.receipt({ request: { deadlineBlock: deadlineBlock - 1n } }),
      world.receipt({ request: { deadlineBlock } }),
      world.receipt({ profileHash: testHash('x') }),
      world.receipt({ request: { host: owner.address } }),
      world.receipt({}, { host: owner }),
      world.receipt({ request: { maxFeeWei: 1n } }),
      // the fee at which it just settles, and one wei less
      world.receipt({ request: { maxFeeWei: leastFee() } }),
      world.receipt({ request: { maxFeeWei: leastFee() - 1n } }),
      world.receipt({ request: { requester: owner.address } }, { requester: owner }),
      world.receipt({ inputTokens: 10_000_000, request: { maxFeeWei: 60n * OPEN } }),
    ]
    const own = made.map(ownCodeOf)
    expect(own).toEqual(await settledCodesOf(made))
    expect(new Set(own)).toEqual(new Set([1, 3, 4, 5, 6, 8, 9, 10, 11, 12]))
  })
})

/** What a pool thinks that settlement would say. */
function ownCodeOf(receipt: SignedReceipt): number | undefined {
  const offer = poolOf().offer(encodeReceipt(receipt))
  return offer.verdict === 'accept' ? settlement.settled : offer.settlement
}

/** What settlement says in the next block. */
async function settledCodesOf(receipts: readonly SignedReceipt[]): Promise<(number | undefined)[]> {
  world.send(worker, settleCall(receipts, world.height + 8))
  const codes = new Map<string, number>()
  for (const { event } of attributionEvents(await world.mine())) {
    if (event.type === 'settled') codes.set(event.facts.receiptId, settlement.settled)
    if (event.type === 'notSettled') codes.set(event.receiptId, event.settlement)
  }
  return receipts.map((receipt) => codes.get(idOf(receipt)))
}

describe('a receipt of a version', () => {
  it('is judged as the chain judges it, in the block before a version changes and in that block', async () => {
    const activeFromBlock = await world.publishVersion()
    const retiredBlock = activeFromBlock + world.parameters.priceRiseDelayBlocks
    for (const [block, expected] of [
      [activeFromBlock - 1, [1, 5, 3]],
      [activeFromBlock, [1, 1, 3]],
      [retiredBlock - 1, [1, 1, 3]],
      [retiredBlock, [5, 1, 3]],
    ] as const) {
      await world.mineEmpty(block - 1 - world.height)
      const made = [1, 2, 3].map((adapterVersion) => world.receipt({ request: { adapterVersion } }))
      expect(made.map(ownCodeOf)).toEqual(expected)
      expect(await settledCodesOf(made)).toEqual(expected)
    }
  })
})

describe('a receipt on a restricted adapter', () => {
  it('is judged as the chain judges it, to and with the last block of its requester', async () => {
    await world.configure('setAccessPolicy', [1])
    const made = () => [
      world.receipt(),
      world.receipt({ request: { requester: owner.address } }, { requester: owner }),
    ]
    const judge = async (expected: readonly number[]) => {
      const receipts = made()
      expect(receipts.map(ownCodeOf)).toEqual(expected)
      expect(await settledCodesOf(receipts)).toEqual(expected)
    }
    // the owner may, and has no deposit
    await judge([settlement.noAccess, settlement.underfunded])
    await world.configure('setAccess', [requester.address, world.height + 3])
    await judge([settlement.settled, settlement.underfunded])
    await judge([settlement.settled, settlement.underfunded])
    await judge([settlement.noAccess, settlement.underfunded])
  })
})

describe('money behind the pool', () => {
  const feeWei = (OPEN * 2n) / 100n

  it('is a deposit, once for all of a requester’s receipts', async () => {
    const [payer] = contributors
    await world.deposit(payer, 2n * feeWei)
    const pool = poolOf()
    const receipt = () => world.receipt({ request: { requester: payer.address } }, { requester: payer })
    expect(pool.check(encodeReceipt(receipt()))).toBe('accept')
    expect(pool.check(encodeReceipt(receipt()))).toBe('accept')
    expect(pool.offer(encodeReceipt(receipt()))).toMatchObject({ settlement: settlement.underfunded })
  })

  it('that is reserved for a host pays that host, and leaves the free deposit to others', async () => {
    const [payer] = contributors
    const [otherHost] = auditors
    await world.deposit(payer, feeWei)
    await world.deposit(payer, feeWei, host.address)
    world.send(
      otherHost,
      world.attributionCall('registerHost', [otherHost.address, 'http://x.example'], 100n * OPEN),
    )
    await world.mine()
    const pool = poolOf()
    const of = (who: typeof host) =>
      encodeReceipt(
        world.receipt(
          { request: { requester: payer.address, host: who.address } },
          { requester: payer, host: who },
        ),
      )
    expect(pool.check(of(host))).toBe('accept')
    expect(pool.check(of(otherHost))).toBe('accept')
    expect(pool.offer(of(otherHost))).toMatchObject({ settlement: settlement.underfunded })
    expect(pool.offer(of(host))).toMatchObject({ settlement: settlement.underfunded })
  })

  it('is a host’s bond, once for all of its receipts', async () => {
    // one OPEN stands for fees of a twentieth: twice a fortieth, which 750 tokens cost
    world = await ReceiptWorld.open({ hostBondWei: OPEN })
    const pool = poolOf()
    const bytes = () => encodeReceipt(world.receipt({ inputTokens: 750 }))
    expect(pool.check(bytes())).toBe('accept')
    expect(pool.check(bytes())).toBe('accept')
    expect(pool.offer(bytes())).toMatchObject({ settlement: settlement.hostBondTooLow })
  })
})

describe('the bounds of the pool', () => {
  it('hold for each host and each requester', async () => {
    const perHost = poolOf({ receipts: 10, perHost: 2, perRequester: 10 })
    const perRequester = poolOf({ receipts: 10, perHost: 10, perRequester: 2 })
    for (let n = 0; n < 2; n++) {
      const bytes = encodeReceipt(world.receipt())
      expect([perHost.check(bytes), perRequester.check(bytes)]).toEqual(['accept', 'accept'])
    }
    const third = encodeReceipt(world.receipt())
    expect(perHost.offer(third)).toMatchObject({ reason: 'too many of its host' })
    expect(perRequester.offer(third)).toMatchObject({ reason: 'too many of its requester' })
  })

  it('give up the cheapest receipt for one that pays more, and only for that', () => {
    const pool = poolOf({ receipts: 2, perHost: 10, perRequester: 10 })
    const of = (tokens: number) => world.receipt({ inputTokens: tokens })
    const [cheap, dear, dearer] = [of(100), of(300), of(500)]
    for (const receipt of [dear, cheap]) expect(pool.check(encodeReceipt(receipt))).toBe('accept')
    expect(pool.offer(encodeReceipt(of(100)))).toMatchObject({ verdict: 'ignore', reason: 'pool full' })
    expect(pool.check(encodeReceipt(dearer))).toBe('accept')
    expect(pool.size).toBe(2)
    expect(pool.get(idOf(cheap))).toBeUndefined()
    expect(pool.get(idOf(dear))).toEqual(dear)
  })
})

describe('a pooled receipt', () => {
  it('leaves when it is settled, whoever settled it', async () => {
    const pool = poolOf()
    const receipts = [world.receipt(), world.receipt()]
    for (const receipt of receipts) pool.check(encodeReceipt(receipt))
    world.send(owner, settleCall([receipts[0]!], world.height + 8))
    await mine(pool)
    expect(pool.size).toBe(1)
    expect(pool.offer(encodeReceipt(receipts[0]!))).toMatchObject({ settlement: settlement.alreadySettled })
  })

  it('leaves after its deadline', async () => {
    const pool = poolOf()
    pool.check(encodeReceipt(world.receipt({ request: { deadlineBlock: BigInt(world.height + 2) } })))
    await mine(pool)
    expect(pool.size).toBe(1)
    await mine(pool)
    expect(pool.size).toBe(0)
  })

  it('leaves when it would no longer settle, and may come back when it would', async () => {
    const pool = poolOf()
    const bytes = encodeReceipt(world.receipt())
    pool.check(bytes)
    const toggle = (functionName: 'pause' | 'unpause') =>
      world.send(owner, {
        to: ADAPTER_ADDRESS,
        data: encodeFunctionData({ abi: iAdapterRegistryAbi, functionName, args: [1n] }),
      })
    toggle('pause')
    await mine(pool)
    expect(pool.size).toBe(0)
    toggle('unpause')
    await mine(pool)
    expect(pool.check(bytes)).toBe('accept')
  })

  it('is offered for settlement by the nearest deadline, without those under way', () => {
    const pool = poolOf()
    const until = (blocks: number) =>
      world.receipt({ request: { deadlineBlock: BigInt(world.height + blocks) } })
    const [late, soon, middle] = [until(9), until(2), until(5)]
    for (const receipt of [late, soon, middle]) pool.check(encodeReceipt(receipt))
    const hashesOf = (receipts: readonly SignedReceipt[]) =>
      receipts.map((receipt) => receiptHashes(world.domain, receipt).receiptId)
    expect(hashesOf(pool.next(2, none))).toEqual(hashesOf([soon, middle]))
    expect(hashesOf(pool.next(9, (id) => id === idOf(soon)))).toEqual(hashesOf([middle, late]))
    // asking changes nothing
    expect(hashesOf(pool.next(9, none))).toEqual(hashesOf([soon, middle, late]))
    expect(pool.size).toBe(3)
  })

  it('gives way when the deposit is gone: as many stay as it pays', async () => {
    const pool = poolOf()
    for (let n = 0; n < 3; n++) pool.check(encodeReceipt(world.receipt()))
    const zero = `0x${'00'.repeat(20)}` as const
    const { balanceWei } = world.views.deposit(requester.address, zero)
    const leavingWei = balanceWei - (OPEN * 5n) / 100n
    world.send(requester, world.attributionCall('requestWithdraw', [zero, leavingWei]))
    await world.mine()
    await world.mineEmpty(world.parameters.withdrawDelayBlocks - 1)
    const fresh = poolOf()
    for (let n = 0; n < 3; n++) fresh.check(encodeReceipt(world.receipt()))
    expect(fresh.size).toBe(3)
    world.send(requester, world.attributionCall('withdraw', [zero]))
    await mine(fresh)
    // a twentieth is left for fees of a fiftieth
    expect(fresh.size).toBe(2)
  })
})

const testBytes = (text: string) => new TextEncoder().encode(text)
const rowOf = (value: number) => new Uint8Array(world.k).fill(value)
const leastFee = () => world.head.nextBaseFeeWei * world.parameters.settlementGas
