import { chmod, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { limits } from '../../config/limits.ts'
import { isNodeError, messageOf, NodeError } from '../../errors/errors.ts'
import type { SigningDomain } from '../../ledger/vote.ts'
import type { Service } from '../../runtime/lifecycle.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { ConsensusSigner } from '../ports.ts'
import { FrameReader, frameOf } from './frames.ts'
import {
  decodeSignerRequest,
  encodeSignerAnswer,
  type Numbered,
  type SignerAnswer,
  type SignerFailure,
  type SignerRequest,
} from './protocol.ts'

export interface SignerServerOptions {
  /** Path of the socket; only the user that runs the signer may connect. */
  readonly path: string
  readonly domain: SigningDomain
}

export interface SignerServerModules {
  /** Refuses double signs itself: however many nodes ask, one place gets one signature. */
  readonly signer: ConsensusSigner
  readonly logger: Logger
}

const OWNER_ONLY = 0o600
const OWNER_ONLY_MASK = 0o177

/** Signs for nodes of this machine over a local socket. */
export class SignerServer implements Service {
  readonly name = 'signer'
  readonly #options: SignerServerOptions
  readonly #modules: SignerServerModules
  readonly #connections = new Set<Connection>()
  #server: Server | undefined

  constructor(options: SignerServerOptions, modules: SignerServerModules) {
    this.#options = options
    this.#modules = modules
  }

  /** Errors: BAD_CONFIG when another signer listens there or the socket cannot be made. */
  async start(): Promise<void> {
    const { path } = this.#options
    await removeStaleSocket(path)
    const server = createServer((socket) => this.#take(socket))
    server.maxConnections = limits.signerConnections
    await listen(server, path)
    await chmod(path, OWNER_ONLY)
    this.#server = server
    this.#modules.logger.info({ socket: path, address: this.#modules.signer.address }, 'the signer listens')
  }

  /** Requests under way are answered before it resolves. */
  async stop(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    await Promise.all([...this.#connections].map((connection) => connection.close()))
    await closed
  }

  #take(socket: Socket): void {
    const connection = new Connection(socket, this.#options.domain, this.#modules)
    this.#connections.add(connection)
    socket.once('close', () => this.#connections.delete(connection))
  }
}

/** One node's requests, answered one after the other. */
class Connection {
  readonly #socket: Socket
  readonly #domain: SigningDomain
  readonly #modules: SignerServerModules
  readonly #reader = new FrameReader()
  #waiting = 0
  #tail: Promise<void> = Promise.resolve()
  #isGreeted = false

  constructor(socket: Socket, domain: SigningDomain, modules: SignerServerModules) {
    this.#socket = socket
    this.#domain = domain
    this.#modules = modules
    socket.on('data', (bytes) => this.#receive(bytes))
    socket.on('error', () => socket.destroy())
  }

  async close(): Promise<void> {
    this.#socket.pause()
    await this.#tail
    this.#socket.destroy()
  }

  #receive(bytes: Uint8Array): void {
    try {
      for (const message of this.#reader.push(bytes)) {
        const request = decodeSignerRequest(message)
        if (++this.#waiting > limits.signerRequestsWaiting) {
          throw new NodeError('LIMIT_EXCEEDED', 'Too many requests wait for the signer.')
        }
        this.#tail = this.#tail.then(() => this.#answer(request))
      }
    } catch (error) {
      this.#modules.logger.warn({ error: messageOf(error) }, 'a connection to the signer is cut off')
      this.#socket.destroy()
    }
  }

  async #answer({ id, body }: Numbered<SignerRequest>): Promise<void> {
    const answer = await this.#serve(body).catch((error: unknown) => this.#failure(error))
    this.#waiting--
    if (!this.#socket.destroyed) this.#socket.write(frameOf(encodeSignerAnswer({ id, body: answer })))
  }

  async #serve(request: SignerRequest): Promise<SignerAnswer> {
    const { signer } = this.#modules
    if (request.kind === 'hello') {
      const { genesisHash, chainId } = request.domain
      if (genesisHash !== this.#domain.genesisHash || chainId !== this.#domain.chainId) {
        throw new NodeError('WRONG_CHAIN', `This signer signs for the chain of ${this.#domain.genesisHash}.`)
      }
      this.#isGreeted = true
      return { kind: 'address', address: signer.address }
    }
    if (!this.#isGreeted)
      throw new NodeError('BAD_REQUEST', 'A connection begins with the name of its chain.')
    const author = request.kind === 'vote' ? request.vote.validator : request.proposal.proposer
    if (author !== signer.address) {
      throw new NodeError('BAD_REQUEST', `This signer holds the key of ${signer.address}, not of ${author}.`)
    }
    const signature =
      request.kind === 'vote'
        ? await signer.signVote(request.vote)
        : await signer.signProposal(request.proposal)
    return { kind: 'signature', signature }
  }

  #failure(error: unknown): SignerAnswer {
    const code = codeOf(error)
    this.#modules.logger[code === 'INTERNAL' ? 'error' : 'warn']({ error: messageOf(error) }, 'not signed')
    return { kind: 'failure', code, message: messageOf(error) }
  }
}

function codeOf(error: unknown): SignerFailure {
  if (!isNodeError(error)) return 'INTERNAL'
  const { code } = error
  return code === 'DOUBLE_SIGN_REFUSED' || code === 'WRONG_CHAIN' || code === 'BAD_REQUEST'
    ? code
    : 'INTERNAL'
}

/** A signer that was killed leaves its socket behind; one that answers is in use. */
async function removeStaleSocket(path: string): Promise<void> {
  const outcome = await new Promise<'used' | 'stale' | 'none'>((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve('used')
    })
    probe.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ECONNREFUSED' ? 'stale' : 'none'),
    )
  })
  if (outcome === 'used') throw new NodeError('BAD_CONFIG', `Another signer listens at ${path}.`)
  if (outcome === 'stale') await rm(path, { force: true })
}

/** The socket is made with the owner's rights only, so that there is no moment in which others may connect. */
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(new NodeError('BAD_CONFIG', `No socket at ${path}: ${error.message}.`, { path }, error))
    })
    const mask = process.umask(OWNER_ONLY_MASK)
    try {
      server.listen(path, () => resolve())
    } finally {
      process.umask(mask)
    }
  })
}
