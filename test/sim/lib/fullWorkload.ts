import { createFeeMarket1559Tx } from '@ethereumjs/tx'
import { createAddressFromString } from '@ethereumjs/util'
import { encodeFunctionData } from 'viem'
import { iDatanetRegistryAbi } from '../../../contracts/generated/IDatanetRegistry.ts'
import { iProofOfAttributionAbi } from '../../../contracts/generated/IProofOfAttribution.ts'
import { stakingAbi } from '../../../contracts/generated/Staking.ts'
import { nativeAddresses, predeploys } from '../../../src/chainspec/addresses.ts'
import type { ChainSpec } from '../../../src/chainspec/chainSpec.ts'
import { isNodeError } from '../../../src/errors/errors.ts'
import { type DevnetKey, devnetAccounts, devnetValidator } from '../../../src/node/devnet/keys.ts'
import { concatBytes, utf8ToBytes } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import { sign } from '../../../src/primitives/secp256k1.ts'
import type { FullHost } from './fullHost.ts'
import type { Prng } from './prng.ts'
import type { SimClock } from './simClock.ts'

const OPEN = 10n ** 18n
const PAUSE_MS = [100, 900] as const
const GOSSIP_MS = [5, 400] as const
const GOSSIP_LOSS = 0.1
const accounts = devnetAccounts()

interface Call {
  readonly to: Address
  readonly data: Hex
  readonly valueWei: bigint
  readonly gasLimit: bigint
}

export interface WorkloadModules {
  readonly spec: ChainSpec
  readonly clock: SimClock
  readonly random: Prng
  readonly hosts: readonly FullHost[]
  /** Whether this validator is in the set that votes next, as the node sees it. */
  isMember(host: FullHost, validator: number): boolean
}

/** Users: transfers and calls that go into the pool of some node and are gossiped to the others; one joins, one leaves. */
export class Workload {
  readonly #modules: WorkloadModules
  readonly #joins: { readonly validator: number; readonly tip: Hash }
  readonly #leaves: number
  sent = 0
  joinsSent = 0
  leavesSent = 0

  constructor(
    modules: WorkloadModules,
    changes: { joins: { validator: number; tip: Hash }; leaves: number },
  ) {
    this.#modules = modules
    this.#joins = changes.joins
    this.#leaves = changes.leaves
  }

  start(): void {
    const { clock, random } = this.#modules
    clock.after(random.int(...PAUSE_MS), () => {
      this.#act()
      this.start()
    })
  }

  /** To all other pools, late or never, as gossip does. */
  gossip(from: FullHost, bytes: Uint8Array): void {
    const { clock, random, hosts } = this.#modules
    for (const host of hosts) {
      if (host === from || random.chance(GOSSIP_LOSS)) continue
      clock.after(random.int(...GOSSIP_MS), () => offer(host, bytes))
    }
  }

  #act(): void {
    const { hosts, random } = this.#modules
    const running = hosts.filter((host) => host.running !== null)
    if (running.length === 0) return
    const host = random.pick(running)
    if (host.height >= 1 && this.#changeSet(host)) return
    this.#send(host, random.pick(accounts), this.#someCall())
  }

  /** The newcomer joins until it is a member; then the one that leaves takes its stake. */
  #changeSet(host: FullHost): boolean {
    const { random } = this.#modules
    if (!random.chance(0.3)) return false
    if (!this.#modules.isMember(host, this.#joins.validator)) {
      if (this.leavesSent > 0) return false
      this.joinsSent++
      this.#send(host, devnetValidator(this.#joins.validator).operator, this.#joinCall())
      return true
    }
    if (!this.#modules.isMember(host, this.#leaves)) return false
    this.leavesSent++
    const data = encodeFunctionData({ abi: stakingAbi, functionName: 'unbond', args: [10_000n * OPEN] })
    const call = { to: predeploys.staking, data, valueWei: 0n, gasLimit: 500_000n }
    this.#send(host, devnetValidator(this.#leaves).operator, call)
    return true
  }

  #send(host: FullHost, from: DevnetKey, call: Call): void {
    if (host.running === null) return
    const { mempool } = host.running
    const { spec } = this.#modules
    const tx = createFeeMarket1559Tx(
      {
        chainId: spec.chainId,
        nonce: mempool.pendingNonce(from.address),
        to: createAddressFromString(call.to),
        data: hexToBytes(call.data) as Uint8Array<ArrayBuffer>,
        value: call.valueWei,
        gasLimit: call.gasLimit,
        maxFeePerGas: 10n ** 11n,
        maxPriorityFeePerGas: 10n ** 9n,
      },
      { common: spec.common },
    ).sign(hexToBytes(from.privateKey))
    const bytes = tx.serialize()
    this.sent++
    offer(host, bytes)
    this.gossip(host, bytes)
  }

  #someCall(): Call {
    const { random } = this.#modules
    const to = random.pick(accounts).address
    const valueWei = BigInt(random.int(1, 1_000_000)) * 10n ** 12n
    const gasLimit = 2_000_000n
    const deposit = () =>
      encodeFunctionData({ abi: iProofOfAttributionAbi, functionName: 'deposit', args: [to] })
    return random.pick<() => Call>([
      () => ({ to, data: '0x', valueWei, gasLimit: 21_000n }),
      () => ({ to, data: '0x', valueWei, gasLimit: 21_000n }),
      () => ({ to: nativeAddresses.proofOfAttribution, data: deposit(), valueWei, gasLimit }),
      () => ({ to: nativeAddresses.datanetRegistry, data: this.#datanet(), valueWei: 0n, gasLimit }),
      // Fails: no method of that name. Failed calls cost fees, and the money must still add up.
      () => ({ to: nativeAddresses.adapterRegistry, data: '0xdeadbeef', valueWei: 0n, gasLimit: 100_000n }),
    ])()
  }

  #datanet(): Hex {
    const name = `datanet ${this.sent}`
    const terms = { minBondWei: 0n, acceptThresholdBps: 5_000, bountyPerRecordWei: 0n, scorerPayWei: 0n }
    return encodeFunctionData({
      abi: iDatanetRegistryAbi,
      functionName: 'createDatanet',
      args: [name, 0, 1, 'CC0-1.0', 'bafymeta', terms],
    })
  }

  #joinCall(): Call {
    const { spec } = this.#modules
    const { validator, tip } = this.#joins
    const { operator, consensus, feeRecipient } = devnetValidator(validator)
    const word = (hex: string) => hexToBytes(`0x${hex.replace(/^0x/, '').padStart(64, '0')}`)
    const digest = keccakHex(
      concatBytes(
        word(keccakHex(utf8ToBytes('openledger.staking.join.v1'))),
        word(spec.chainId.toString(16)),
        word(predeploys.staking),
        word(operator.address),
      ),
    )
    const proof = sign(hexToBytes(digest), hexToBytes(consensus.privateKey))
    proof[64] = 27 + (proof[64] ?? 0)
    const data = encodeFunctionData({
      abi: stakingAbi,
      functionName: 'join',
      args: [consensus.address, feeRecipient.address, tip, bytesToHex(proof)],
    })
    return { to: predeploys.staking, data, valueWei: 10_000n * OPEN, gasLimit: 1_000_000n }
  }
}

/** What the pool refuses it refuses with a typed error: a nonce that is taken, a price that is too low. */
function offer(host: FullHost, bytes: Uint8Array): void {
  try {
    host.running?.mempool.add(bytes)
  } catch (error) {
    if (!isNodeError(error)) throw error
  }
}
