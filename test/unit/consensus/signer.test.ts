import { describe, expect, it } from 'vitest'
import { LocalSigner } from '../../../src/consensus/signer.ts'
import { proposalDigest, type UnsignedVote, voteDigest } from '../../../src/ledger/vote.ts'
import { utf8ToBytes } from '../../../src/primitives/bytes.ts'
import { recoverAddress } from '../../../src/primitives/secp256k1.ts'
import { MemoryFiles } from './memoryFiles.ts'
import { addressOf, domain, hashOf, keyOf } from './support.ts'

const V = hashOf('v')
const W = hashOf('w')
const FILE = 'signer.json'

const open = (files: MemoryFiles, changes: { key?: number; genesis?: string } = {}) =>
  LocalSigner.open(
    {
      privateKey: keyOf(changes.key ?? 0),
      domain: changes.genesis === undefined ? domain : { ...domain, genesisHash: hashOf(changes.genesis) },
      stateFile: FILE,
    },
    { files },
  )

function ballot(changes: Partial<UnsignedVote> = {}): UnsignedVote {
  return { type: 'prevote', height: 5, round: 1, blockHash: V, validator: addressOf(0), ...changes }
}

describe('the local signer', () => {
  it('signs what its address is recovered from', async () => {
    const signer = await open(new MemoryFiles())
    expect(signer.address).toBe(addressOf(0))
    const signature = await signer.signVote(ballot())
    expect(recoverAddress(voteDigest(domain, ballot()), signature)).toBe(addressOf(0))
    const unsigned = { height: 6, round: 0, validRound: -1, blockHash: V, proposer: addressOf(0) }
    const other = await signer.signProposal(unsigned)
    expect(recoverAddress(proposalDigest(domain, unsigned), other)).toBe(addressOf(0))
  })

  it('gives back the same signature for the same vote, without another write', async () => {
    const files = new MemoryFiles()
    const signer = await open(files)
    const first = await signer.signVote(ballot())
    const writes = files.done.length
    expect(await signer.signVote(ballot())).toEqual(first)
    expect(files.done).toHaveLength(writes)
  })

  it.each([
    ['another block', { blockHash: W }],
    ['nil', { blockHash: null }],
    ['an earlier round', { round: 0 }],
    ['an earlier height', { height: 4, round: 9 }],
  ])('refuses %s', async (_, changes) => {
    const signer = await open(new MemoryFiles())
    await signer.signVote(ballot())
    await expect(signer.signVote(ballot(changes))).rejects.toMatchObject({ code: 'DOUBLE_SIGN_REFUSED' })
  })

  it('refuses a second proposal, and one after the votes of its round', async () => {
    const signer = await open(new MemoryFiles())
    const unsigned = { height: 5, round: 1, validRound: -1, blockHash: V, proposer: addressOf(0) }
    await signer.signProposal(unsigned)
    const refused = { code: 'DOUBLE_SIGN_REFUSED' }
    await expect(signer.signProposal({ ...unsigned, blockHash: W })).rejects.toMatchObject(refused)
    await expect(signer.signProposal({ ...unsigned, validRound: 0 })).rejects.toMatchObject(refused)
    await signer.signVote(ballot())
    await expect(signer.signProposal(unsigned)).rejects.toMatchObject(refused)
  })

  it('takes the steps of a round and its successors in order', async () => {
    const signer = await open(new MemoryFiles())
    const places = [
      ballot(),
      ballot({ type: 'precommit', blockHash: null }),
      ballot({ round: 2, blockHash: W }),
      ballot({ height: 6, round: 0 }),
    ]
    for (const place of places) {
      expect(recoverAddress(voteDigest(domain, place), await signer.signVote(place))).toBe(addressOf(0))
    }
  })

  it('remembers after a restart', async () => {
    const files = new MemoryFiles()
    const signature = await (await open(files)).signVote(ballot())
    const again = await open(files)
    expect(await again.signVote(ballot())).toEqual(signature)
    await expect(again.signVote(ballot({ blockHash: W }))).rejects.toMatchObject({
      code: 'DOUBLE_SIGN_REFUSED',
    })
  })

  it('gives no signature out that it could not remember', async () => {
    const files = new MemoryFiles()
    const signer = await open(files)
    files.failWrites = true
    await expect(signer.signVote(ballot())).rejects.toThrow('the disk is gone')
    files.failWrites = false
    expect(files.contents.has(FILE)).toBe(false)
    await signer.signVote(ballot({ blockHash: W }))
    expect(files.contents.has(FILE)).toBe(true)
  })

  it('gives one signature to two that ask for different ones at once', async () => {
    const signer = await open(new MemoryFiles())
    const results = await Promise.allSettled([
      signer.signVote(ballot()),
      signer.signVote(ballot({ blockHash: W })),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  })
})

describe('a state file', () => {
  it('that does not read stops the start', async () => {
    const files = new MemoryFiles()
    files.contents.set(FILE, utf8ToBytes('{"height": 1'))
    await expect(open(files)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    files.contents.set(FILE, utf8ToBytes('{"version": 1, "height": 1}'))
    await expect(open(files)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
  })

  it('of another key or chain stops the start', async () => {
    const files = new MemoryFiles()
    await (await open(files)).signVote(ballot())
    await expect(open(files, { key: 1 })).rejects.toMatchObject({ code: 'BAD_CONFIG' })
    await expect(open(files, { genesis: 'other' })).rejects.toMatchObject({ code: 'WRONG_CHAIN' })
  })
})

it('refuses what is no private key', async () => {
  const options = { privateKey: new Uint8Array(32), domain, stateFile: FILE }
  await expect(LocalSigner.open(options, { files: new MemoryFiles() })).rejects.toMatchObject({
    code: 'BAD_CONFIG',
  })
})
