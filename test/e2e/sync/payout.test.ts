import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeAll, describe, expect, it } from 'vitest'
import { windowState } from '../../../precompiles/proofOfAttribution/layout.ts'
import { verifyPayout } from '../../../src/cli/verify.ts'
import { limits } from '../../../src/config/limits.ts'
import type { NodeError } from '../../../src/errors/errors.ts'
import { decodeCertificate, encodeCertificate } from '../../../src/ledger/certificate.ts'
import { bytesToHex, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { httpLightRpc, type LightRpc } from '../../../src/sdk/proofs/lightRpc.ts'
import { provePayout } from '../../../src/sdk/proofs/payout.ts'
import { decodeEpochRecord, encodeEpochRecord } from '../../../src/sync/epochs/epochRecord.ts'
import { SetClock } from '../../support/consensusNode.ts'
import { codeOf } from '../../support/network/outcome.ts'
import { TestHost, TestServices } from '../../support/receiptServices.ts'
import { contributors, ReceiptWorld, worker } from '../../support/receiptWorld.ts'
import { shortEpochs } from '../../support/sync/epochs.ts'
import { lightServer } from '../../support/sync/lightServer.ts'

const EPOCH = 16
const unknown: Hash = `0x${'77'.repeat(32)}`

let world: ReceiptWorld
let receiptId: Hash
let honest: LightRpc
/** The last epoch that has ended. */
let end: number
let genesisHash: Hash

const hashAt = (height: number) => bytesToHex(world.test.chain.store.block(height)!.hash())
const prove = (rpc: LightRpc, changes: { receiptId?: Hash; trustedHash?: Hash; block?: bigint } = {}) =>
  provePayout({ receiptId, trustedHash: genesisHash, ...changes }, { rpc })

/** A paid and an unfinished receipt on a chain of two epochs and a bit. */
beforeAll(async () => {
  world = await ReceiptWorld.open({ parameters: { windowReceipts: 2 }, genesis: await shortEpochs(EPOCH) })
  const evidence = new TestHost()
  const services = await TestServices.start(world, { worker, auditors: [], evidence })
  const served = ['first', 'second'].map((text) => evidence.serve(world, text, { auditClass: 2 }))
  for (const one of served) services.offer(one.receipt)
  receiptId = served[0]!.receiptId
  await services.mineUntil(() => world.views.window(1n, 1n)?.state === windowState.closed)
  await services.stop()
  end = Math.floor(world.height / EPOCH) + 1
  await world.test.mineEmpty(end * EPOCH + 3 - world.height)
  honest = await lightServer(world.test.chain, world.kv)
  genesisHash = world.test.chain.genesisHash
})

describe('a payout', () => {
  it('is proven from the genesis hash over an honest server', async () => {
    const payout = await prove(honest)
    expect(payout).toMatchObject({ receiptId, status: 'final', adapterId: 1n, windowIndex: 1n, isPaid: true })
    expect(payout.header).toMatchObject({ height: world.height, epochsWalked: end })
    const paid = payout.shares.reduce((sum, { amountWei }) => sum + amountWei, 0n)
    expect(paid).toBe(payout.potWei - payout.closersWei)
    expect(paid).toBeGreaterThan(0n)
    for (const { address } of contributors) {
      const own = payout.shares.filter(({ contributor }) => contributor === address)
      expect(own.reduce((sum, { amountWei }) => sum + amountWei, 0n)).toBe(world.creditOf(address))
      expect(own.every(({ creditWei }) => creditWei === world.creditOf(address))).toBe(true)
    }
  })

  it('is proven from the hash of an epoch’s end, and at an older block', async () => {
    const late = await prove(honest, { trustedHash: hashAt((end - 1) * EPOCH) })
    expect(late.header.epochsWalked).toBe(1)
    const atEnd = await prove(honest, {
      trustedHash: hashAt((end - 1) * EPOCH),
      block: BigInt(end * EPOCH),
    })
    expect(atEnd.header).toMatchObject({ height: end * EPOCH, epochsWalked: 0 })
    const trusted = await prove(honest, { trustedHash: hashAt(end * EPOCH), block: BigInt(end * EPOCH) })
    expect(trusted.shares).toEqual(late.shares)
  })

  it('that is not there is not proven', async () => {
    expect(await codeOf(prove(honest, { receiptId: unknown }))).toBe('NOT_FOUND')
    expect(await codeOf(prove(honest, { trustedHash: unknown }))).toBe('NOT_FOUND')
    expect(await codeOf(prove(honest, { trustedHash: hashAt(7) }))).toBe('BAD_REQUEST')
  })
})

type Change = (result: never, params: readonly unknown[]) => unknown

/** A server that is honest but for the answers of one method. */
function lying(method: string, change: Change): LightRpc {
  return async (asked, params) => {
    const result = await honest(asked, params)
    return asked === method ? change(structuredClone(result) as never, params) : result
  }
}

const flipped = (hex: Hex, at = hex.length - 1): Hex =>
  `${hex.slice(0, at)}${hex[at] === '0' ? '1' : '0'}${hex.slice(at + 1)}` as Hex
const rerecord = (hex: Hex, change: (record: ReturnType<typeof decodeEpochRecord>) => object): Hex => {
  const record = decodeEpochRecord(hexToBytes(hex))
  return bytesToHex(encodeEpochRecord({ ...record, ...change(record) }))
}
const isEpoch = (params: readonly unknown[], epoch: number) => params[0] === `0x${epoch.toString(16)}`

describe('a server that lies', () => {
  interface Recorded {
    record: Hex
  }
  interface Certified {
    header: Hex
    certificate: Hex
  }
  interface Proof {
    balance: Hex
    codeHash: Hex
    accountProof: Hex[]
    storageProof: { value: Hex; proof: Hex[] }[]
  }
  const records = (change: Change) => lying('openledger_getEpochRecord', change)
  const ofFirst = (change: (record: ReturnType<typeof decodeEpochRecord>) => object) =>
    records((result: Recorded, params) =>
      isEpoch(params, 1) ? { ...result, record: rerecord(result.record, change) } : result,
    )
  const certificates = (change: (result: Certified) => object) => lying('openledger_getCertificate', change)
  const proofs = (change: (result: Proof) => void) =>
    lying('eth_getProof', (result: Proof) => {
      change(result)
      return result
    })
  const withSlot = (change: (slot: Proof['storageProof'][number]) => void) =>
    proofs(({ storageProof: [slot] }) => {
      if (slot !== undefined) change(slot)
    })

  const lies: readonly (readonly [string, () => LightRpc, string])[] = [
    [
      'by a record of another block',
      () =>
        records((result: Recorded, params) =>
          isEpoch(params, 0) ? honest('openledger_getEpochRecord', ['0x1']) : result,
        ),
      'BAD_PROOF',
    ],
    ['by a record without a certificate', () => ofFirst(() => ({ certificate: null })), 'BAD_CERTIFICATE'],
    [
      'by a record with a set that its proof does not show',
      () => ofFirst(({ proof }) => ({ proof: proof.slice(1) })),
      'BAD_PROOF',
    ],
    [
      'by a record with a made-up header',
      () =>
        ofFirst(({ header }) => ({
          header: Uint8Array.from(header, (byte, at) => (at === 100 ? byte ^ 1 : byte)),
        })),
      'BAD_CERTIFICATE',
    ],
    [
      'by a record with too few signers',
      () =>
        ofFirst(({ certificate }) => ({
          certificate: {
            ...certificate!,
            signers: Uint8Array.of(3),
            signatures: certificate!.signatures.slice(0, 2),
          },
        })),
      'BAD_CERTIFICATE',
    ],
    [
      'by a record of nonsense',
      () => records((result: Recorded) => ({ ...result, record: '0xc0' })),
      'BAD_PROOF',
    ],
    [
      'by holding back records',
      () => records((result: Recorded, params) => (isEpoch(params, end) ? null : result)),
      'BAD_PROOF',
    ],
    ['by no record at all', () => records(() => null), 'NOT_FOUND'],
    [
      'by the certificate of another block',
      () =>
        certificates((result) => ({
          ...result,
          certificate: bytesToHex(encodeCertificate(world.test.chain.store.certificate(world.height - 1)!)),
        })),
      'BAD_CERTIFICATE',
    ],
    [
      'by a certificate with a signature of nobody',
      () => certificates((result) => ({ ...result, certificate: forge(result.certificate) })),
      'BAD_CERTIFICATE',
    ],
    [
      'by no certificate',
      () => certificates((result) => ({ ...result, certificate: null })),
      'BAD_CERTIFICATE',
    ],
    [
      'by a header with another state',
      () => certificates((result) => ({ ...result, header: flipped(result.header, 300) })),
      'BAD_CERTIFICATE',
    ],
    ['by an older block than asked for', () => certificates((result) => result), 'BAD_PROOF'],
    [
      'by the proof of another account',
      () =>
        lying('eth_getProof', (_result, [, slots, block]) =>
          honest('eth_getProof', [contributors[0]!.address, slots, block]),
        ),
      'BAD_PROOF',
    ],
    [
      'by a proof of another state',
      () =>
        lying('eth_getProof', (_result, [address, slots]) => honest('eth_getProof', [address, slots, '0x1'])),
      'BAD_PROOF',
    ],
    ['by a proof that lacks a node', () => proofs((result) => result.accountProof.pop()), 'BAD_PROOF'],
    [
      'by a changed node',
      () =>
        proofs((result) => {
          result.accountProof = result.accountProof.map((node) => flipped(node))
        }),
      'BAD_PROOF',
    ],
    [
      'by an account’s balance',
      () =>
        proofs((result) => {
          result.balance = flipped(result.balance)
        }),
      'BAD_PROOF',
    ],
    [
      'by an account’s code hash',
      () =>
        proofs((result) => {
          result.codeHash = flipped(result.codeHash)
        }),
      'BAD_PROOF',
    ],
    [
      'by the value of a slot',
      () =>
        withSlot((slot) => {
          slot.value = '0x1234'
        }),
      'BAD_PROOF',
    ],
    [
      'by leaving a slot’s proof empty, as if it were zero',
      () =>
        withSlot((slot) => {
          slot.value = '0x0'
          slot.proof = []
        }),
      'BAD_PROOF',
    ],
    [
      'by leaving a slot out',
      () =>
        proofs((result) => {
          result.storageProof = []
        }),
      'BAD_PROOF',
    ],
    ['by the members of a version', () => lying('eth_getCode', (code: Hex) => flipped(code)), 'BAD_PROOF'],
    ['by an answer of another shape', () => lying('eth_getProof', () => ({ ok: true })), 'BAD_PROOF'],
    ['by another chain id', () => lying('eth_chainId', () => '0x1'), 'BAD_CERTIFICATE'],
  ]

  it.each(lies)('%s is refused', async (name, server, code) => {
    const block = name.includes('older block') ? BigInt(world.height - 5) : undefined
    const rpc = server()
    const wrong: LightRpc = async (method, params) =>
      rpc(method, method === 'openledger_getCertificate' && block !== undefined ? ['latest'] : params)
    expect(await codeOf(prove(block === undefined ? rpc : wrong, block === undefined ? {} : { block }))).toBe(
      code,
    )
  })

  function forge(certificate: Hex): Hex {
    const decoded = decodeCertificate(hexToBytes(certificate))
    const signatures = decoded.signatures.map((one) =>
      Uint8Array.from(one, (byte, at) => (at === 40 ? byte ^ 1 : byte)),
    )
    return bytesToHex(encodeCertificate({ ...decoded, signatures }))
  }
})

describe('openledger verify payout', () => {
  const run = async (changes: Partial<Parameters<typeof verifyPayout>[0]> = {}, clock = new SetClock(0)) => {
    const said: string[] = []
    const emitted: object[] = []
    const output = {
      isJson: false,
      say: (text: string) => said.push(text),
      emit: (event: string, fields = {}) => emitted.push({ event, ...fields }),
    }
    const flags = { receipt: receiptId, trustedHash: genesisHash, maxAge: 600, ...changes }
    const code = await verifyPayout(flags, { rpc: honest, clock, output })
    return { code, said, emitted }
  }

  it('ends well when the credits are proven, and tells of each', async () => {
    const { code, said, emitted } = await run()
    expect(code).toBe(0)
    for (const { address } of contributors) expect(said.join('\n')).toContain(address)
    expect(emitted).toMatchObject([{ event: 'payout', status: 'final', isPaid: true }])
  })

  it('fails for an account that was credited nothing', async () => {
    expect((await run({ contributor: contributors[0]!.address })).code).toBe(0)
    expect((await run({ contributor: `0x${'11'.repeat(20)}` })).code).toBe(1)
  })

  it('fails before the window is closed', async () => {
    const settled = await run({ block: BigInt(await blockOfSettlement()) })
    expect(settled.code).toBe(1)
    expect(settled.emitted).toMatchObject([{ isPaid: false, shares: [] }])
  })

  it('refuses a newest block that is old', async () => {
    const headMs = Number(world.test.chain.head.block.header.timestamp) * 1000
    expect(await codeOf(run({}, new SetClock(headMs + 700_000)))).toBe('BAD_PROOF')
    expect((await run({}, new SetClock(headMs + 500_000))).code).toBe(0)
    expect((await run({ maxAge: 0 }, new SetClock(headMs + 700_000))).code).toBe(0)
  })

  async function blockOfSettlement(): Promise<number> {
    for (let height = 1; height <= world.height; height++) {
      if ((await codeOf(prove(honest, { block: BigInt(height) }))) !== 'NOT_FOUND') return height
    }
    throw new Error('not settled')
  }
})

describe('JSON-RPC over HTTP for proofs', () => {
  const serve = async (body: string | Buffer): Promise<string> => {
    const server = createServer((_request, response) => response.end(body)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const { port } = server.address() as AddressInfo
      const ask = httpLightRpc(`http://127.0.0.1:${port}`)('eth_chainId', [])
      return await ask.then(String, (error: NodeError) => error.code)
    } finally {
      server.close()
    }
  }

  it('gives results, and failures with their codes', async () => {
    expect(await serve('{"jsonrpc":"2.0","id":1,"result":"0x7"}')).toBe('0x7')
    expect(await serve('{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no"}}')).toBe('PEER_FAILED')
    expect(await serve('nonsense')).toBe('BAD_PROOF')
    expect(await serve('[]')).toBe('BAD_PROOF')
    expect(await serve(Buffer.of(0xff, 0xfe))).toBe('BAD_ENCODING')
    expect(await serve(Buffer.alloc(limits.lightRpcBytes + 1, 0x20))).toBe('LIMIT_EXCEEDED')
  })

  it('tells of a server that is not there', async () => {
    expect(await codeOf(httpLightRpc('http://127.0.0.1:9')('eth_chainId', []))).toBe('PEER_UNREACHABLE')
  })
})
