import { TypedDataEncoder } from 'ethers'
import fc from 'fast-check'
import { encodeAbiParameters, hashStruct, hashTypedData, keccak256 } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { describe, expect, it } from 'vitest'
import { iProofOfAttributionAbi } from '../../../../contracts/generated/IProofOfAttribution.ts'
import { ATTRIBUTION_ADDRESS } from '../../../../precompiles/addresses.ts'
import {
  contentCommitment,
  evidenceDigest,
  opensCommitment,
  verdictCommitment,
} from '../../../../src/ai/receipts/commitments.ts'
import {
  type InferenceRequest,
  type ReceiptDomain,
  receiptHashes,
  receiptIdOf,
  receiptTypes,
  recoverSigner,
  signReceipt,
  signRequest,
  typedDataDomain,
  withWalletV,
} from '../../../../src/ai/receipts/typedData.ts'
import { bytesToHex, type Hash, type Hex } from '../../../../src/primitives/hex.ts'
import { testHash } from '../../../support/precompileWorld.ts'
import { host, keyOf, requester } from '../../../support/receiptWorld.ts'

const domain: ReceiptDomain = {
  chainId: 161212n,
  genesisHash: testHash('genesis'),
  verifyingContract: ATTRIBUTION_ADDRESS,
}

const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => bytesToHex(value))
const uint = (bits: number) => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n })
const requests: fc.Arbitrary<InferenceRequest> = fc.record({
  requester: hex(20),
  host: hex(20),
  adapterId: uint(64),
  adapterVersion: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  application: hex(20),
  inputCommitment: hex(32),
  maxFeeWei: uint(256),
  nonce: uint(256),
  deadlineBlock: uint(64),
  auditClass: fc.integer({ min: 0, max: 255 }),
})
const answers = fc.record({
  outputCommitment: hex(32),
  inputTokens: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  outputTokens: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  method: fc.integer({ min: 0, max: 255 }),
  profileHash: hex(32),
  queryRow: fc.uint8Array({ maxLength: 64 }),
})
const TYPES = receiptTypes

describe('the typed data of requests and receipts', () => {
  it('hashes as viem and ethers hash it', () => {
    fc.assert(
      fc.property(requests, answers, (request, answer) => {
        const message = { ...request, genesisHash: domain.genesisHash }
        const types = { InferenceRequest: TYPES.InferenceRequest }
        const viemId = hashTypedData({
          domain: typedDataDomain(domain),
          types,
          primaryType: 'InferenceRequest',
          message: message as never,
        })
        const ethersId = TypedDataEncoder.hash(
          typedDataDomain(domain),
          { InferenceRequest: [...TYPES.InferenceRequest] },
          message,
        )
        const hashes = receiptHashes(domain, { request, ...answer })
        expect(receiptIdOf(domain, request)).toBe(viemId)
        expect(hashes.receiptId).toBe(ethersId)

        const receipt = { ...answer, requestHash: viemId, queryRowHash: keccak256(answer.queryRow) }
        const typed = {
          types: { InferenceReceipt: TYPES.InferenceReceipt },
          primaryType: 'InferenceReceipt' as const,
        }
        expect(hashes.queryRowHash).toBe(receipt.queryRowHash)
        expect(hashes.receiptHash).toBe(hashStruct({ ...typed, data: receipt } as never))
        expect(hashes.receiptDigest).toBe(
          hashTypedData({ domain: typedDataDomain(domain), ...typed, message: receipt as never }),
        )
      }),
      { numRuns: 50 },
    )
  })

  it('has the types that the interface documents', () => {
    const typeOf = (fields: readonly { name: string; type: string }[]) =>
      fields.map(({ name, type }) => `${type} ${name}`).join(',')
    // IProofOfAttribution, "Signatures (EIP-712)"
    expect(typeOf(TYPES.InferenceRequest)).toBe(
      'address requester,address host,uint64 adapterId,uint32 adapterVersion,address application,' +
        'bytes32 inputCommitment,uint256 maxFeeWei,uint256 nonce,uint64 deadlineBlock,uint8 auditClass,bytes32 genesisHash',
    )
    expect(typeOf(TYPES.InferenceReceipt)).toBe(
      'bytes32 requestHash,bytes32 outputCommitment,uint32 inputTokens,uint32 outputTokens,' +
        'bytes32 queryRowHash,uint8 method,bytes32 profileHash',
    )
  })

  it('is signed and recovered as wallets do it', async () => {
    const [request] = fc.sample(requests, { numRuns: 1, seed: 7 })
    const [answer] = fc.sample(answers, { numRuns: 1, seed: 7 })
    const own = { ...request!, requester: requester.address }
    const signature = signRequest(domain, own, keyOf(requester))
    const wallet = await privateKeyToAccount(requester.privateKey).signTypedData({
      domain: typedDataDomain(domain),
      types: { InferenceRequest: TYPES.InferenceRequest },
      primaryType: 'InferenceRequest',
      message: { ...own, genesisHash: domain.genesisHash } as never,
    })
    expect(bytesToHex(signature)).toBe(wallet)
    expect(recoverSigner(receiptIdOf(domain, own), signature)).toBe(requester.address)
    const receipt = signReceipt(
      domain,
      { request: own, ...answer!, requesterSignature: signature },
      keyOf(host),
    )
    const { receiptDigest } = receiptHashes(domain, receipt)
    expect(recoverSigner(receiptDigest, receipt.hostSignature)).toBe(host.address)
  })

  it('recovers from both forms of v, and from nothing else', () => {
    const digest = testHash('digest')
    const signature = signRequest(domain, fc.sample(requests, 1)[0]!, keyOf(requester))
    const bare = Uint8Array.from(signature)
    bare[64] = bare[64]! - 27
    expect(recoverSigner(digest, bare)).toBe(recoverSigner(digest, signature))
    expect(withWalletV(bare)).toEqual(signature)
    for (const v of [2, 26, 29, 255]) {
      const wrong = Uint8Array.from(signature)
      wrong[64] = v
      expect(() => recoverSigner(digest, wrong)).toThrow(expect.objectContaining({ code: 'BAD_SIGNATURE' }))
    }
    expect(() => recoverSigner(digest, signature.subarray(1))).toThrow(
      expect.objectContaining({ code: 'BAD_SIGNATURE' }),
    )
  })
})

describe('commitments', () => {
  const salt = Uint8Array.from({ length: 32 }, (_, n) => n)
  const content = new TextEncoder().encode('häufig')

  it('to contents are keccak256(abi.encode(salt, keccak256(content)))', () => {
    const encoded = encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'bytes32' }],
      [bytesToHex(salt), keccak256(content)],
    )
    expect(contentCommitment(salt, content)).toBe(keccak256(encoded))
    expect(opensCommitment(keccak256(encoded), salt, content)).toBe(true)
    expect(opensCommitment(keccak256(encoded), salt, content.subarray(1))).toBe(false)
    // a longer salt could take bytes of the content's hash
    expect(opensCommitment(keccak256(encoded), salt.subarray(1), content)).toBe(false)
  })

  it('to verdicts are abi.encode of the auditor and the arguments of the reveal', () => {
    const verdicts = [1, 2, 3].map((verdict) => ({
      receiptId: testHash(`receipt ${verdict}`),
      verdict,
      digest: testHash(`digest ${verdict}`),
    }))
    const reveal = iProofOfAttributionAbi.find(
      (item) => item.type === 'function' && item.name === 'revealAudit',
    )
    const encoded = encodeAbiParameters(
      [{ name: 'auditor', type: 'address' }, ...reveal!.inputs] as never,
      [
        host.address,
        verdicts.map((one) => one.receiptId),
        verdicts.map((one) => one.verdict),
        verdicts.map((one) => one.digest),
        testHash('salt'),
      ] as never,
    )
    expect(verdictCommitment(host.address, verdicts, testHash('salt'))).toBe(keccak256(encoded))
  })

  it('of auditors to a chain and a receipt differ in each part', () => {
    const digest = (genesis: Hash, receipt: Hash, auditor: Hex) =>
      bytesToHex(evidenceDigest(genesis, receipt, auditor))
    const [a, b] = [testHash('a'), testHash('b')]
    const all = [
      digest(a, a, host.address),
      digest(b, a, host.address),
      digest(a, b, host.address),
      digest(a, a, requester.address),
    ]
    expect(new Set(all).size).toBe(4)
    const bytes = `0x${Buffer.from('openledger/audit-evidence/1').toString('hex')}${a.slice(2)}${a.slice(2)}${host.address.slice(2)}`
    expect(all[0]).toBe(keccak256(bytes as Hex))
  })
})
