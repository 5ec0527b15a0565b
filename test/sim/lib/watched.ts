import type {
  BuiltValue,
  ConsensusApp,
  ConsensusSigner,
  DecidedBlock,
  HeightContext,
  ValidationRequest,
} from '../../../src/consensus/ports.ts'
import { isNodeError } from '../../../src/errors/errors.ts'
import type { Certificate } from '../../../src/ledger/certificate.ts'
import type { UnsignedProposal, UnsignedVote } from '../../../src/ledger/vote.ts'
import type { Hash } from '../../../src/primitives/hex.ts'

export interface AppObserver {
  onHeight(context: HeightContext): void
  onCommit(height: number, certificate: Certificate): void
}

/** Tells of every block that a node's chain has got, also of one that was written just before the node died. */
export class WatchedApp implements ConsensusApp {
  readonly #app: ConsensusApp
  readonly #observer: AppObserver

  constructor(app: ConsensusApp, observer: AppObserver) {
    this.#app = app
    this.#observer = observer
  }

  async context(): Promise<HeightContext> {
    const context = await this.#app.context()
    const head = await this.#app.decided(context.height - 1)
    if (head !== null) this.#observer.onCommit(context.height - 1, head.certificate)
    this.#observer.onHeight(context)
    return context
  }

  async commit(envelope: Uint8Array, certificate: Certificate): Promise<HeightContext> {
    const context = await this.#app.commit(envelope, certificate)
    this.#observer.onCommit(certificate.height, certificate)
    this.#observer.onHeight(context)
    return context
  }

  blockHashOf(envelope: Uint8Array): Hash {
    return this.#app.blockHashOf(envelope)
  }

  buildValue(
    height: number,
    round: number,
    parentCertificate: Certificate | null,
    signal: AbortSignal,
  ): Promise<BuiltValue> {
    return this.#app.buildValue(height, round, parentCertificate, signal)
  }

  validateValue(envelope: Uint8Array, request: ValidationRequest, signal: AbortSignal): Promise<boolean> {
    return this.#app.validateValue(envelope, request, signal)
  }

  decided(height: number): Promise<DecidedBlock | null> {
    return this.#app.decided(height)
  }
}

export interface SignatureObserver {
  onVote(vote: UnsignedVote): void
  onProposal(proposal: UnsignedProposal): void
  /** The signer has signed something there already, or later; `last` is what it signed last. */
  onRefused(message: UnsignedVote | UnsignedProposal, last: unknown): void
}

/** Tells of every signature that left the signer. */
export class WatchedSigner implements ConsensusSigner {
  readonly address: ConsensusSigner['address']
  readonly #signer: ConsensusSigner
  readonly #observer: SignatureObserver

  constructor(signer: ConsensusSigner, observer: SignatureObserver) {
    this.address = signer.address
    this.#signer = signer
    this.#observer = observer
  }

  async signVote(vote: UnsignedVote): Promise<Uint8Array> {
    const signature = await this.#watch(vote, this.#signer.signVote(vote))
    this.#observer.onVote(vote)
    return signature
  }

  async signProposal(proposal: UnsignedProposal): Promise<Uint8Array> {
    const signature = await this.#watch(proposal, this.#signer.signProposal(proposal))
    this.#observer.onProposal(proposal)
    return signature
  }

  async #watch(message: UnsignedVote | UnsignedProposal, signing: Promise<Uint8Array>): Promise<Uint8Array> {
    try {
      return await signing
    } catch (error) {
      if (isNodeError(error, 'DOUBLE_SIGN_REFUSED')) {
        const { last } = error.details
        this.#observer.onRefused(message, last)
      }
      throw error
    }
  }
}
