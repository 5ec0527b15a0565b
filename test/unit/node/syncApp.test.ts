import { beforeAll, describe, expect, it } from 'vitest'
import type { ConsensusEngine } from '../../../src/consensus/engine.ts'
import { blockHashOf, decodeEnvelopeBlock } from '../../../src/ledger/block.ts'
import { type Certificate, decodeCertificate, encodeCertificate } from '../../../src/ledger/certificate.ts'
import { syncApp } from '../../../src/node/syncApp.ts'
import { TestChain } from '../../support/chain.ts'
import { codeOf } from '../../support/network/outcome.ts'

const HEIGHT = 5
let test: TestChain

beforeAll(async () => {
  test = await TestChain.open()
  await test.mineEmpty(HEIGHT)
})

function appOf(chain: TestChain) {
  const submitted: [Uint8Array, Certificate][] = []
  const engine = {
    submitDecided: async (envelope: Uint8Array, certificate: Certificate) => {
      submitted.push([envelope, certificate])
    },
  }
  return { app: syncApp(chain.chain, engine as unknown as ConsensusEngine), submitted }
}

/** Heights of the envelopes that are served. */
async function served(fromHeight: number, count: number, maxBytes = 1_000_000): Promise<number[]> {
  const envelopes = await appOf(test).app.readEnvelopes(fromHeight, count, maxBytes)
  return envelopes.map((envelope) => {
    const { block } = decodeEnvelopeBlock(envelope, test.chain.spec.common)
    const height = Number(block.header.number)
    expect(blockHashOf(block)).toBe(blockHashOf(test.chain.store.block(height)!))
    return height
  })
}

describe('the chain as sync serves it', () => {
  it('gives envelopes in order, as many as asked for and as there are', async () => {
    expect(await served(2, 3)).toEqual([2, 3, 4])
    expect(await served(4, 10)).toEqual([4, 5])
    expect(await served(HEIGHT + 1, 10)).toEqual([])
    expect(await served(1, 0)).toEqual([])
  })

  it('has no envelope of the genesis block', async () => {
    expect(await served(0, 3)).toEqual([])
  })

  it('gives no more bytes than asked for, but always the first', async () => {
    const [first, second] = await appOf(test).app.readEnvelopes(2, 2, 1_000_000)
    const both = first!.length + second!.length
    expect(await served(2, 3, both)).toEqual([2, 3])
    expect(await served(2, 3, both - 1)).toEqual([2])
    expect(await served(2, 3, 1)).toEqual([2])
  })

  it('tells its height, and the certificate of its head', async () => {
    const { app } = appOf(test)
    expect(app.headHeight()).toBe(HEIGHT)
    expect(decodeCertificate(app.seenCertificate()!)).toEqual(test.chain.head.certificate)
    const { app: fresh } = appOf(await TestChain.open())
    expect([fresh.headHeight(), fresh.seenCertificate()]).toEqual([0, undefined])
  })

  it('hands decided blocks to consensus, and refuses certificates that do not decode', async () => {
    const { app, submitted } = appOf(test)
    const [envelope] = await app.readEnvelopes(1, 1, 1)
    const certificate = test.chain.store.certificate(1)!
    await app.submitDecided(envelope!, encodeCertificate(certificate))
    expect(submitted).toEqual([[envelope, certificate]])
    const broken = async () => app.submitDecided(envelope!, Uint8Array.of(1))
    expect(await codeOf(broken())).toBe('BAD_RLP')
    expect(submitted.length).toBe(1)
  })
})
