import { decodeEnvelope, encodeEnvelope } from '../../../src/ledger/envelope.ts'
import type { ValidatorSet } from '../../../src/ledger/validators.ts'
import type { SigningDomain } from '../../../src/ledger/vote.ts'
import { utf8ToBytes } from '../../../src/primitives/bytes.ts'
import { type Address, type Hash, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { keccak256, keccakHex } from '../../../src/primitives/keccak.ts'
import { privateKeyToAddress } from '../../../src/primitives/secp256k1.ts'
import { CheapScheme } from './cheapScheme.ts'
import type { Prng } from './prng.ts'
import { decodeBlock, encodeBlock, mostFaulty, nextState, SimApp, SimChain } from './simApp.ts'
import type { Life } from './simClock.ts'
import type { HostLife, HostModules, SimHost, World } from './world.ts'

const START_MS = 1_700_000_000_000

const keys: Uint8Array[] = []
const addresses: Address[] = []

/** Keys are the same in every seed, and deriving their addresses is slow. */
function keysOf(validators: number): { keys: Uint8Array[]; addresses: Address[] } {
  while (keys.length < validators) {
    const key = keccak256(utf8ToBytes(`validator ${keys.length}`))
    keys.push(key)
    addresses.push(privateKeyToAddress(key))
  }
  return { keys: keys.slice(0, validators), addresses: addresses.slice(0, validators) }
}

const domain: SigningDomain = {
  genesisHash: keccakHex(utf8ToBytes('simulated genesis')),
  chainId: 161_212n,
  scheme: new CheapScheme(),
}

export interface CoreWorldOptions {
  readonly validators: number
  /** What nodes take for a set in place of the real one, to see whether a wrong one is found. */
  readonly setOf?: (set: ValidatorSet) => ValidatorSet
}

/** The real core, engine, log and signer over a hash chain, with signatures that cost nothing. */
export class CoreWorld implements World {
  readonly domain = domain
  readonly startMs = START_MS
  readonly keys: readonly Uint8Array[]
  readonly addresses: readonly Address[]
  readonly #options: CoreWorldOptions
  readonly #hosts: CoreHost[] = []

  constructor(options: CoreWorldOptions) {
    this.#options = options
    const { keys: own, addresses: ofKeys } = keysOf(options.validators)
    this.keys = own
    this.addresses = ofKeys
  }

  get mostFaulty(): number {
    return mostFaulty(this.addresses)
  }

  createHost(modules: HostModules): SimHost {
    const chain = new SimChain(this.addresses, domain.genesisHash, START_MS)
    const host = new CoreHost(
      chain,
      this.addresses[modules.index] ?? this.addresses[0]!,
      modules,
      this.#options,
    )
    this.#hosts.push(host)
    return host
  }

  hashOf(envelope: Uint8Array): Hash | null {
    try {
      return keccakHex(decodeEnvelope(envelope).block)
    } catch {
      return null
    }
  }

  /** The same block a millisecond later. */
  alternative(host: SimHost, envelope: Uint8Array): Uint8Array | null {
    if (!(host instanceof CoreHost)) return null
    const block = decodeBlock(envelope)
    const timeMs = block.timeMs + 1
    const stateHash = nextState(host.chain.head.stateHash, block.builder, timeMs)
    return encodeEnvelope({
      block: encodeBlock({ ...block, timeMs, stateHash }),
      parentCertificate: decodeEnvelope(envelope).parentCertificate,
    })
  }

  invalid(envelope: Uint8Array, random: Prng): Uint8Array {
    const block = decodeBlock(envelope)
    const { parentCertificate } = decodeEnvelope(envelope)
    const bad = random.pick([
      { ...block, stateHash: keccakHex(random.bytes(8)) },
      { ...block, parentHash: keccakHex(random.bytes(8)) },
      { ...block, height: block.height + 1 },
      { ...block, builder: `0x${'11'.repeat(20)}` as const },
      { ...block, timeMs: 1 },
      { ...block, certificateRoot: ZERO_HASH },
    ])
    if (random.chance(0.2)) return random.bytes(50)
    return encodeEnvelope({ block: encodeBlock(bad), parentCertificate })
  }

  onStart(): void {}

  async checkEnd(): Promise<void> {}

  facts(): Record<string, number> {
    return {}
  }
}

class CoreHost implements SimHost {
  readonly chain: SimChain
  readonly #self: Address
  readonly #modules: HostModules
  readonly #options: CoreWorldOptions
  #slowShare: number

  constructor(chain: SimChain, self: Address, modules: HostModules, options: CoreWorldOptions) {
    this.chain = chain
    this.#self = self
    this.#modules = modules
    this.#options = options
    this.#slowShare = modules.slowShare
  }

  get height(): number {
    return this.chain.height
  }

  async open(life: Life): Promise<HostLife> {
    const { disk, random } = this.#modules
    const { setOf } = this.#options
    const app = new SimApp(
      {
        self: this.#self,
        domain,
        slowShare: () => this.#slowShare,
        ...(setOf === undefined ? {} : { setOf }),
      },
      { chain: this.chain, disk, life, random: random.fork() },
    )
    return { app, onEvidence: () => undefined }
  }

  async crash(): Promise<void> {}

  calm(): void {
    this.#slowShare = 0
  }
}
