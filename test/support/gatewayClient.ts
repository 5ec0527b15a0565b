import { privateKeyToAccount } from 'viem/accounts'
import type { DevnetKey } from '../../src/node/devnet/keys.ts'
import { requester } from './receiptWorld.ts'

/** A client of the gateway as an application would write it: fetch and viem, and nothing of the node's code. */

// biome-ignore lint/suspicious/noExplicitAny: whatever JSON the server sends is what the tests look at
export type Json = any

export interface HttpAnswer {
  readonly status: number
  readonly json: Json
}

export async function call(url: string, init: RequestInit = {}): Promise<HttpAnswer> {
  const response = await fetch(url, init)
  const text = await response.text()
  return { status: response.status, json: text === '' ? undefined : JSON.parse(text) }
}

export function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<HttpAnswer> {
  return call(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

export interface Asked {
  readonly inputs: string
  readonly model?: string
  readonly auditClass?: number
}

/** The terms of a 402 answer. */
export async function termsOf(url: string, asked: Asked, by: DevnetKey = requester): Promise<Json> {
  const { status, json } = await post(`${url}/predict`, { model: '1', requester: by.address, ...asked })
  if (status !== 402) throw new Error(`expected 402, got ${status}: ${JSON.stringify(json)}`)
  return json.payment
}

/** Signs the terms, `change` makes the message differ, and gives the header. */
export async function paymentOf(
  terms: Json,
  by: DevnetKey = requester,
  change: Record<string, unknown> = {},
): Promise<string> {
  const { domain, types, primaryType } = terms.typedData
  const message = { ...terms.typedData.message, ...change }
  const account = privateKeyToAccount(by.privateKey)
  const requesterSignature = await account.signTypedData({ domain, types, primaryType, message })
  const payment = { request: message, requesterSignature, inputSalt: terms.inputSalt }
  return Buffer.from(JSON.stringify(payment)).toString('base64')
}

export function predict(url: string, asked: Asked, header: string): Promise<HttpAnswer> {
  return post(`${url}/predict`, { model: '1', ...asked }, { 'x-payment': header })
}

/** Asks for the terms, signs them, pays. */
export async function buy(
  url: string,
  asked: Asked,
  by: DevnetKey = requester,
  change: Record<string, unknown> = {},
): Promise<HttpAnswer> {
  const terms = await termsOf(url, asked, by)
  return predict(url, asked, await paymentOf(terms, by, change))
}
