import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decrypt, encrypt } from 'eciesjs'
import { afterEach, describe, expect, it } from 'vitest'
import { receiptStatus } from '../../../../precompiles/proofOfAttribution/layout.ts'
import { evidenceDigest, verdictCommitment } from '../../../../src/ai/receipts/commitments.ts'
import { checkEvidence, decodeEvidence } from '../../../../src/ai/receipts/evidence.ts'
import { EvidenceClient } from '../../../../src/ai/receipts/evidenceClient.ts'
import type { EvidenceSource } from '../../../../src/ai/receipts/ports.ts'
import { signDigest } from '../../../../src/ai/receipts/typedData.ts'
import { limits } from '../../../../src/config/limits.ts'
import type { DevnetKey } from '../../../../src/node/devnet/keys.ts'
import { bytesToHex, type Hash } from '../../../../src/primitives/hex.ts'
import { systemClock } from '../../../../src/runtime/clock.ts'
import { TestGateway, type TestGatewayOptions } from '../../../support/gateway.ts'
import { buy, post } from '../../../support/gatewayClient.ts'
import { testHash } from '../../../support/precompileWorld.ts'
import { TestServices } from '../../../support/receiptServices.ts'
import { auditors, contributors, keyOf, ReceiptWorld, worker } from '../../../support/receiptWorld.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const never = new AbortController().signal
const clientOf = (genesisHash: Hash, key: DevnetKey, allowPrivate = true) =>
  new EvidenceClient({ genesisHash, auditorKey: keyOf(key), allowPrivate }, { clock: systemClock })

/** Auditors that ask the host over HTTP, each with its own key. */
async function setUp(options: Omit<TestGatewayOptions, 'pool'> & { withAuditors?: boolean } = {}) {
  const world = await ReceiptWorld.open({ withoutHost: true, parameters: { windowReceipts: 1 } })
  const { genesisHash } = world.domain
  let gateway: TestGateway | undefined
  const services = await TestServices.start(world, {
    worker,
    auditors: options.withAuditors === false ? [] : auditors,
    evidence: (key) => clientOf(genesisHash, key),
    more: async (pool) => {
      gateway = await TestGateway.start(world, { ...options, pool })
      return gateway.followers
    },
  })
  stops.push(
    () => services.stop(),
    () => gateway!.stop(),
  )
  await services.mine()
  return { world, services, gateway: gateway! }
}

/** An answer whose audit is open, with auditors that do nothing by themselves. */
async function openAudit(more: readonly DevnetKey[] = []) {
  const { world, services, gateway } = await setUp({ withAuditors: false })
  for (const auditor of [...auditors, ...more]) {
    world.send(auditor, world.attributionCall('registerAuditor', [1n], world.parameters.auditorBondMinWei))
  }
  await services.mine()
  const { json } = await buy(gateway.url, { inputs: 'a secret question' })
  await services.mineUntil(() => world.views.receipt(json.receiptId)?.status === receiptStatus.auditOpen)
  return { world, services, gateway, receiptId: json.receiptId as Hash }
}

function asked(genesisHash: Hash, receiptId: Hash, by: DevnetKey) {
  const digest = bytesToHex(evidenceDigest(genesisHash, receiptId, by.address))
  return { receiptId, auditor: by.address, signature: bytesToHex(signDigest(digest, keyOf(by))) }
}

describe('an audit over HTTP', () => {
  it('takes a paid answer from the request to its final receipt', async () => {
    const { world, services, gateway } = await setUp()
    const { status, json } = await buy(gateway.url, { inputs: 'a whole life' })
    expect(status).toBe(200)
    await services.mineUntil(() => (world.views.receipt(json.receiptId)?.status ?? 0) >= receiptStatus.final)
    expect(world.views.receipt(json.receiptId)?.status).toBe(receiptStatus.final)
    expect(world.views.audit(json.receiptId)).toMatchObject({ committed: 7, verdicts: [1, 1, 1] })
    // nothing of it is kept any longer than it is needed
    expect(gateway.records.size).toBe(0)
  })

  it('finds a host that answered with another class than its model', async () => {
    const { world, services, gateway } = await setUp({
      infer: (inference) => ({ ...inference, output: new Uint8Array(4) }),
    })
    const { json } = await buy(gateway.url, { inputs: 'a lie' })
    await services.mineUntil(() => (world.views.receipt(json.receiptId)?.status ?? 0) >= receiptStatus.final)
    expect(world.views.receipt(json.receiptId)?.status).toBe(receiptStatus.rejected)
    expect(world.views.audit(json.receiptId)?.verdicts).toEqual([2, 2, 2])
  })
})

describe('an appeal over HTTP', () => {
  it('gives the evidence to every elector while it is open, and to nobody else', async () => {
    const elector = contributors[1]
    const { world, services, gateway, receiptId } = await openAudit([elector])
    const { genesisHash } = world.domain
    const salt = testHash('audit salt')
    const send = async (calls: readonly (readonly [DevnetKey, string, readonly unknown[]])[]) => {
      for (const [from, name, args] of calls) world.send(from, world.attributionCall(name, args))
      await services.mine()
    }
    const answers = async (by: DevnetKey) => {
      const evidence = clientOf(genesisHash, by).fetch(gateway.url, receiptId, never)
      return evidence.then(({ inputSalt }) => inputSalt.length).catch((error: Error) => error.message)
    }
    // not in the committee of three, whoever is the fourth
    const all = [...auditors, elector]
    const committee = world.views.audit(receiptId)!.committee
    const others = all.filter(({ address }) => !committee.includes(address))
    expect(others).toHaveLength(1)
    expect(await answers(others[0]!)).toContain('403')
    const seated = all.filter(({ address }) => committee.includes(address))
    const sealed = seated.map((by, n) => {
      const verdict = { receiptId, verdict: n === 0 ? 2 : 1, digest: salt }
      return { by, verdict, commitment: verdictCommitment(by.address, [verdict], salt) }
    })
    await send(sealed.map(({ by, commitment }) => [by, 'commitAudit', [[receiptId], commitment]]))
    await send(
      sealed.map(({ by, verdict }) => [by, 'revealAudit', [[receiptId], [verdict.verdict], [salt], salt]]),
    )
    await services.mineUntil(() => world.views.receipt(receiptId)?.status === receiptStatus.appealed)
    expect(await answers(others[0]!)).toBe(32)
    expect(await answers(contributors[0])).toContain('403')
  })
})

describe('the evidence of a receipt', () => {
  it('is encrypted to the auditor that asks, and opens what the receipt committed to', async () => {
    const { world, services, gateway, receiptId } = await openAudit()
    const { genesisHash } = world.domain
    const response = await fetch(`${gateway.url}/audit`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(asked(genesisHash, receiptId, auditors[0])),
    })
    const sealed = new Uint8Array(await response.arrayBuffer())
    expect(Buffer.from(sealed).includes('a secret question')).toBe(false)
    expect(() => decrypt(keyOf(auditors[1]), sealed)).toThrow()
    const evidence = decodeEvidence(decrypt(keyOf(auditors[0]), sealed))
    expect(new TextDecoder().decode(evidence.input)).toBe('a secret question')
    checkEvidence(world.domain, services.tracker.receipt(receiptId)!.facts, evidence)
    const spoiled = { ...evidence, output: Uint8Array.of(1) }
    const facts = services.tracker.receipt(receiptId)!.facts
    expect(() => checkEvidence(world.domain, facts, spoiled)).toThrow(
      expect.objectContaining({ code: 'BAD_RECEIPT' }),
    )
  })

  it('is refused to strangers, to forged names, and to auditors of other chains', async () => {
    const { world, gateway, receiptId } = await openAudit()
    const { genesisHash } = world.domain
    const ask = async (body: object) => {
      const { status, json } = await post(`${gateway.url}/audit`, body)
      return `${status} ${json.error.code}`
    }
    expect(await ask(asked(genesisHash, receiptId, contributors[0]))).toBe('403 FORBIDDEN')
    const forged = { ...asked(genesisHash, receiptId, contributors[0]), auditor: auditors[0].address }
    expect(await ask(forged)).toBe('400 BAD_SIGNATURE')
    expect(await ask(asked(testHash('another chain'), receiptId, auditors[0]))).toBe('400 BAD_SIGNATURE')
    const another = { ...asked(genesisHash, receiptId, auditors[0]), receiptId: testHash('another') }
    expect(await ask(another)).toBe('400 BAD_SIGNATURE')
    expect(await ask(asked(genesisHash, testHash('another'), auditors[0]))).toBe('404 NOT_FOUND')
    expect(await ask({ receiptId })).toBe('400 BAD_REQUEST')
  })

  it('is given to one auditor so many times and no more', async () => {
    const { world, gateway, receiptId } = await openAudit()
    const client = clientOf(world.domain.genesisHash, auditors[0])
    for (let n = 0; n < limits.evidencePerAuditor; n++) await client.fetch(gateway.url, receiptId, never)
    await expect(client.fetch(gateway.url, receiptId, never)).rejects.toMatchObject({ code: 'PEER_FAILED' })
    const other: EvidenceSource = clientOf(world.domain.genesisHash, auditors[1])
    expect((await other.fetch(gateway.url, receiptId, never)).inputSalt).toHaveLength(32)
  })

  it('is refused before the audit is open and after the receipt has ended', async () => {
    const { world, services, gateway } = await setUp({ withAuditors: false })
    const { json } = await buy(gateway.url, { inputs: 'x' })
    const ask = () =>
      post(`${gateway.url}/audit`, asked(world.domain.genesisHash, json.receiptId, auditors[0]))
    expect((await ask()).status).toBe(403)
    await services.mineUntil(() => (world.views.receipt(json.receiptId)?.status ?? 0) >= receiptStatus.final)
    expect((await ask()).status).toBe(404)
  })
})

describe('a client of hostile hosts', () => {
  const genesisHash = testHash('genesis')
  const receiptId = testHash('receipt')
  const [auditor] = auditors

  async function hostile(handle: Parameters<typeof createServer>[1]): Promise<string> {
    const server: Server = createServer(handle as never)
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    stops.push(
      () =>
        new Promise((resolve) => {
          server.close(() => resolve())
          server.closeAllConnections()
        }),
    )
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const answering = (status: number, body: Uint8Array | string, headers = {}) =>
    hostile((_request, response) => {
      response.writeHead(status, headers).end(body)
    })
  const failsWith = async (url: string, code: string, client = clientOf(genesisHash, auditor)) =>
    expect(client.fetch(url, receiptId, never)).rejects.toMatchObject({ code })

  it.each([
    'ftp://host.example/',
    'file:///etc/passwd',
    'http://user:secret@host.example/',
    'http://host.example/?q=1',
    'not a url',
    `http://host.example/${'x'.repeat(300)}`,
  ])('does not go to %s', async (endpoint) => {
    await failsWith(endpoint, 'BAD_REQUEST')
  })

  it.each([
    'http://127.0.0.1:9/',
    'http://[::1]:9/',
    'http://[::ffff:127.0.0.1]:9/',
    'http://10.1.2.3/',
    'http://169.254.169.254/',
    'http://192.168.0.1/',
    'http://[fd00::1]/',
    'http://localhost:9/',
    // other spellings of an address become the address
    'http://2130706433/',
  ])('does not go into its own networks: %s', async (endpoint) => {
    await failsWith(endpoint, 'PEER_UNREACHABLE', clientOf(genesisHash, auditor, false))
  })

  it('follows no redirect', async () => {
    const target: string[] = []
    const elsewhere = await hostile((request, response) => {
      target.push(String(request.url))
      response.end()
    })
    await failsWith(await answering(307, '', { location: `${elsewhere}/audit` }), 'PEER_FAILED')
    expect(target).toEqual([])
  })

  it('reads no more than evidence may have', async () => {
    const endless = await hostile((_request, response) => {
      const more = () => {
        if (!response.destroyed) response.write(Buffer.alloc(64 * 1024), more)
      }
      response.writeHead(200)
      more()
    })
    await failsWith(endless, 'LIMIT_EXCEEDED')
  })

  it('waits no longer than it may', async () => {
    const fastClock = {
      nowMs: () => 0,
      after: (_ms: number, done: () => void) => systemClock.after(20, done),
    }
    const client = new EvidenceClient(
      { genesisHash, auditorKey: keyOf(auditor), allowPrivate: true },
      { clock: fastClock },
    )
    await failsWith(await hostile(() => undefined), 'TIMEOUT', client)
    // nor while a body trickles in
    const trickle = await hostile((_request, response) => {
      response.writeHead(200).write('x')
    })
    await failsWith(trickle, 'TIMEOUT', client)
  })

  it('takes nothing that is not encrypted to it, or is no evidence', async () => {
    await failsWith(await answering(200, 'plain text'), 'PEER_FAILED')
    await failsWith(await answering(200, ''), 'PEER_FAILED')
    await failsWith(await answering(500, ''), 'PEER_FAILED')
    const { privateKeyToAccount } = await import('viem/accounts')
    const { publicKey } = privateKeyToAccount(auditor.privateKey)
    await failsWith(await answering(200, encrypt(publicKey.slice(2), Buffer.from('no evidence'))), 'BAD_RLP')
  })

  it('says that nobody is there', async () => {
    const url = await answering(200, '')
    await stops.pop()!()
    await failsWith(url, 'PEER_UNREACHABLE')
  })
})
