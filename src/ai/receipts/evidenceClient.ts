import { type LookupAddress, lookup } from 'node:dns'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { decrypt } from 'eciesjs'
import { limits } from '../../config/limits.ts'
import { messageOf, NodeError } from '../../errors/errors.ts'
import { concatBytes } from '../../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash } from '../../primitives/hex.ts'
import { privateKeyToAddress } from '../../primitives/secp256k1.ts'
import type { Clock } from '../../runtime/clock.ts'
import { deadline } from '../../runtime/deadline.ts'
import { evidenceDigest } from './commitments.ts'
import { decodeEvidence } from './evidence.ts'
import { isPublicAddress, parseEndpoint } from './hostUrl.ts'
import type { Evidence, EvidenceSource } from './ports.ts'
import { signDigest } from './typedData.ts'

export interface EvidenceClientOptions {
  readonly genesisHash: Hash
  readonly auditorKey: Uint8Array
  /** Takes endpoints on this machine and its own networks too, as a devnet needs it. */
  readonly allowPrivate: boolean
}

/** What ECIES adds: an ephemeral public key, a nonce and a tag. */
const SEALED_BYTES = limits.evidenceBytes + 65 + 16 + 16

/**
 * Gets evidence from hosts over HTTP. Endpoints come from the chain, so they are hostile: http(s) only, no redirects,
 * bounded in time and size, and by default never an address of this machine's own networks.
 */
export class EvidenceClient implements EvidenceSource {
  readonly #options: EvidenceClientOptions
  readonly #auditor: Address
  readonly #clock: Clock

  constructor(options: EvidenceClientOptions, modules: { clock: Clock }) {
    this.#options = options
    this.#auditor = privateKeyToAddress(options.auditorKey)
    this.#clock = modules.clock
  }

  /** Errors: BAD_REQUEST (the endpoint), PEER_UNREACHABLE, PEER_FAILED (its answer), LIMIT_EXCEEDED, BAD_RLP, TIMEOUT. */
  async fetch(endpoint: string, receiptId: Hash, signal: AbortSignal): Promise<Evidence> {
    const { genesisHash, auditorKey } = this.#options
    const url = new URL('audit', parseEndpoint(endpoint))
    const digest = bytesToHex(evidenceDigest(genesisHash, receiptId, this.#auditor))
    const signature = bytesToHex(signDigest(digest, auditorKey))
    const body = JSON.stringify({ receiptId, auditor: this.#auditor, signature })
    const limit = deadline(this.#clock, limits.evidenceTimeoutMs, signal)
    try {
      return this.#open(await this.#post(url, body, limit.signal))
    } finally {
      limit.cancel()
    }
  }

  #open(sealed: Uint8Array): Evidence {
    let bytes: Uint8Array
    try {
      bytes = decrypt(this.#options.auditorKey, sealed)
    } catch (error) {
      throw new NodeError('PEER_FAILED', 'The evidence is not encrypted to this auditor.', {}, error)
    }
    return decodeEvidence(bytes)
  }

  #post(url: URL, body: string, signal: AbortSignal): Promise<Uint8Array> {
    const { allowPrivate } = this.#options
    const name = url.hostname.replace(/^\[|\]$/g, '')
    // a literal address is not looked up
    if (!allowPrivate && isIP(name) !== 0 && !isPublicAddress(name)) return Promise.reject(privateHost())
    const request = url.protocol === 'https:' ? requestHttps : requestHttp
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => reject(failureOf(error, signal))
      const call = request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/octet-stream' },
        signal,
        agent: false,
        ...(allowPrivate ? {} : { lookup: publicLookup }),
      })
      call.on('error', fail)
      call.on('response', (response) => readAnswer(response).then(resolve, fail))
      call.end(body)
    })
  }
}

async function readAnswer(response: IncomingMessage): Promise<Uint8Array> {
  if (response.statusCode !== 200) {
    response.destroy()
    throw new NodeError('PEER_FAILED', `The host answered with status ${response.statusCode}.`)
  }
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response as AsyncIterable<Uint8Array>) {
    length += part.length
    if (length > SEALED_BYTES) {
      response.destroy()
      throw new NodeError('LIMIT_EXCEEDED', 'The host sent more than evidence may have.')
    }
    parts.push(part)
  }
  return concatBytes(...parts)
}

/** Names resolve to public addresses only; the connection goes to the address that was checked. */
const publicLookup: LookupFunction = (hostname, options, done) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return done(error, [])
    const allowed = (addresses as LookupAddress[]).filter(({ address }) => isPublicAddress(address))
    const [first] = allowed
    if (first === undefined) return done(privateHost(), [])
    if (options.all === true) return done(null, allowed)
    return done(null, first.address, first.family)
  })
}

function privateHost(): NodeError {
  return new NodeError('PEER_UNREACHABLE', 'The host’s endpoint is not on the public internet.')
}

function failureOf(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  if (error instanceof NodeError) return error
  return new NodeError('PEER_UNREACHABLE', `The host is not reachable: ${messageOf(error)}`, {}, error)
}
