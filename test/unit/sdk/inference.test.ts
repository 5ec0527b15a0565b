import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hashTypedData } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isNodeError, type NodeError } from '../../../src/errors/errors.ts'
import { bytesToHex, ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { inferenceRequestTypes, type PredictRequest, predict } from '../../../src/sdk/inference.ts'
import { TestGateway } from '../../support/gateway.ts'
import { call, type Json } from '../../support/gatewayClient.ts'
import { OPEN } from '../../support/precompileWorld.ts'
import { modelOf, TestHost, TestServices } from '../../support/receiptServices.ts'
import { contributors, ReceiptWorld, requester, worker } from '../../support/receiptWorld.ts'

const account = privateKeyToAccount(requester.privateKey)
const chainId = 161212

interface Exchange {
  readonly status: number
  readonly body: string
}

let world: ReceiptWorld
let services: TestServices
let gateway: TestGateway
/** Stands between client and host and changes what the host says. */
let liar: Server
let change: (answer: Exchange) => Exchange

beforeAll(async () => {
  world = await ReceiptWorld.open({ withoutHost: true })
  services = await TestServices.start(world, {
    worker,
    auditors: [],
    evidence: new TestHost(),
    more: async (pool) => {
      gateway = await TestGateway.start(world, { pool })
      return gateway.followers
    },
  })
  // the host registers
  await services.mine()
  liar = createServer((request, response) => {
    void forward(request, response)
  })
  await new Promise<void>((resolve) => liar.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  await new Promise((resolve) => liar.close(resolve))
  await services.stop()
  await gateway.stop()
})

async function forward(...[request, response]: Parameters<NonNullable<Parameters<typeof createServer>[1]>>) {
  const chunks: Uint8Array[] = []
  for await (const chunk of request) chunks.push(chunk as Uint8Array)
  const payment = request.headers['x-payment']
  const answer = await fetch(`${gateway.url}${request.url}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(typeof payment === 'string' ? { 'x-payment': payment } : {}),
    },
    body: Buffer.concat(chunks),
  })
  const { status, body } = change({ status: answer.status, body: await answer.text() })
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(body)
}

const asked = (fields: Partial<PredictRequest> = {}): PredictRequest => ({
  endpoint: gateway.url,
  chainId,
  adapterId: world.adapterId,
  text: 'free memory twice',
  account,
  maxFeeWei: OPEN,
  ...fields,
})

/** The failure of a prediction, by a host that says something else in answers of this status. */
async function failureWith(status: number, lie: (json: Json) => unknown): Promise<NodeError | undefined> {
  change = (answer) => {
    if (answer.status !== status) return answer
    const json = lie(JSON.parse(answer.body))
    return { status, body: typeof json === 'string' ? json : JSON.stringify(json) }
  }
  const endpoint = `http://127.0.0.1:${(liar.address() as AddressInfo).port}`
  return failureOf(asked({ endpoint }))
}

async function failureOf(request: PredictRequest): Promise<NodeError | undefined> {
  try {
    await predict(request)
    return undefined
  } catch (error) {
    if (isNodeError(error)) return error
    throw error
  }
}

describe('a paid prediction', () => {
  it('is the host’s answer with a receipt of the request that was signed', async () => {
    const found = await predict(asked())
    const { queryRow } = modelOf(new TextEncoder().encode('free memory twice'), world.k)
    expect(found).toMatchObject({
      predictions: [{ label: 'weakness', score: 0.75 }],
      feeWei: OPEN / 100n + (17n * (OPEN / 50n)) / 1000n,
      queryRow: bytesToHex(queryRow),
    })
    expect(found.readers.length).toBe(3)
    const { json } = await call(`${gateway.url}/receipts/${found.receiptId}`)
    expect(json.status).toBe('unsettled')
    await services.mineUntil(() => world.views.receipt(found.receiptId) !== undefined)
    expect(world.views.receipt(found.receiptId)?.feeWei).toBe(found.feeWei)
  })

  it('is audited by whom the client wants', async () => {
    const { readers } = await predict(asked({ auditors: 'nobody' }))
    expect(readers).toEqual(['the host'])
    // without a list of them there are no granted ones
    const refused = await failureOf(asked({ auditors: 'granted' }))
    expect(refused).toMatchObject({ code: 'PEER_FAILED', details: { code: 'BAD_REQUEST' } })
  })

  it('may cost what the client agreed to, and not a wei more', async () => {
    const { feeWei } = await predict(asked())
    expect((await predict(asked({ maxFeeWei: feeWei }))).feeWei).toBe(feeWei)
    const before = gateway.inferred.length
    expect((await failureOf(asked({ maxFeeWei: feeWei - 1n })))?.code).toBe('PAYMENT_REQUIRED')
    expect(gateway.inferred.length).toBe(before)
  })

  it('fails with the host’s own code', async () => {
    const unknown = await failureOf(asked({ adapterId: 2n }))
    expect(unknown).toMatchObject({ code: 'PEER_FAILED', details: { status: 404, code: 'NOT_FOUND' } })
    // an account without a deposit gets terms, and no answer
    const poor = privateKeyToAccount(contributors[0].privateKey)
    const refused = await failureOf(asked({ account: poor }))
    expect(refused).toMatchObject({ code: 'PEER_FAILED', details: { code: 'DEPOSIT_TOO_LOW' } })
  })
})

describe('terms are not signed', () => {
  const termsOf = (json: Json) => json.payment.typedData

  it.each<[string, (json: Json) => void]>([
    ['on another chain', (json) => (termsOf(json).domain.chainId = 1)],
    ['for another contract', (json) => (termsOf(json).domain.verifyingContract = ZERO_ADDRESS)],
    ['of another requester', (json) => (termsOf(json).message.requester = contributors[0].address)],
    ['for another adapter', (json) => (termsOf(json).message.adapterId = '2')],
    ['for another input', (json) => (termsOf(json).message.inputCommitment = ZERO_HASH)],
    ['with another salt', (json) => (json.payment.inputSalt = ZERO_HASH)],
    ['with other auditors', (json) => (termsOf(json).message.auditClass = 2)],
  ])('%s', async (_what, lie) => {
    const before = gateway.inferred.length
    const failure = await failureWith(402, (json) => {
      lie(json)
      return json
    })
    expect(failure?.code).toBe('BAD_REQUEST')
    expect(gateway.inferred.length).toBe(before)
  })

  it('that cost more than the host would take', async () => {
    const failure = await failureWith(402, (json) => {
      termsOf(json).message.maxFeeWei = String(OPEN + 1n)
      return json
    })
    expect(failure?.code).toBe('PAYMENT_REQUIRED')
  })
})

describe('an answer is not taken', () => {
  it.each<[string, (json: Json) => void]>([
    ['with another output', (json) => (json.output = '0x1234')],
    ['with another salt', (json) => (json.outputSalt = ZERO_HASH)],
    ['with another commitment', (json) => (json.receipt.outputCommitment = ZERO_HASH)],
    ['of another request', (json) => (json.receiptId = ZERO_HASH)],
  ])('%s', async (_what, lie) => {
    const failure = await failureWith(200, (json) => {
      lie(json)
      return json
    })
    expect(failure?.code).toBe('BAD_RECEIPT')
  })
})

describe('a host that answers nonsense', () => {
  it.each<[string, number, (json: Json) => unknown]>([
    ['terms that are no JSON', 402, () => '<html>'],
    ['terms without a payment', 402, () => ({})],
    ['a fee that is no number', 402, (json) => withFee(json, 'much')],
    ['an answer that is no JSON', 200, () => ''],
    ['an answer without a receipt', 200, (json) => ({ ...json, receipt: undefined })],
    ['an answer without predictions', 200, (json) => ({ ...json, predictions: null })],
  ])('fails: %s', async (_what, status, lie) => {
    expect((await failureWith(status, lie))?.code).toBe('PEER_FAILED')
  })

  it('fails also when it gives no reason', async () => {
    change = () => ({ status: 503, body: '{"busy":true}' })
    const endpoint = `http://127.0.0.1:${(liar.address() as AddressInfo).port}`
    const failure = await failureOf(asked({ endpoint }))
    expect(failure).toMatchObject({ code: 'PEER_FAILED', details: { status: 503, code: 'UNKNOWN' } })
  })
})

describe('a host that does not answer', () => {
  it('is told as unreachable', async () => {
    const closed = createServer()
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`
    await new Promise((resolve) => closed.close(resolve))
    expect((await failureOf(asked({ endpoint })))?.code).toBe('PEER_UNREACHABLE')
  })
})

function withFee(json: Json, maxFeeWei: string): Json {
  json.payment.typedData.message.maxFeeWei = maxFeeWei
  return json
}

describe('what is signed', () => {
  it('is the request whose hash names the receipt', async () => {
    let message: Json
    let domain: Json
    change = (answer) => {
      if (answer.status === 402) ({ message, domain } = JSON.parse(answer.body).payment.typedData)
      return answer
    }
    const endpoint = `http://127.0.0.1:${(liar.address() as AddressInfo).port}`
    const types = inferenceRequestTypes
    const { receiptId } = await predict(asked({ endpoint, text: 'another one' }))
    expect(hashTypedData({ domain, types, primaryType: 'InferenceRequest', message })).toBe(receiptId)
  })
})
