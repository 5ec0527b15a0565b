import { beforeAll, describe, expect, it } from 'vitest'
import { checkCertificate, makeCertificate } from '../../../../src/ledger/certificate.ts'
import { ValidatorSet } from '../../../../src/ledger/validators.ts'
import { devnetValidator } from '../../../../src/node/devnet/keys.ts'
import type { Hash } from '../../../../src/primitives/hex.ts'
import { silentLogger } from '../../../../src/runtime/logger.ts'
import { MemoryStore } from '../../../../src/storage/memoryStore.ts'
import {
  decodeEpochRecord,
  type EpochRecord,
  encodeEpochRecord,
  followEpoch,
  openEpochRecord,
  type VerifiedEpoch,
} from '../../../../src/sync/epochs/epochRecord.ts'
import { EpochRecorder } from '../../../../src/sync/epochs/epochRecorder.ts'
import { EpochStore } from '../../../../src/sync/epochs/epochStore.ts'
import { TestChain } from '../../../support/chain.ts'
import { thrownCode } from '../../../support/network/outcome.ts'
import { epochChain, shortEpochs } from '../../../support/sync/epochs.ts'

const EPOCH_BLOCKS = 3
const genesis = await shortEpochs(EPOCH_BLOCKS)

let kv: MemoryStore
let test: TestChain
let store: EpochStore
let recorder: EpochRecorder

async function startRecorder(): Promise<void> {
  store = await EpochStore.open(kv)
  recorder = new EpochRecorder(
    { epochBlocks: EPOCH_BLOCKS },
    { chain: epochChain(test.chain), store, kv, logger: silentLogger },
  )
  await recorder.start()
}

const record = (epoch: number): EpochRecord => store.record(epoch)!
const genesisEpoch = (): VerifiedEpoch => openEpochRecord(test.chain.genesisHash, record(0))

beforeAll(async () => {
  kv = new MemoryStore()
  test = await TestChain.open({ kv, genesis })
  await startRecorder()
  await test.mineEmpty(7)
  await recorder.idle()
})

describe('epoch records', () => {
  it('are made at the end of each epoch, and one of genesis', () => {
    expect(store.latest).toBe(2)
    expect([0, 1, 2].map((epoch) => openHeight(record(epoch)))).toEqual([0, 3, 6])
    expect(store.record(3)).toBeUndefined()
  })

  it('lead from genesis to the set that votes now, each verified from the one before', () => {
    const first = followEpoch(test.chain.signingDomain, genesisEpoch(), record(1))
    const second = followEpoch(test.chain.signingDomain, first, record(2))
    expect(second.header.hash).toBe(hashOf(6))
    expect(second.nextSet.validators).toEqual(test.chain.head.nextSet.validators)
    expect(second.genesisHash).toBe(test.chain.genesisHash)
    const certificate = test.chain.store.certificate(7)!
    checkCertificate(test.chain.signingDomain, second.nextSet, certificate)
  })

  it('can be opened at any trusted hash, without those before', () => {
    const second = openEpochRecord(hashOf(6), record(2))
    expect(second).toMatchObject({ epoch: 2, genesisHash: test.chain.genesisHash })
    expect(thrownCode(() => openEpochRecord(hashOf(5), record(2)))).toBe('BAD_PROOF')
  })

  it('come back from bytes as they were', () => {
    for (const epoch of [0, 1, 2])
      expect(plain(decodeEpochRecord(encodeEpochRecord(record(epoch))))).toEqual(plain(record(epoch)))
    const [first] = store.range(1, 1)
    expect(Buffer.compare(first!, encodeEpochRecord(record(1)))).toBe(0)
    expect(store.range(1, 10)).toHaveLength(2)
    expect(store.range(3, 10)).toHaveLength(0)
  })

  it('that were not made before a crash are made at the next start', async () => {
    const late = new MemoryStore()
    test = await TestChain.open({ kv: late, genesis })
    await test.mineEmpty(7)
    kv = late
    await startRecorder()
    expect(store.latest).toBe(2)
    await recorder.stop()
    await test.mineEmpty(2)
    expect(store.latest).toBe(2)
    await startRecorder()
    expect(store.latest).toBe(3)
  })
})

describe('a record that lies', () => {
  const follow = (changes: Partial<EpochRecord>, previous = genesisEpoch()) =>
    thrownCode(() => followEpoch(test.chain.signingDomain, previous, { ...record(1), ...changes }))

  it('about nothing is taken', () => {
    expect(() => followEpoch(test.chain.signingDomain, genesisEpoch(), record(1))).not.toThrow()
  })

  it('by its certificate is refused', () => {
    const honest = record(1).certificate!
    expect(follow({ certificate: null })).toBe('BAD_CERTIFICATE')
    expect(follow({ certificate: record(2).certificate })).toBe('BAD_CERTIFICATE')
    // two of four signers
    const votes = honest.signatures.slice(0, 2)
    expect(follow({ certificate: { ...honest, signers: Uint8Array.of(3), signatures: votes } })).toBe(
      'BAD_CERTIFICATE',
    )
    const forged = honest.signatures.map((signature) =>
      Uint8Array.from(signature, (byte, at) => (at === 5 ? byte ^ 1 : byte)),
    )
    expect(follow({ certificate: { ...honest, signatures: forged } })).toBe('BAD_CERTIFICATE')
    const nonsense = honest.signatures.map(() => new Uint8Array(65).fill(255))
    expect(follow({ certificate: { ...honest, signatures: nonsense } })).toBe('BAD_CERTIFICATE')
  })

  it('by another header is refused', () => {
    expect(follow({ header: record(2).header })).toBe('BAD_CERTIFICATE')
    const header = Uint8Array.from(record(1).header)
    // a byte of the state root
    header[100] = (header[100] ?? 0) ^ 1
    expect(follow({ header })).toBe('BAD_CERTIFICATE')
  })

  it('about the set is refused', () => {
    const { proof } = record(1)
    for (const [left, node] of proof.entries()) {
      expect(follow({ proof: proof.filter((one) => one !== node) }), `node ${left}`).toBe('BAD_PROOF')
    }
    const last = proof.at(-1)!
    const changed = Uint8Array.from(last, (byte, at) => (at === last.length - 1 ? byte ^ 1 : byte))
    expect(follow({ proof: [...proof.slice(0, -1), changed] })).toBe('BAD_PROOF')
    expect(follow({ proof: [] })).toBe('BAD_PROOF')
  })

  it('by its place is refused', () => {
    expect(follow({ epoch: 2 })).toBe('BAD_CERTIFICATE')
    const first = followEpoch(test.chain.signingDomain, genesisEpoch(), record(1))
    expect(follow({ epoch: 2 }, first)).toBe('BAD_CERTIFICATE')
  })

  it('because another set decided it is refused', () => {
    const others = [5, 6, 7].map((index) => ({ ...validator(index), power: 10_000n }))
    const previous = { ...genesisEpoch(), nextSet: new ValidatorSet(others) }
    expect(follow({}, previous)).toBe('BAD_CERTIFICATE')
    expect(() => makeCertificate(previous.nextSet, [])).toThrow()
  })

  it('because it is of another chain is refused', () => {
    const domain = { ...test.chain.signingDomain, genesisHash: hashOf(3) }
    expect(thrownCode(() => followEpoch(domain, genesisEpoch(), record(1)))).toBe('BAD_CERTIFICATE')
  })
})

function validator(index: number) {
  const { consensus, feeRecipient } = devnetValidator(index)
  return { address: consensus.address, feeRecipient: feeRecipient.address }
}

function hashOf(height: number): Hash {
  return `0x${Buffer.from(test.chain.store.block(height)!.hash()).toString('hex')}`
}

function openHeight(one: EpochRecord): number {
  const trusted = hashOf(one.epoch * EPOCH_BLOCKS)
  return openEpochRecord(trusted, one).header.height
}

const plain = (value: unknown) =>
  JSON.parse(
    JSON.stringify(value, (_key, one) =>
      one instanceof Uint8Array ? Buffer.from(one).toString('hex') : one,
    ),
  )
