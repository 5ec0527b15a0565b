import type {
  BuiltValue,
  ConsensusApp,
  DecidedBlock,
  HeightContext,
  ValidationRequest,
} from '../../../src/consensus/ports.ts'
import { nextPriorities } from '../../../src/consensus/proposer.ts'
import { invariant, NodeError } from '../../../src/errors/errors.ts'
import { type Certificate, checkCertificate } from '../../../src/ledger/certificate.ts'
import { decodeEnvelope, encodeEnvelope, parentCertificateRoot } from '../../../src/ledger/envelope.ts'
import { ValidatorSet } from '../../../src/ledger/validators.ts'
import type { SigningDomain } from '../../../src/ledger/vote.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { type Address, type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import {
  asAddress,
  asHash,
  asInt,
  asList,
  decodeRlp,
  encodeRlp,
  fromHex,
  fromInt,
} from '../../../src/primitives/rlp.ts'
import type { Prng } from './prng.ts'
import type { Life } from './simClock.ts'
import type { SimDisk } from './simDisk.ts'

const BLOCK_INTERVAL_MS = 1_000
/** How far a fresh proposal's time may be from the own clock. */
const TIMELY_MS = 2_000
const MAX_BLOCK_BYTES = 1 << 16
/** The powers change at these heights. */
const EPOCH = 5

export interface SimBlock {
  readonly height: number
  readonly parentHash: Hash
  readonly certificateRoot: Hash
  readonly builder: Address
  readonly timeMs: number
  readonly stateHash: Hash
}

export function encodeBlock(block: SimBlock): Uint8Array {
  return encodeRlp([
    fromInt(block.height),
    fromHex(block.parentHash),
    fromHex(block.certificateRoot),
    fromHex(block.builder),
    fromInt(block.timeMs),
    fromHex(block.stateHash),
  ])
}

interface Decoded {
  readonly block: SimBlock
  readonly blockHash: Hash
  readonly parentCertificate: Certificate | null
}

const decoded = new WeakMap<Uint8Array, Decoded>()

/** What an envelope holds; equal bytes are decoded once, because a simulation asks many times. */
export function decodeSimEnvelope(envelope: Uint8Array): Decoded {
  const known = decoded.get(envelope)
  if (known !== undefined) return known
  const { block: bytes, parentCertificate } = decodeEnvelope(envelope)
  const fields = asList(decodeRlp(bytes, MAX_BLOCK_BYTES), 6)
  const [height, parentHash, certificateRoot, builder, timeMs, stateHash] = fields
  const block = {
    height: asInt(height),
    parentHash: asHash(parentHash),
    certificateRoot: asHash(certificateRoot),
    builder: asAddress(builder),
    timeMs: asInt(timeMs),
    stateHash: asHash(stateHash),
  }
  const result = { block, blockHash: keccakHex(bytes), parentCertificate }
  decoded.set(envelope, result)
  return result
}

export function decodeBlock(envelope: Uint8Array): SimBlock {
  return decodeSimEnvelope(envelope).block
}

/** The state transition: a hash chain over who built what when. */
export function nextState(state: Hash, builder: Address, timeMs: number): Hash {
  return keccakHex(concatBytes(hexToBytes(state), hexToBytes(builder), fromInt(timeMs)))
}

/** Powers repeat after so many epochs. */
const POWERS = 5
const knownSets = new WeakMap<readonly Address[], ValidatorSet[]>()

/** Powers differ and change from epoch to epoch; of four or more validators none holds 1/3. */
export function setAt(addresses: readonly Address[], height: number): ValidatorSet {
  const epoch = Math.floor(height / EPOCH) % POWERS
  const known = knownSets.get(addresses) ?? []
  knownSets.set(addresses, known)
  known[epoch] ??= new ValidatorSet(
    addresses.map((address, index) => ({
      address,
      feeRecipient: address,
      power: BigInt(10 + ((index * 7 + epoch * 3) % POWERS)),
    })),
  )
  return known[epoch]
}

/** The most validators, from the first on, that never hold 1/3 of the power together. */
export function mostFaulty(addresses: readonly Address[]): number {
  const isBelowThird = (count: number) =>
    Array.from({ length: POWERS }, (_, epoch) => setAt(addresses, epoch * EPOCH)).every((set) => {
      const power = addresses
        .slice(0, count)
        .reduce((sum, address) => sum + (set.get(address)?.power ?? 0n), 0n)
      return !set.isHonestSupport(power) && power * 3n < set.totalPower
    })
  let count = 0
  while (isBelowThird(count + 1)) count++
  return count
}

interface Head {
  readonly context: HeightContext
  readonly blockHash: Hash
  readonly stateHash: Hash
  readonly timeMs: number
}

/** A node's chain; it outlives the node, because a block is appended whole and durably. */
export class SimChain {
  readonly addresses: readonly Address[]
  readonly blocks = new Map<number, DecidedBlock>()
  /** Envelopes judged on top of the head. */
  judged = new WeakMap<Uint8Array, boolean>()
  head: Head

  constructor(addresses: readonly Address[], genesisHash: Hash, genesisMs: number) {
    this.addresses = addresses
    const set = setAt(addresses, 1)
    this.head = {
      context: { height: 1, set, priorities: addresses.map(() => 0n), earliestStartMs: genesisMs },
      blockHash: genesisHash,
      stateHash: genesisHash,
      timeMs: genesisMs,
    }
  }

  get height(): number {
    return this.head.context.height - 1
  }

  append(envelope: Uint8Array, certificate: Certificate): void {
    const block = decodeBlock(envelope)
    const { height, set, priorities } = this.head.context
    const nextSet = setAt(this.addresses, height + 1)
    this.blocks.set(height, { envelope, certificate })
    this.judged = new WeakMap()
    this.head = {
      context: {
        height: height + 1,
        set: nextSet,
        priorities: nextPriorities(set, priorities, nextSet),
        earliestStartMs: block.timeMs + BLOCK_INTERVAL_MS,
      },
      blockHash: certificate.blockHash,
      stateHash: block.stateHash,
      timeMs: block.timeMs,
    }
  }
}

export interface SimAppOptions {
  readonly self: Address
  readonly domain: SigningDomain
  /** Share of builds and validations that outlast the propose timeout, at this moment. */
  readonly slowShare: () => number
  /** In place of the sets' own rule of what a quorum is: to see whether a wrong one is found. */
  readonly setOf?: (set: ValidatorSet) => ValidatorSet
}

/** The chain as consensus sees it, in one life of a node. */
export class SimApp implements ConsensusApp {
  readonly #options: SimAppOptions
  readonly #chain: SimChain
  readonly #disk: SimDisk
  readonly #life: Life
  readonly #random: Prng

  constructor(options: SimAppOptions, modules: { chain: SimChain; disk: SimDisk; life: Life; random: Prng }) {
    this.#options = options
    this.#chain = modules.chain
    this.#disk = modules.disk
    this.#life = modules.life
    this.#random = modules.random
  }

  async context(): Promise<HeightContext> {
    const { context } = this.#chain.head
    const { setOf } = this.#options
    return setOf === undefined ? context : { ...context, set: setOf(context.set) }
  }

  blockHashOf(envelope: Uint8Array): Hash {
    const { block, blockHash, parentCertificate } = decodeSimEnvelope(envelope)
    if (block.certificateRoot !== parentCertificateRoot(parentCertificate)) {
      throw new NodeError('BAD_HEADER', 'The block does not commit to its certificate.')
    }
    return blockHash
  }

  async buildValue(
    height: number,
    _round: number,
    parentCertificate: Certificate | null,
    signal: AbortSignal,
  ): Promise<BuiltValue> {
    await this.#work(signal)
    const { head } = this.#chain
    invariant(head.context.height === height, 'Only the next block is built.')
    const certificate = parentCertificate ?? this.#chain.blocks.get(height - 1)?.certificate ?? null
    const timeMs = Math.max(head.timeMs + 1, this.#life.nowMs())
    const block = encodeBlock({
      height,
      parentHash: head.blockHash,
      certificateRoot: parentCertificateRoot(certificate),
      builder: this.#options.self,
      timeMs,
      stateHash: nextState(head.stateHash, this.#options.self, timeMs),
    })
    return {
      blockHash: keccakHex(block),
      envelope: encodeEnvelope({ block, parentCertificate: certificate }),
    }
  }

  async validateValue(
    envelope: Uint8Array,
    request: ValidationRequest,
    signal: AbortSignal,
  ): Promise<boolean> {
    const nowMs = this.#life.nowMs()
    await this.#work(signal)
    const { head } = this.#chain
    invariant(head.context.height === request.height, 'Only the next block is judged.')
    const block = decodeBlock(envelope)
    if (request.fresh) {
      if (block.builder !== request.proposer || Math.abs(block.timeMs - nowMs) > TIMELY_MS) return false
    }
    return this.#isValid(envelope)
  }

  async commit(envelope: Uint8Array, certificate: Certificate): Promise<HeightContext> {
    if (certificate.height > this.#chain.height) {
      const append = () => {
        if (!this.#isValid(envelope)) throw new NodeError('BAD_EXECUTION', 'An invalid block was decided.')
        this.#chain.append(envelope, certificate)
      }
      const half = () => (this.#random.chance(0.5) ? append() : undefined)
      await this.#disk.operate(this.#life, append, half, this.#random.int(0, 10))
    }
    return this.context()
  }

  async decided(height: number): Promise<DecidedBlock | null> {
    return this.#chain.blocks.get(height) ?? null
  }

  /** A block that was judged once on this head is not judged again. */
  #isValid(envelope: Uint8Array): boolean {
    const { judged } = this.#chain
    const known = judged.get(envelope) ?? this.#judge(envelope)
    judged.set(envelope, known)
    return known
  }

  #judge(envelope: Uint8Array): boolean {
    const { head } = this.#chain
    const { height } = head.context
    const { block, parentCertificate } = decodeSimEnvelope(envelope)
    if (block.height !== height || block.parentHash !== head.blockHash || block.timeMs <= head.timeMs)
      return false
    if (block.stateHash !== nextState(head.stateHash, block.builder, block.timeMs)) return false
    if (head.context.set.indexOf(block.builder) === undefined) return false
    if (parentCertificate === null) return height === 1
    if (parentCertificate.height !== height - 1 || parentCertificate.blockHash !== head.blockHash)
      return false
    try {
      checkCertificate(this.#options.domain, setAt(this.#chain.addresses, height - 1), parentCertificate)
    } catch {
      return false
    }
    return true
  }

  async #work(signal: AbortSignal): Promise<void> {
    const isSlow = this.#random.chance(this.#options.slowShare())
    await this.#life.wait(isSlow ? this.#random.int(1_500, 4_000) : this.#random.int(1, 60))
    if (signal.aborted) throw new NodeError('CANCELLED', 'The work is of no use any more.')
  }
}
