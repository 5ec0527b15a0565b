import { invariant, isNodeError } from '../errors/errors.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Input, UnsignedProposal, UnsignedVote } from './core/types.ts'
import type { ConsensusSigner } from './ports.ts'

/** Proposals and votes that this node signed and that the core has not taken yet, in order. */
export class OwnMessages {
  readonly #signer: ConsensusSigner | null
  readonly #logger: Logger
  #signed: Input[] = []

  constructor(signer: ConsensusSigner | null, logger: Logger) {
    this.#signer = signer
    this.#logger = logger
  }

  /** `later`: the signer is away, and is to be asked again; others may wait for this very message to go on. */
  async signVote(unsigned: UnsignedVote): Promise<'done' | 'later'> {
    const signature = await this.#sign((signer) => signer.signVote(unsigned))
    if (signature === 'later') return 'later'
    if (signature !== null) this.#signed.push({ type: 'vote', vote: { ...unsigned, signature } })
    return 'done'
  }

  async signProposal(unsigned: UnsignedProposal): Promise<'done' | 'later'> {
    const signature = await this.#sign((signer) => signer.signProposal(unsigned))
    if (signature === 'later') return 'later'
    if (signature !== null) this.#signed.push({ type: 'proposal', proposal: { ...unsigned, signature } })
    return 'done'
  }

  next(): Input | undefined {
    return this.#signed.shift()
  }

  takeAll(): Input[] {
    return this.#signed.splice(0)
  }

  /** Null when the signer refuses: then the node abstains, as if it had been away for this step. */
  async #sign(ask: (signer: ConsensusSigner) => Promise<Uint8Array>): Promise<Uint8Array | null | 'later'> {
    invariant(this.#signer !== null, 'Only a node with a signer is asked to sign.')
    try {
      return await ask(this.#signer)
    } catch (error) {
      if (isNodeError(error, 'SIGNER_UNAVAILABLE')) {
        this.#logger.debug({ error: error.message }, 'not signed yet')
        return 'later'
      }
      if (!isNodeError(error, 'DOUBLE_SIGN_REFUSED')) throw error
      this.#logger.warn({ error: error.message }, 'abstaining')
      return null
    }
  }
}
