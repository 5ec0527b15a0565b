import { hashTypedData, keccak256, recoverTypedDataAddress, toHex } from 'viem'
import { afterEach, describe, expect, it } from 'vitest'
import { receiptStatus } from '../../../../precompiles/proofOfAttribution/layout.ts'
import { decodeReceipt } from '../../../../src/ai/receipts/codec.ts'
import { limits } from '../../../../src/config/limits.ts'
import { NodeError } from '../../../../src/errors/errors.ts'
import { TestGateway, type TestGatewayOptions } from '../../../support/gateway.ts'
import { buy, call, type Json, paymentOf, post, predict, termsOf } from '../../../support/gatewayClient.ts'
import { OPEN, testHash } from '../../../support/precompileWorld.ts'
import { MemoryMap, modelOf, TestHost, TestServices } from '../../../support/receiptServices.ts'
import {
  auditors,
  contributors,
  host,
  ReceiptWorld,
  type ReceiptWorldOptions,
  requester,
  worker,
} from '../../../support/receiptWorld.ts'

interface Setup {
  readonly world: ReceiptWorld
  readonly services: TestServices
  readonly gateway: TestGateway
}

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** A host that has registered itself, and a chain whose other work is done by services. */
async function setUp(
  options: Omit<TestGatewayOptions, 'pool'> & { world?: ReceiptWorldOptions; register?: boolean } = {},
): Promise<Setup> {
  const world = await ReceiptWorld.open({ withoutHost: true, ...options.world })
  let gateway: TestGateway | undefined
  const services = await TestServices.start(world, {
    worker,
    auditors: [],
    evidence: new TestHost(),
    more: async (pool) => {
      gateway = await TestGateway.start(world, { ...options, pool })
      return gateway.followers
    },
  })
  stops.push(
    () => services.stop(),
    () => gateway!.stop(),
  )
  if (options.register !== false) await services.mine()
  return { world, services, gateway: gateway! }
}

const codeOf = ({ status, json }: { status: number; json: Json }) => `${status} ${json.error?.code}`

describe('the price of an answer', () => {
  it('is told by 402 with typed data that any wallet signs as the chain reads it', async () => {
    const { world, gateway } = await setUp()
    const { status, json } = await post(`${gateway.url}/predict`, { inputs: 'free memory twice', model: '1' })
    expect(status).toBe(402)
    expect(json.error.code).toBe('PAYMENT_REQUIRED')
    const { typedData, inputSalt, readers } = json.payment
    // 17 tokens: a hundredth OPEN, and 17 thousandths of a fiftieth
    expect(typedData.message).toMatchObject({
      requester: null,
      host: host.address,
      adapterId: '1',
      adapterVersion: 1,
      maxFeeWei: String(OPEN / 100n + (17n * (OPEN / 50n)) / 1000n),
      deadlineBlock: String(world.height + 8),
      auditClass: 0,
      genesisHash: world.domain.genesisHash,
    })
    const commitment = keccak256(
      `${inputSalt}${keccak256(toHex('free memory twice')).slice(2)}` as `0x${string}`,
    )
    expect(typedData.message.inputCommitment).toBe(commitment)
    expect(readers.who).toHaveLength(3)
    // nothing was computed
    expect(gateway.inferred).toEqual([])
  })

  it('is another one, with another salt and nonce, each time', async () => {
    const { gateway } = await setUp()
    const [a, b] = [await termsOf(gateway.url, { inputs: 'x' }), await termsOf(gateway.url, { inputs: 'x' })]
    expect(a.inputSalt).not.toBe(b.inputSalt)
    expect(a.typedData.message.nonce).not.toBe(b.typedData.message.nonce)
  })

  it('tells who reads the input, by the audit class', async () => {
    const { gateway } = await setUp()
    const terms = await termsOf(gateway.url, { inputs: 'x', auditClass: 2 })
    expect(terms.readers.who).toEqual(['the host'])
    expect(terms.typedData.message.auditClass).toBe(2)
  })

  it.each<[string, unknown, string]>([
    ['an unknown model', { inputs: 'x', model: '2' }, '404 NOT_FOUND'],
    ['no model', { inputs: 'x' }, '400 BAD_REQUEST'],
    ['a model that is no id', { inputs: 'x', model: '01' }, '400 BAD_REQUEST'],
    ['no input', { inputs: '', model: '1' }, '400 BAD_REQUEST'],
    ['several inputs', { inputs: ['a', 'b'], model: '1' }, '400 BAD_REQUEST'],
    ['a lone surrogate', '{"inputs":"\\ud800","model":"1"}', '400 BAD_REQUEST'],
    ['no JSON', '{', '400 BAD_REQUEST'],
    [
      'an input that is too long',
      { inputs: 'x'.repeat(limits.inferenceInputBytes + 1), model: '1' },
      '400 BAD_REQUEST',
    ],
    [
      'a body that is too large',
      { inputs: 'x'.repeat(limits.gatewayBodyBytes), model: '1' },
      '413 LIMIT_EXCEEDED',
    ],
    ['an unknown audit class', { inputs: 'x', model: '1', auditClass: 3 }, '400 BAD_REQUEST'],
  ])('is not told for %s', async (_name, body, expected) => {
    const { gateway } = await setUp({ register: false })
    expect(codeOf(await post(`${gateway.url}/predict`, body))).toBe(expected)
  })

  it('is not told when it would not cover settlement', async () => {
    const { gateway } = await setUp({ world: { parameters: { settlementGas: 10n ** 8n } }, register: false })
    expect(codeOf(await post(`${gateway.url}/predict`, { inputs: 'x', model: '1' }))).toBe('402 FEE_TOO_LOW')
  })
})

describe('a paid answer', () => {
  it('comes with a receipt that both signed, that commits to it, and that settles', async () => {
    const { world, services, gateway } = await setUp()
    const { status, json } = await buy(gateway.url, { inputs: 'free memory twice' })
    expect(status).toBe(200)
    expect(json.predictions).toEqual([{ label: 'weakness', score: 0.75 }])
    const { receipt, receiptId, output, outputSalt } = json
    expect(output).toBe(toHex(modelOf(new TextEncoder().encode('free memory twice'), world.k).output))
    expect(receipt.outputCommitment).toBe(
      keccak256(`${outputSalt}${keccak256(output).slice(2)}` as `0x${string}`),
    )
    const domain = {
      name: 'OpenLedger',
      version: '1',
      chainId: Number(world.domain.chainId),
      verifyingContract: world.domain.verifyingContract,
    } as const
    const terms = await termsOf(gateway.url, { inputs: 'x' })
    const request = { ...receipt.request, genesisHash: world.domain.genesisHash }
    const requestType = {
      domain,
      types: terms.typedData.types,
      primaryType: 'InferenceRequest',
      message: request,
    }
    expect(receiptId).toBe(hashTypedData(requestType))
    const answerType = {
      domain,
      primaryType: 'InferenceReceipt',
      types: {
        InferenceReceipt: [
          { name: 'requestHash', type: 'bytes32' },
          { name: 'outputCommitment', type: 'bytes32' },
          { name: 'inputTokens', type: 'uint32' },
          { name: 'outputTokens', type: 'uint32' },
          { name: 'queryRowHash', type: 'bytes32' },
          { name: 'method', type: 'uint8' },
          { name: 'profileHash', type: 'bytes32' },
        ],
      },
      message: { ...receipt, requestHash: receiptId, queryRowHash: keccak256(receipt.queryRow) },
    } as const
    const signer = await recoverTypedDataAddress({ ...answerType, signature: receipt.hostSignature })
    expect(signer.toLowerCase()).toBe(host.address)

    expect((await call(`${gateway.url}/receipts/${receiptId}`)).json).toMatchObject({ status: 'unsettled' })
    await services.mine()
    await services.mine()
    expect((await call(`${gateway.url}/receipts/${receiptId}`)).json).toMatchObject({
      status: 'settled',
      host: host.address,
      adapterId: '1',
      feeWei: json.feeWei,
    })
    expect(gateway.inference.owedWei).toBe(0n)
    // gossiped as others read it
    expect(gateway.published).toHaveLength(1)
    expect(decodeReceipt(gateway.published[0]!).request.nonce).toBe(BigInt(receipt.request.nonce))
  })

  it('is the same for the same request, at once, later, and after a restart, and runs once', async () => {
    const disk = new MemoryMap()
    const { world, services, gateway } = await setUp({ disk })
    const asked = { inputs: 'the same' }
    const header = await paymentOf(await termsOf(gateway.url, asked))
    const atOnce = await Promise.all([1, 2, 3].map(() => predict(gateway.url, asked, header)))
    for (const { status, json } of atOnce) {
      expect(status).toBe(200)
      expect(json).toEqual(atOnce[0]!.json)
    }
    expect((await predict(gateway.url, asked, header)).json).toEqual(atOnce[0]!.json)
    expect(gateway.inferred).toEqual(['the same'])
    expect(gateway.inference.owedWei).toBe(BigInt(atOnce[0]!.json.feeWei))

    const again = await TestGateway.start(world, { pool: services.pool, disk })
    stops.push(() => again.stop())
    expect((await predict(again.url, asked, header)).json).toEqual(atOnce[0]!.json)
    expect(again.inferred).toEqual([])
    expect(again.inference.owedWei).toBe(BigInt(atOnce[0]!.json.feeWei))
  })

  it('is on disk before it leaves', async () => {
    const disk = new MemoryMap()
    const { gateway } = await setUp({ disk })
    disk.write = async () => {
      throw new NodeError('STORAGE_FAILED', 'the disk is full')
    }
    const answer = await buy(gateway.url, { inputs: 'x' })
    expect(codeOf(answer)).toBe('500 INTERNAL')
    expect(answer.json.predictions).toBeUndefined()
    expect(gateway.published).toEqual([])
    expect(gateway.inference.owedWei).toBe(0n)
  })

  it('is not given again for a request that was settled and forgotten', async () => {
    const { services, gateway, world } = await setUp({ world: { parameters: { windowReceipts: 1 } } })
    const asked = { inputs: 'once' }
    const header = await paymentOf(await termsOf(gateway.url, asked))
    const { receiptId } = (await predict(gateway.url, asked, header)).json
    await services.mineUntil(() => (world.views.receipt(receiptId)?.status ?? 0) >= receiptStatus.final)
    expect(gateway.records.size).toBe(0)
    expect(codeOf(await predict(gateway.url, asked, header))).toBe('409 ALREADY_SETTLED')
    expect(gateway.inferred).toEqual(['once'])
  })

  it('leaves nothing behind when the engine fails, and can be asked for again', async () => {
    let fails = true
    const { gateway } = await setUp({
      infer: (inference) => {
        if (fails) throw new Error('out of memory at 0x7f')
        return inference
      },
    })
    const asked = { inputs: 'x' }
    const header = await paymentOf(await termsOf(gateway.url, asked))
    const failed = await predict(gateway.url, asked, header)
    expect(codeOf(failed)).toBe('500 INTERNAL')
    expect(JSON.stringify(failed.json)).not.toContain('0x7f')
    expect(gateway.inference.owedWei).toBe(0n)
    fails = false
    expect((await predict(gateway.url, asked, header)).status).toBe(200)
  })

  it('is never signed when the chain would refuse the engine’s row or profile', async () => {
    const bad = [
      (k: number) => ({ queryRow: new Uint8Array(k + 1) }),
      (k: number) => ({ queryRow: new Uint8Array(k).fill(0x80) }),
      () => ({ profileHash: testHash('another profile') }),
    ]
    for (const change of bad) {
      const { world, gateway } = await setUp({ infer: (inference) => ({ ...inference, ...change(16) }) })
      expect(world.k).toBe(16)
      expect(codeOf(await buy(gateway.url, { inputs: 'x' }))).toBe('500 INTERNAL')
      expect(gateway.records.size).toBe(0)
    }
  })
})

describe('a version of an adapter', () => {
  it('is offered from the block in which it is current; the one before is served until it retires', async () => {
    const { world, gateway } = await setUp({ versions: [1, 2] })
    const activeFromBlock = await world.publishVersion()
    const retiredBlock = activeFromBlock + world.parameters.priceRiseDelayBlocks
    const offered = async () => {
      const { typedData } = await termsOf(gateway.url, { inputs: 'x' })
      return typedData.message.adapterVersion
    }
    const isNext = (block: number) => world.mineEmpty(block - world.height - 1)
    const old = () => buy(gateway.url, { inputs: 'old' }, requester, { adapterVersion: 1 })
    const young = () => buy(gateway.url, { inputs: 'new' }, requester, { adapterVersion: 2 })

    await isNext(activeFromBlock - 1)
    expect(await offered()).toBe(1)
    expect(codeOf(await young())).toBe('409 ADAPTER_NOT_ACTIVE')
    await isNext(activeFromBlock)
    expect(await offered()).toBe(2)
    expect([(await old()).status, (await young()).status]).toEqual([200, 200])
    expect(gateway.inferredBy).toEqual([1, 2])
    // the host wants three blocks for settlement
    await isNext(retiredBlock - 3)
    expect((await old()).status).toBe(200)
    await isNext(retiredBlock - 2)
    expect(codeOf(await old())).toBe('409 ADAPTER_NOT_ACTIVE')
    expect((await young()).status).toBe(200)

    const { json } = await call(`${gateway.url}/v1/models`)
    expect(json.data).toMatchObject([
      { id: '1', version: 1, isCurrent: false, isActive: true },
      { id: '1', version: 2, isCurrent: true, isActive: true, datanets: [{ id: '1', version: 1 }] },
    ])
  })

  it('that this host has not is not served, and the one that it has is offered while it may be', async () => {
    const { world, gateway } = await setUp({ versions: [1] })
    await world.mineEmpty((await world.publishVersion()) - world.height)
    const { typedData } = await termsOf(gateway.url, { inputs: 'x' })
    expect(typedData.message.adapterVersion).toBe(1)
    const other = await buy(gateway.url, { inputs: 'x' }, requester, { adapterVersion: 2 })
    expect(codeOf(other)).toBe('409 ADAPTER_NOT_ACTIVE')
    await world.mineEmpty(world.parameters.priceRiseDelayBlocks)
    const late = await post(`${gateway.url}/predict`, { inputs: 'x', model: '1' })
    expect(codeOf(late)).toBe('409 ADAPTER_NOT_ACTIVE')
  })
})

describe('a request for granted auditors', () => {
  it('is served once its requester names as many active ones as a committee has seats', async () => {
    const { world, services, gateway } = await setUp()
    const name = async (list: readonly { address: `0x${string}` }[]) => {
      const ascending = list.map(({ address }) => address).sort()
      world.send(requester, world.attributionCall('setGrantedAuditors', [ascending]))
      await services.mine()
    }
    const bondWei = world.parameters.auditorBondMinWei
    for (const auditor of auditors) {
      world.send(auditor, world.attributionCall('registerAuditor', [world.baseModelId], bondWei))
    }
    // one of three does not audit
    await name([auditors[0], auditors[1], worker])
    const asked = () => buy(gateway.url, { inputs: 'x' }, requester, { auditClass: 1 })
    expect(codeOf(await asked())).toBe('400 BAD_REQUEST')
    await name(auditors)
    const { status, json } = await asked()
    expect(status).toBe(200)
    await services.mineUntil(() => world.views.receipt(json.receiptId) !== undefined)
    expect(world.views.receipt(json.receiptId)?.grantId).toBe(2)
  })

  it('is told who may read the input', async () => {
    const { gateway } = await setUp()
    const terms = await termsOf(gateway.url, { inputs: 'x', auditClass: 1 })
    expect(terms.readers.who[1]).toContain('your list')
  })
})

describe('a request that is not served', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['too low a maximum fee', { maxFeeWei: '1' }, '402 FEE_TOO_LOW'],
    ['another host', { host: worker.address }, '400 BAD_REQUEST'],
    ['another chain', { genesisHash: testHash('another') }, '400 BAD_REQUEST'],
    ['another adapter than the body’s', { adapterId: '2' }, '400 BAD_REQUEST'],
    ['another version', { adapterVersion: 2 }, '409 ADAPTER_NOT_ACTIVE'],
    ['another input', { inputCommitment: testHash('another input') }, '400 BAD_REQUEST'],
    ['a deadline that is over', { deadlineBlock: '1' }, '400 BAD_REQUEST'],
    ['a deadline far ahead', { deadlineBlock: '1000000' }, '400 BAD_REQUEST'],
    ['an unknown audit class', { auditClass: 3 }, '400 BAD_REQUEST'],
    ['granted auditors without a list of them', { auditClass: 1 }, '400 BAD_REQUEST'],
  ])('is one for %s', async (_name, change, expected) => {
    const { gateway } = await setUp()
    expect(codeOf(await buy(gateway.url, { inputs: 'x' }, requester, change))).toBe(expected)
    expect(gateway.inferred).toEqual([])
    expect(gateway.inference.owedWei).toBe(0n)
  })

  it('is one of a requester whose access ends before settlement is sure', async () => {
    const { world, gateway } = await setUp()
    await world.configure('setAccessPolicy', [1])
    expect(codeOf(await buy(gateway.url, { inputs: 'x' }))).toBe('403 FORBIDDEN')
    // the host wants three blocks for settlement
    await world.configure('setAccess', [requester.address, world.height + 4])
    expect((await buy(gateway.url, { inputs: 'x' })).status).toBe(200)
    await world.mine()
    expect(codeOf(await buy(gateway.url, { inputs: 'y' }))).toBe('403 FORBIDDEN')
    const { json } = await call(`${gateway.url}/v1/models`)
    expect(json.data[0].isOpen).toBe(false)
  })

  it('is one that its requester did not sign', async () => {
    const { gateway } = await setUp()
    const terms = await termsOf(gateway.url, { inputs: 'x' })
    const header = await paymentOf(terms, contributors[0], { requester: requester.address })
    expect(codeOf(await predict(gateway.url, { inputs: 'x' }, header))).toBe('400 BAD_SIGNATURE')
  })

  it('is one that was changed after it was signed', async () => {
    const { gateway } = await setUp()
    const terms = await termsOf(gateway.url, { inputs: 'x' })
    const payment = JSON.parse(Buffer.from(await paymentOf(terms), 'base64').toString())
    payment.request.maxFeeWei = String(OPEN)
    const header = Buffer.from(JSON.stringify(payment)).toString('base64')
    expect(codeOf(await predict(gateway.url, { inputs: 'x' }, header))).toBe('400 BAD_SIGNATURE')
  })

  it.each<[string, string, string]>([
    ['no base64', '{}', '400 BAD_REQUEST'],
    ['no JSON', Buffer.from('nonsense').toString('base64'), '400 BAD_REQUEST'],
    ['no payment', Buffer.from('{"request":1}').toString('base64'), '400 BAD_REQUEST'],
    ['too long', 'A'.repeat(limits.paymentHeaderBytes + 4), '413 LIMIT_EXCEEDED'],
  ])('is one whose header is %s', async (_name, header, expected) => {
    const { gateway } = await setUp({ register: false })
    expect(codeOf(await predict(gateway.url, { inputs: 'x' }, header))).toBe(expected)
  })

  it('is one without a deposit, and one beyond the deposit', async () => {
    const { world, gateway } = await setUp({ world: { depositWei: OPEN / 50n } })
    expect(codeOf(await buy(gateway.url, { inputs: 'x' }, contributors[0]))).toBe('402 DEPOSIT_TOO_LOW')
    // a fiftieth of an OPEN pays for one answer and not for two
    expect((await buy(gateway.url, { inputs: 'first' })).status).toBe(200)
    expect(codeOf(await buy(gateway.url, { inputs: 'second' }))).toBe('402 DEPOSIT_TOO_LOW')
    await world.deposit(requester, OPEN)
    expect((await buy(gateway.url, { inputs: 'second' })).status).toBe(200)
  })

  it('is one beyond the risk of free deposits, which a reserved one does not have', async () => {
    const { world, gateway } = await setUp({ riskLimitWei: OPEN / 50n })
    expect((await buy(gateway.url, { inputs: 'first' })).status).toBe(200)
    expect(codeOf(await buy(gateway.url, { inputs: 'second' }))).toBe('402 DEPOSIT_TOO_LOW')
    await world.deposit(requester, OPEN, host.address)
    expect((await buy(gateway.url, { inputs: 'second' })).status).toBe(200)
  })

  it('is one whose deposit may leave before the deadline', async () => {
    const { world, gateway } = await setUp()
    const wei = world.views.deposit(requester.address, `0x${'00'.repeat(20)}`).balanceWei
    world.send(requester, world.attributionCall('requestWithdraw', [`0x${'00'.repeat(20)}`, wei]))
    await world.mine()
    expect((await buy(gateway.url, { inputs: 'first' })).status).toBe(200)
    await world.mineEmpty(world.parameters.withdrawDelayBlocks - 5)
    expect(codeOf(await buy(gateway.url, { inputs: 'second' }))).toBe('402 DEPOSIT_TOO_LOW')
  })

  it('is one to a host that is not registered, or whose bond is too low', async () => {
    const fresh = await setUp({ register: false })
    expect(codeOf(await buy(fresh.gateway.url, { inputs: 'x' }))).toBe('503 HOST_NOT_READY')
    // the least bond of one OPEN stands for fees of a twentieth, which four answers reach
    const poor = await setUp({ bondWei: OPEN, mostBondWei: OPEN })
    for (const inputs of ['1', '2', '3', '4'])
      expect((await buy(poor.gateway.url, { inputs })).status).toBe(200)
    expect(codeOf(await buy(poor.gateway.url, { inputs: '5' }))).toBe('503 HOST_NOT_READY')
  })

  it('is one too many of a requester, while others are still served', async () => {
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const { world, gateway } = await setUp({
      bondWei: 900n * OPEN,
      infer: async (inference) => {
        await held
        return inference
      },
    })
    await world.deposit(contributors[0], OPEN)
    const headers: [string, string][] = []
    for (let n = 0; n <= limits.gatewayPerRequester; n++) {
      headers.push([`${n}`, await paymentOf(await termsOf(gateway.url, { inputs: `${n}` }))])
    }
    const answers = headers.map(([inputs, header]) => predict(gateway.url, { inputs }, header))
    const first = await Promise.race(answers)
    expect(codeOf(first)).toBe('429 BUSY')
    const other = buy(gateway.url, { inputs: 'other' }, contributors[0])
    release()
    expect((await other).status).toBe(200)
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(limits.gatewayPerRequester)
  })
})

describe('receipts that wait', () => {
  it('are handed on again after a pause, and forgotten after their deadline', async () => {
    let nowMs = 1_000_000
    const clock = { nowMs: () => nowMs, after: () => () => undefined }
    // nobody settles: the fee is below what settlement costs the chain by now
    const { world, services, gateway } = await setUp({ clock })
    const { json } = await buy(gateway.url, { inputs: 'x' })
    services.pool.follow([])
    const act = async () => {
      for (const follower of gateway.followers) await follower.act()
    }
    await act()
    expect(gateway.published).toHaveLength(1)
    nowMs += limits.receiptRepublishMs
    await act()
    await act()
    expect(gateway.published).toHaveLength(2)
    expect(gateway.inference.owedWei).toBe(BigInt(json.feeWei))
    await world.mineEmpty(8)
    await act()
    expect(gateway.inference.owedWei).toBe(0n)
    expect(gateway.records.size).toBe(0)
    expect((await call(`${gateway.url}/receipts/${json.receiptId}`)).status).toBe(404)
  })
})

describe('the registration of the host', () => {
  it('is made at start, follows a new endpoint, and raises the bond with open fees up to its limit', async () => {
    const disk = new MemoryMap()
    const { world, services, gateway } = await setUp({ disk, bondWei: OPEN, mostBondWei: 2n * OPEN })
    expect(world.views.host(host.address)).toMatchObject({ endpoint: gateway.url, bondWei: OPEN })
    for (const inputs of ['1', '2', '3']) await buy(gateway.url, { inputs })
    await services.mine()
    await services.mine()
    // three fees of a hundredth, twenty times each, twice over
    const openWei = world.views.host(host.address)!.openFeesWei
    expect(openWei).toBeGreaterThan((3n * OPEN) / 100n)
    expect(world.views.host(host.address)!.bondWei).toBe(2n * 20n * openWei)
    for (const inputs of ['4', '5', '6']) await buy(gateway.url, { inputs })
    await services.mine()
    await services.mine()
    expect(world.views.host(host.address)!.bondWei).toBe(2n * OPEN)

    const moved = await TestGateway.start(world, {
      pool: services.pool,
      disk,
      bondWei: OPEN,
      mostBondWei: OPEN,
    })
    stops.push(() => moved.stop())
    for (const follower of moved.followers) await follower.act()
    await world.mine()
    expect(world.views.host(host.address)!.endpoint).toBe(moved.url)
  })
})

describe('the other paths', () => {
  it('list the models with what the chain says of them', async () => {
    const { gateway } = await setUp({ register: false })
    const { status, json } = await call(`${gateway.url}/v1/models`)
    expect(status).toBe(200)
    expect(json).toMatchObject({
      object: 'list',
      data: [
        {
          id: '1',
          object: 'model',
          version: 1,
          isCurrent: true,
          isActive: true,
          licence: 'Apache-2.0',
          baseModel: { id: '1', name: 'encoder' },
          datanets: [{ id: '1', version: 1 }],
          price: { baseWei: String(OPEN / 100n) },
          audit: { rateBps: 10_000, committee: 3, auditors: 0, isAuditable: false },
        },
      ],
    })
  })

  it('take content and give it back, whole and by its name only', async () => {
    const { gateway } = await setUp({ register: false, quotaBytes: 3_000_000 })
    const bytes = new Uint8Array(2_500_000).map((_, index) => index % 251)
    const upload = (body: Uint8Array, type = 'application/octet-stream') =>
      call(`${gateway.url}/content`, {
        method: 'POST',
        body: Buffer.from(body),
        headers: { 'content-type': type },
      })
    const { status, json } = await upload(bytes)
    expect(status).toBe(201)
    const response = await fetch(`${gateway.url}/content/${json.cid}`)
    expect(response.headers.get('content-length')).toBe('2500000')
    expect(Buffer.compare(Buffer.from(await response.arrayBuffer()), Buffer.from(bytes))).toBe(0)

    expect(codeOf(await upload(new Uint8Array(600_000)))).toBe('507 QUOTA_EXCEEDED')
    expect(codeOf(await upload(new Uint8Array(limits.contentUploadBytes + 1)))).toBe('413 LIMIT_EXCEEDED')
    expect(codeOf(await upload(bytes, 'text/plain'))).toBe('415 BAD_REQUEST')
    const missing = 'bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4'
    expect(codeOf(await call(`${gateway.url}/content/${missing}`))).toBe('404 NOT_FOUND')
    expect(codeOf(await call(`${gateway.url}/content/..%2f..%2fetc%2fpasswd`))).toBe('400 BAD_CID')
  })

  it('take no content where that is not allowed', async () => {
    const { gateway } = await setUp({ register: false, acceptsUploads: false })
    const body = Buffer.from('x')
    const headers = { 'content-type': 'application/octet-stream' }
    expect(codeOf(await call(`${gateway.url}/content`, { method: 'POST', body, headers }))).toBe(
      '404 NOT_FOUND',
    )
    expect(gateway.content.usage.objects).toBe(0)
  })

  it('answer in one shape where there is nothing', async () => {
    const { gateway } = await setUp({ register: false })
    expect(codeOf(await call(`${gateway.url}/nothing`))).toBe('404 NOT_FOUND')
    expect(codeOf(await call(`${gateway.url}/receipts/${testHash('none')}`))).toBe('404 NOT_FOUND')
    expect(codeOf(await call(`${gateway.url}/receipts/12`))).toBe('400 BAD_REQUEST')
    expect(codeOf(await post(`${gateway.url}/predict`, 'x', { 'content-type': 'text/plain' }))).toBe(
      '415 BAD_REQUEST',
    )
  })

  it('let web pages in that the operator named, and no others', async () => {
    const origin = 'https://app.example'
    const { gateway } = await setUp({ register: false, corsOrigins: [origin] })
    const allowed = await fetch(`${gateway.url}/predict`, { method: 'OPTIONS', headers: { origin } })
    expect(allowed.status).toBe(204)
    expect(allowed.headers.get('access-control-allow-origin')).toBe(origin)
    expect(allowed.headers.get('access-control-allow-headers')).toContain('x-payment')
    const other = await fetch(`${gateway.url}/v1/models`, { headers: { origin: 'https://evil.example' } })
    expect(other.headers.get('access-control-allow-origin')).toBeNull()
  })
})
