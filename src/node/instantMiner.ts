import type { ConsensusApp, ConsensusSigner } from '../consensus/ports.ts'
import { messageOf } from '../errors/errors.ts'
import { makeCertificate } from '../ledger/certificate.ts'
import type { UnsignedVote } from '../ledger/vote.ts'
import type { Mempool } from '../mempool/mempool.ts'
import type { Service } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'

export interface InstantMinerModules {
  readonly app: ConsensusApp
  readonly signer: ConsensusSigner
  readonly mempool: Mempool
  readonly logger: Logger
}

/** Decides alone: with one validator its own precommit is a quorum. A block for each transaction, none while idle. */
export class InstantMiner implements Service {
  readonly name = 'instant miner'
  readonly #modules: InstantMinerModules
  readonly #stopping = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #isQueued = false
  #unsubscribe: (() => void) | undefined

  constructor(modules: InstantMinerModules) {
    this.#modules = modules
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#modules.mempool.subscribe((event) => {
      if (event.type === 'pending') this.#wake()
    })
    this.#wake()
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.()
    this.#stopping.abort()
    await this.#running
  }

  #wake(): void {
    if (this.#isQueued) return
    this.#isQueued = true
    this.#running = this.#running.then(() => this.#mine())
  }

  async #mine(): Promise<void> {
    this.#isQueued = false
    const { mempool, logger } = this.#modules
    try {
      while (!this.#stopping.signal.aborted && mempool.status().pending > 0) {
        const before = mempool.status().pending
        await this.#mineBlock()
        // what the builder would not take stays pooled; trying it again at once would spin
        if (mempool.status().pending >= before) return
      }
    } catch (error) {
      logger.error({ error: messageOf(error) }, 'no block could be made')
    }
  }

  async #mineBlock(): Promise<void> {
    const { app, signer } = this.#modules
    const { height, set } = await app.context()
    const { blockHash, envelope } = await app.buildValue(height, 0, null, this.#stopping.signal)
    const vote: UnsignedVote = { type: 'precommit', height, round: 0, blockHash, validator: signer.address }
    const signature = await signer.signVote(vote)
    await app.commit(envelope, makeCertificate(set, [{ ...vote, signature }]))
  }
}
