import { statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import type { ConsensusSigner } from '../../../src/consensus/ports.ts'
import { RemoteSigner } from '../../../src/consensus/remoteSigner/client.ts'
import { FrameReader, frameOf } from '../../../src/consensus/remoteSigner/frames.ts'
import {
  decodeSignerAnswer,
  decodeSignerRequest,
  encodeSignerAnswer,
  encodeSignerRequest,
} from '../../../src/consensus/remoteSigner/protocol.ts'
import { SignerServer } from '../../../src/consensus/remoteSigner/server.ts'
import { LocalSigner } from '../../../src/consensus/signer.ts'
import { isNodeError, NodeError } from '../../../src/errors/errors.ts'
import { decodeVote, type UnsignedVote, voteDigest } from '../../../src/ledger/vote.ts'
import { recoverAddress } from '../../../src/primitives/secp256k1.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { SimClock } from '../../sim/lib/simClock.ts'
import { temporaryFolder } from '../../support/temporaryFolder.ts'
import { EngineBench, SELF } from './engineBench.ts'
import { MemoryFiles } from './memoryFiles.ts'
import { addressOf, domain, HEIGHT, hashOf, keyOf } from './support.ts'

const V = hashOf('v')
const W = hashOf('w')
const folder = temporaryFolder()
const socketPath = () => join(folder(), 'signer.sock')
const running: { stop(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop()
})

async function serve(files = new MemoryFiles(), given?: ConsensusSigner): Promise<SignerServer> {
  const signer =
    given ?? (await LocalSigner.open({ privateKey: keyOf(0), domain, stateFile: 'signer.json' }, { files }))
  const server = new SignerServer({ path: socketPath(), domain }, { signer, logger: silentLogger })
  await server.start()
  running.push(server)
  return server
}

async function client(changes: { address?: number; genesis?: string } = {}): Promise<RemoteSigner> {
  const options = {
    path: socketPath(),
    address: addressOf(changes.address ?? 0),
    domain: changes.genesis === undefined ? domain : { ...domain, genesisHash: hashOf(changes.genesis) },
  }
  const signer = new RemoteSigner(options, { clock: systemClock, logger: silentLogger })
  await signer.start()
  running.push(signer)
  return signer
}

function ballot(changes: Partial<UnsignedVote> = {}): UnsignedVote {
  return { type: 'prevote', height: 5, round: 1, blockHash: V, validator: addressOf(0), ...changes }
}

/** Bounded: a signer comes back within some redials. */
async function signEventually(signer: RemoteSigner, vote: UnsignedVote): Promise<Uint8Array> {
  for (let tries = 0; tries < 400; tries++) {
    try {
      return await signer.signVote(vote)
    } catch (error) {
      if (!isNodeError(error, 'SIGNER_UNAVAILABLE')) throw error
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  throw new Error('the signer did not come back')
}

describe('a remote signer', () => {
  it('signs as the local one does, over a socket that only its owner may use', async () => {
    await serve()
    const signer = await client()
    const signature = await signer.signVote(ballot())
    expect(recoverAddress(voteDigest(domain, ballot()), signature)).toBe(addressOf(0))
    expect(await signer.signVote(ballot())).toEqual(signature)
    const local = await LocalSigner.open(
      { privateKey: keyOf(0), domain, stateFile: 's' },
      { files: new MemoryFiles() },
    )
    const proposal = { height: 6, round: 0, validRound: -1, blockHash: V, proposer: addressOf(0) }
    expect(await signer.signProposal(proposal)).toEqual(await local.signProposal(proposal))
    expect(statSync(socketPath()).mode & 0o777).toBe(0o600)
  })

  it('gives two nodes that ask for different votes of one place one signature together', async () => {
    await serve()
    const [one, other] = [await client(), await client()]
    const outcomes = await Promise.allSettled(
      [V, W, null].flatMap((blockHash) => [one, other].map((node) => node.signVote(ballot({ blockHash })))),
    )
    const signed = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    expect(signed).toHaveLength(2)
    expect(signed[0]).toEqual(signed[1])
    for (const reason of refused) expect(reason).toMatchObject({ code: 'DOUBLE_SIGN_REFUSED' })
  })

  it('refuses a double sign after it was started again, and is found again by its node', async () => {
    const files = new MemoryFiles()
    const first = await serve(files)
    const signer = await client()
    await signer.signVote(ballot())
    await first.stop()
    await expect(signEventuallyFails(signer)).resolves.toBe('SIGNER_UNAVAILABLE')
    await serve(files)
    await signEventually(signer, ballot())
    await expect(signer.signVote(ballot({ blockHash: W }))).rejects.toMatchObject({
      code: 'DOUBLE_SIGN_REFUSED',
    })
  })

  it('lets a node start without it', async () => {
    const signer = await client()
    await expect(signer.signVote(ballot())).rejects.toMatchObject({ code: 'SIGNER_UNAVAILABLE' })
    await serve()
    const signature = await signEventually(signer, ballot())
    expect(recoverAddress(voteDigest(domain, ballot()), signature)).toBe(addressOf(0))
  })

  it('is not used with another key or for another chain', async () => {
    await serve()
    const stranger = await client({ address: 1 })
    await expect(stranger.signVote(ballot({ validator: addressOf(1) }))).rejects.toMatchObject({
      code: 'SIGNER_UNAVAILABLE',
    })
    const elsewhere = await client({ genesis: 'another' })
    await expect(elsewhere.signVote(ballot())).rejects.toMatchObject({ code: 'SIGNER_UNAVAILABLE' })
  })

  it('is waited for once when it hangs, and not again before it answers a greeting', async () => {
    const never = () => new Promise<Uint8Array>(() => undefined)
    const hanging = { address: addressOf(0), signVote: never, signProposal: never }
    const server = new SignerServer({ path: socketPath(), domain }, { signer: hanging, logger: silentLogger })
    await server.start()
    const clock = new SimClock(0)
    const options = { path: socketPath(), address: addressOf(0), domain }
    const signer = new RemoteSigner(options, { clock, logger: silentLogger })
    await signer.start()
    expect(signer.isConnected).toBe(true)
    const first = signer.signVote(ballot())
    first.catch(() => undefined)
    await clock.advance(limits.signerAnswerMs)
    await expect(first).rejects.toMatchObject({ code: 'SIGNER_UNAVAILABLE' })
    expect(signer.isConnected).toBe(false)
    // fails without any time passing
    await expect(signer.signVote(ballot())).rejects.toMatchObject({ code: 'SIGNER_UNAVAILABLE' })
    await signer.stop()
    // it would answer its request first, which it never does
    void server.stop()
  })

  it('is not believed when its signature is another', async () => {
    const local = await LocalSigner.open(
      { privateKey: keyOf(1), domain, stateFile: 's' },
      { files: new MemoryFiles() },
    )
    await serve(new MemoryFiles(), {
      address: addressOf(0),
      signVote: (vote) => local.signVote(vote),
      signProposal: (proposal) => local.signProposal(proposal),
    })
    const signer = await client()
    await expect(signer.signVote(ballot())).rejects.toMatchObject({ code: 'SIGNER_UNAVAILABLE' })
  })

  it('refuses a socket that another signer uses, and takes one that was left behind', async () => {
    const first = await serve()
    await expect(serve()).rejects.toMatchObject({ code: 'BAD_CONFIG' })
    expect((await client()).isConnected).toBe(true)
    await first.stop()
    await serve()
  })

  it('signs nothing on a connection that has not named its chain', async () => {
    await serve()
    const answer = await raw(frameOf(encodeSignerRequest({ id: 7, body: { kind: 'vote', vote: ballot() } })))
    const [message] = new FrameReader().push(answer)
    expect(decodeSignerAnswer(message!)).toMatchObject({
      id: 7,
      body: { kind: 'failure', code: 'BAD_REQUEST' },
    })
  })

  it('signs in no other validator’s name', async () => {
    await serve()
    const hello = frameOf(encodeSignerRequest({ id: 1, body: { kind: 'hello', domain } }))
    const stranger = ballot({ validator: addressOf(1) })
    const asked = frameOf(encodeSignerRequest({ id: 2, body: { kind: 'vote', vote: stranger } }))
    const messages = new FrameReader().push(await raw(Buffer.concat([hello, asked]), 2))
    expect(messages.map((message) => decodeSignerAnswer(message).body)).toMatchObject([
      { kind: 'address', address: addressOf(0) },
      { kind: 'failure', code: 'BAD_REQUEST' },
    ])
  })

  it.each([
    ['a frame that is too long', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1)],
    ['bytes that are no message', frameOf(Uint8Array.of(1, 2, 3))],
  ])('cuts off whoever sends %s', async (_, bytes) => {
    await serve()
    expect(await raw(bytes)).toHaveLength(0)
  })
})

describe('the validator whose signer is away', () => {
  it('is silent, and gives the very votes that were missing when the signer is back', async () => {
    const local = await LocalSigner.open(
      { privateKey: keyOf(SELF), domain, stateFile: 'signer.json' },
      { files: new MemoryFiles() },
    )
    let isAway = true
    const guarded = <T>(work: () => Promise<T>): Promise<T> =>
      isAway ? Promise.reject(new NodeError('SIGNER_UNAVAILABLE', 'away')) : work()
    const bench = await new EngineBench().start(SELF, {
      address: addressOf(SELF),
      signVote: (vote) => guarded(() => local.signVote(vote)),
      signProposal: (proposal) => guarded(() => local.signProposal(proposal)),
    })
    await bench.pass(10_000)
    expect(bench.fatal).toEqual([])
    expect(bench.transport.votes).toEqual([])
    isAway = false
    await bench.pass(1_000)
    // alone it saw no proposal: it prevotes nil in round 0, late and not never
    expect(bench.transport.votes.map(decodeVote)).toMatchObject([
      { type: 'prevote', height: HEIGHT, round: 0, blockHash: null },
    ])
    await bench.engine.stop()
  })
})

describe('what node and signer say to each other', () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => hashOf(String(bytes)))
  const place = { height: fc.nat(), round: fc.nat(), blockHash: hash }
  const vote = fc.record({
    ...place,
    type: fc.constantFrom('prevote' as const, 'precommit' as const),
    blockHash: fc.option(hash),
    validator: fc.constantFrom(addressOf(0), addressOf(1)),
  })
  const proposal = fc.record({
    ...place,
    validRound: fc.integer({ min: -1, max: 1000 }),
    proposer: fc.constant(addressOf(2)),
  })

  it('comes out as it went in, in whatever pieces it arrives', () => {
    const request = fc.oneof(
      vote.map((one) => ({ kind: 'vote' as const, vote: one })),
      proposal.map((one) => ({ kind: 'proposal' as const, proposal: one })),
      fc.constant({ kind: 'hello' as const, domain }),
    )
    fc.assert(
      fc.property(fc.array(request, { maxLength: 4 }), fc.integer({ min: 1, max: 50 }), (bodies, size) => {
        const sent = bodies.map((body, id) => ({ id, body }))
        const bytes = Buffer.concat(sent.map((one) => frameOf(encodeSignerRequest(one))))
        const reader = new FrameReader()
        const received = []
        for (let at = 0; at < bytes.length; at += size)
          received.push(...reader.push(bytes.subarray(at, at + size)))
        expect(received.map(decodeSignerRequest)).toEqual(sent)
      }),
    )
  })

  it('fails with codes only, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const decode of [decodeSignerRequest, decodeSignerAnswer]) {
          try {
            decode(bytes)
          } catch (error) {
            expect(isNodeError(error)).toBe(true)
          }
        }
      }),
    )
  })

  it('fits into its frame also with the longest sentence', () => {
    const message = '€'.repeat(1_000)
    const bytes = encodeSignerAnswer({ id: 0, body: { kind: 'failure', code: 'INTERNAL', message } })
    expect(bytes.length).toBeLessThanOrEqual(limits.signerFrameBytes)
  })
})

/** What the server says to these bytes, until it closes or has answered so often. */
function raw(bytes: Uint8Array, answers = 1): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const socket = connect(socketPath(), () => socket.write(bytes))
    const reader = new FrameReader()
    let received = Buffer.alloc(0)
    let count = 0
    socket.on('data', (answer) => {
      received = Buffer.concat([received, answer])
      count += reader.push(answer).length
      if (count < answers) return
      socket.destroy()
      resolve(received)
    })
    socket.once('close', () => resolve(received))
    socket.on('error', () => undefined)
  })
}

async function signEventuallyFails(signer: RemoteSigner): Promise<string> {
  for (let tries = 0; tries < 400; tries++) {
    try {
      await signer.signVote(ballot())
    } catch (error) {
      return isNodeError(error) ? error.code : String(error)
    }
  }
  return 'signed'
}
