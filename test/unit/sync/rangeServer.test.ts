import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { decodeCertificate } from '../../../src/ledger/certificate.ts'
import { decodeRangeResponse, encodeRangeRequest, type RangeRequest } from '../../../src/sync/codec.ts'
import type { SyncApp, SyncRequests } from '../../../src/sync/ports.ts'
import { pairRange } from '../../../src/sync/range.ts'
import { serveRanges } from '../../../src/sync/rangeServer.ts'
import { codeOf } from '../../support/network/outcome.ts'
import { makeChain, TestApp } from '../../support/sync/testChain.ts'

const chain = makeChain(300)
const all = { count: limits.syncRangeEnvelopes, maxBytes: limits.syncRangeBytes }

describe('the server of ranges', () => {
  let serve: (bytes: Uint8Array) => Promise<Uint8Array>

  const requests: SyncRequests = {
    request: () => Promise.reject(new Error('not used')),
    handle: (_protocol, handler) => {
      serve = (bytes) => handler('peer', bytes)
      return () => {}
    },
  }
  const serving = (app: SyncApp) => serveRanges(app, requests)
  const ask = async (request: RangeRequest) => decodeRangeResponse(await serve(encodeRangeRequest(request)))

  beforeEach(() => {
    serving(new TestApp(chain))
  })

  it('serves ranges that can be paired with their certificates, up to the head', async () => {
    for (const fromHeight of [1, 2, 45, 299, 300]) {
      const request = { fromHeight, ...all }
      const decided = pairRange(request, await ask(request))
      const last = Math.min(300, fromHeight + limits.syncRangeEnvelopes - 1)
      expect(decided.map(({ height }) => height)).toEqual(
        Array.from({ length: last - fromHeight + 1 }, (_value, index) => fromHeight + index),
      )
      expect(decodeCertificate(decided.at(-1)!.certificate).blockHash).toBe(chain[last - 1]!.hash)
      expect(decodeCertificate(decided[0]!.certificate).blockHash).toBe(chain[fromHeight - 1]!.hash)
    }
  })

  it('takes the certificate out of the next envelope when the range ends below the head', async () => {
    const response = await ask({ fromHeight: 10, count: 5, maxBytes: limits.syncRangeBytes })
    expect(response.envelopes).toHaveLength(5)
    expect(decodeCertificate(response.certificate).blockHash).toBe(chain[13]!.hash)
    expect(response.headHeight).toBe(300)
  })

  it('gives no more than its own limits, whatever is asked for', async () => {
    const response = await ask({ fromHeight: 1, count: 1_000_000, maxBytes: Number.MAX_SAFE_INTEGER })
    expect(response.envelopes).toHaveLength(limits.syncRangeEnvelopes)
  })

  it('keeps to the bytes asked for, but gives one envelope of the largest size', async () => {
    serving(new TestApp(makeChain(8, limits.blockBytes - 1_000)))
    expect((await ask({ fromHeight: 1, count: 8, maxBytes: 1 })).envelopes).toHaveLength(1)
    const most = await ask({ fromHeight: 1, ...all })
    expect(most.envelopes).toHaveLength(
      1 + Math.floor((limits.syncRangeBytes - limits.blockBytes) / limits.blockBytes),
    )
  })

  it('answers with nothing above the head', async () => {
    const response = await ask({ fromHeight: 301, ...all })
    expect(response).toMatchObject({ headHeight: 300, envelopes: [] })
  })

  it('ends one block earlier when it lacks the certificate of its head', async () => {
    const app = new TestApp(chain)
    app.seenCertificate = () => undefined
    serving(app)
    const response = await ask({ fromHeight: 290, ...all })
    expect(response.headHeight).toBe(299)
    expect(pairRange({ fromHeight: 290, ...all }, response).at(-1)?.height).toBe(299)
    expect(await ask({ fromHeight: 300, ...all })).toMatchObject({ headHeight: 299, envelopes: [] })
  })

  it('says where it begins when it is asked for what was before', async () => {
    const app = new TestApp(chain)
    app.firstHeight = () => 120
    serving(app)
    expect(await ask({ fromHeight: 119, ...all })).toMatchObject({
      firstHeight: 120,
      headHeight: 300,
      envelopes: [],
    })
    expect((await ask({ fromHeight: 120, ...all })).envelopes).toHaveLength(181)
  })

  it('refuses a range that begins at genesis or is empty', async () => {
    expect(await codeOf(ask({ fromHeight: 0, ...all }))).toBe('BAD_REQUEST')
    expect(await codeOf(ask({ fromHeight: 1, count: 0, maxBytes: 1 }))).toBe('BAD_REQUEST')
  })
})
