import { connect, type Socket } from 'node:net'
import { limits } from '../../config/limits.ts'
import { messageOf, NodeError } from '../../errors/errors.ts'
import {
  proposalDigest,
  type SigningDomain,
  type UnsignedProposal,
  type UnsignedVote,
  voteDigest,
} from '../../ledger/vote.ts'
import type { Address } from '../../primitives/hex.ts'
import { recoverAddress } from '../../primitives/secp256k1.ts'
import type { Cancel, Clock } from '../../runtime/clock.ts'
import type { Service } from '../../runtime/lifecycle.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { ConsensusSigner } from '../ports.ts'
import { FrameReader, frameOf } from './frames.ts'
import { decodeSignerAnswer, encodeSignerRequest, type SignerAnswer, type SignerRequest } from './protocol.ts'

export interface RemoteSignerOptions {
  /** Path of the signer's socket. */
  readonly path: string
  /** Address of the consensus key that the signer must hold. */
  readonly address: Address
  readonly domain: SigningDomain
}

export interface RemoteSignerModules {
  readonly clock: Clock
  readonly logger: Logger
}

interface Waiting {
  readonly resolve: (answer: SignerAnswer) => void
  readonly reject: (error: unknown) => void
  readonly cancelTimer: Cancel
}

/**
 * The consensus key in another process. While that one is away every request fails at once with SIGNER_UNAVAILABLE,
 * which makes the validator silent and does not stop the node; the connection is tried again, with growing pauses.
 */
export class RemoteSigner implements ConsensusSigner, Service {
  readonly name = 'remote signer'
  readonly address: Address
  readonly #options: RemoteSignerOptions
  readonly #modules: RemoteSignerModules
  readonly #waiting = new Map<number, Waiting>()
  #socket: Socket | undefined
  #isReady = false
  #isStopped = false
  #nextId = 0
  #pauseMs: number = limits.signerRedialFirstMs
  #cancelRedial: Cancel | undefined

  constructor(options: RemoteSignerOptions, modules: RemoteSignerModules) {
    this.address = options.address
    this.#options = options
    this.#modules = modules
  }

  /** Resolves after the first attempt, whatever came of it: a node starts also without its signer. */
  async start(): Promise<void> {
    await this.#dial()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelRedial?.()
    this.#drop(this.#socket)
  }

  get isConnected(): boolean {
    return this.#isReady
  }

  async signVote(vote: UnsignedVote): Promise<Uint8Array> {
    return this.#signature({ kind: 'vote', vote }, voteDigest(this.#options.domain, vote))
  }

  async signProposal(proposal: UnsignedProposal): Promise<Uint8Array> {
    return this.#signature({ kind: 'proposal', proposal }, proposalDigest(this.#options.domain, proposal))
  }

  async #signature(request: SignerRequest, digest: Uint8Array): Promise<Uint8Array> {
    const socket = this.#socket
    if (!this.#isReady || socket === undefined) throw unavailable('The signer is not connected.')
    const answer = await this.#ask(socket, request)
    if (answer.kind === 'failure') throw failureOf(answer)
    if (answer.kind !== 'signature' || !this.#isOwn(digest, answer.signature)) {
      this.#drop(socket)
      throw unavailable('The signer answered with something else than a signature of the consensus key.')
    }
    return answer.signature
  }

  #isOwn(digest: Uint8Array, signature: Uint8Array): boolean {
    try {
      return recoverAddress(digest, signature) === this.address
    } catch {
      return false
    }
  }

  #ask(socket: Socket, request: SignerRequest): Promise<SignerAnswer> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId
      this.#nextId = (this.#nextId + 1) % 0x1_0000_0000
      const cancelTimer = this.#modules.clock.after(limits.signerAnswerMs, () => {
        this.#waiting.delete(id)
        reject(unavailable(`The signer did not answer within ${limits.signerAnswerMs} ms.`))
        // consensus waits for each signature: one that hangs must not hold it up again and again
        this.#drop(socket)
      })
      this.#waiting.set(id, { resolve, reject, cancelTimer })
      socket.write(frameOf(encodeSignerRequest({ id, body: request })))
    })
  }

  async #dial(): Promise<void> {
    const { path, address, domain } = this.#options
    const { logger } = this.#modules
    const socket = connect(path)
    this.#socket = socket
    const reader = new FrameReader()
    socket.on('data', (bytes) => this.#receive(socket, reader, bytes))
    socket.once('close', () => this.#closed(socket))
    socket.on('error', () => socket.destroy())
    try {
      await connected(socket)
      const answer = await this.#ask(socket, { kind: 'hello', domain })
      if (answer.kind === 'failure') throw failureOf(answer)
      if (answer.kind !== 'address' || answer.address !== address) {
        const found = answer.kind === 'address' ? answer.address : 'none'
        throw new NodeError(
          'BAD_CONFIG',
          `The signer holds the key of ${found}; this validator is ${address}.`,
        )
      }
      this.#isReady = true
      this.#pauseMs = limits.signerRedialFirstMs
      logger.info({ socket: path, address }, 'the signer is connected')
    } catch (error) {
      if (!this.#isStopped) logger.warn({ socket: path, error: messageOf(error) }, 'no signer: not voting')
      this.#drop(socket)
    }
  }

  #receive(socket: Socket, reader: FrameReader, bytes: Uint8Array): void {
    try {
      for (const message of reader.push(bytes)) {
        const { id, body } = decodeSignerAnswer(message)
        const waiting = this.#waiting.get(id)
        this.#waiting.delete(id)
        waiting?.cancelTimer()
        waiting?.resolve(body)
      }
    } catch (error) {
      this.#modules.logger.warn({ error: messageOf(error) }, 'the signer sent what no signer sends')
      this.#drop(socket)
    }
  }

  #closed(socket: Socket): void {
    if (this.#socket !== socket) return
    if (this.#isReady && !this.#isStopped) this.#modules.logger.warn('the signer is gone: not voting')
    this.#isReady = false
    this.#socket = undefined
    for (const { reject, cancelTimer } of this.#waiting.values()) {
      cancelTimer()
      reject(unavailable('The connection to the signer broke.'))
    }
    this.#waiting.clear()
    if (this.#isStopped) return
    this.#cancelRedial = this.#modules.clock.after(this.#pauseMs, () => void this.#dial())
    this.#pauseMs = Math.min(2 * this.#pauseMs, limits.signerRedialLongestMs)
  }

  #drop(socket: Socket | undefined): void {
    if (socket === undefined) return
    socket.destroy()
    this.#closed(socket)
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
    socket.once('close', () => reject(unavailable('The connection to the signer broke.')))
  })
}

function failureOf({ code, message }: Extract<SignerAnswer, { kind: 'failure' }>): NodeError {
  if (code === 'DOUBLE_SIGN_REFUSED' || code === 'WRONG_CHAIN') return new NodeError(code, message)
  return unavailable(`The signer failed: ${message}`)
}

function unavailable(message: string): NodeError {
  return new NodeError('SIGNER_UNAVAILABLE', message)
}
