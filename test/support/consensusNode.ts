import type { TypedTransaction } from '@ethereumjs/tx'
import type { GenesisInput } from '../../src/chainspec/schema.ts'
import type { BuiltValue } from '../../src/consensus/ports.ts'
import type { Candidate } from '../../src/execution/executor.ts'
import type { Certificate } from '../../src/ledger/certificate.ts'
import { ChainConsensusApp } from '../../src/node/consensusApp.ts'
import { devnetValidator } from '../../src/node/devnet/keys.ts'
import { LocalExecution } from '../../src/node/execution/localExecution.ts'
import type { Address, Hash } from '../../src/primitives/hex.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { MemoryStore } from '../../src/storage/memoryStore.ts'
import { offered, revealChain, TestChain } from './chain.ts'

/** A clock that stands still until it is set. */
export class SetClock implements Clock {
  ms: number
  /** Called after each reading. */
  onRead: () => void = () => undefined

  constructor(ms = 0) {
    this.ms = ms
  }

  nowMs(): number {
    const { ms } = this
    this.onRead()
    return ms
  }

  after(): () => void {
    return () => undefined
  }
}

export const validatorAddress = (index: number): Address => devnetValidator(index).consensus.address

export interface ConsensusNodeOptions {
  /** Index of the validator; a node that only follows when it is left out. */
  readonly validator?: number
  readonly genesis?: GenesisInput
  readonly kv?: MemoryStore
}

/** One node's chain in memory with the application that consensus would use; its clock stands a second after the head. */
export class ConsensusNode {
  readonly test: TestChain
  readonly kv: MemoryStore
  readonly clock: SetClock
  readonly app: ChainConsensusApp
  /** What the next block that this node builds is offered. */
  readonly pending: TypedTransaction[] = []

  private constructor(test: TestChain, kv: MemoryStore, validator: number | undefined) {
    this.test = test
    this.kv = kv
    this.clock = new SetClock()
    const builder =
      validator === undefined
        ? undefined
        : {
            validator: validatorAddress(validator),
            operator: devnetValidator(validator).operator.address,
            reveals: revealChain(validator),
          }
    this.app = new ChainConsensusApp(
      { builder },
      {
        chain: test.chain,
        kv,
        clock: this.clock,
        logger: silentLogger,
        execution: new LocalExecution({ chain: test.chain, kv, clock: this.clock }),
        transactions: {
          offer: () => this.pending.splice(0).map(offered),
          drop: () => undefined,
          setBack: () => undefined,
        },
      },
    )
    this.tick()
  }

  static async open(options: ConsensusNodeOptions = {}): Promise<ConsensusNode> {
    const kv = options.kv ?? new MemoryStore()
    const { genesis, validator } = options
    const test = await TestChain.open({ kv, ...(genesis === undefined ? {} : { genesis }) })
    return new ConsensusNode(test, kv, validator)
  }

  get height(): number {
    return this.test.chain.head.height
  }

  /** The time of the head. */
  get headMs(): number {
    return Number(this.test.chain.head.block.header.timestamp) * 1000
  }

  tick(): void {
    this.clock.ms = this.headMs + 1000
  }

  build(parentCertificate: Certificate | null = null, signal = new AbortController().signal) {
    return this.app.buildValue(this.height + 1, 0, parentCertificate, signal)
  }

  /** Whether the node takes the envelope as a proposal of this validator. */
  judge(envelope: Uint8Array, proposer: number, fresh = true, signal = new AbortController().signal) {
    const request = { height: this.height + 1, round: 0, fresh, proposer: validatorAddress(proposer) }
    return this.app.validateValue(envelope, request, signal)
  }

  /** Of the block after this node's head. */
  certificate(blockHash: Hash, signers: readonly number[] = [0, 1, 2]): Certificate {
    return this.test.certificate({ blockHash } as Candidate, signers)
  }

  async decide(value: BuiltValue, certificate = this.certificate(value.blockHash)) {
    const context = await this.app.commit(value.envelope, certificate)
    this.tick()
    return context
  }
}
