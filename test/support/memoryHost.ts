import {
  type BlockFacts,
  type CallKind,
  type NativePrecompile,
  type PrecompileHost,
  PrecompileOutOfGas,
  PrecompileRevert,
} from '../../precompiles/host.ts'
import { randaoSlot } from '../../precompiles/shared/randomness.ts'
import type { Address, Hash } from '../../src/primitives/hex.ts'
import { keccakHex } from '../../src/primitives/keccak.ts'
import { recoverAddress } from '../../src/primitives/secp256k1.ts'

export interface Log {
  readonly address: Address
  readonly topics: readonly Hash[]
  readonly data: Uint8Array
}

export interface CallOptions {
  readonly from: Address
  readonly to: Address
  readonly data: Uint8Array
  readonly valueWei?: bigint
  readonly gas?: bigint
  readonly callKind?: CallKind
  readonly isStatic?: boolean
  /** Gathers the gas used after each charge. */
  readonly gasSteps?: bigint[]
}

export interface CallResult {
  readonly status: 'ok' | 'revert' | 'outOfGas'
  readonly output: Uint8Array
  /** Gas of the frame alone, before refunds. */
  readonly gasUsed: bigint
  readonly refund: bigint
  readonly logs: readonly Log[]
}

const GAS = 16_000_000n

/** The state and block that precompiles under test run on, with the EVM's prices and its rules for reverting. */
export class MemoryChain {
  readonly balances = new Map<Address, bigint>()
  readonly storage = new Map<Address, Map<bigint, bigint>>()
  readonly blobs = new Map<string, Uint8Array>()
  readonly precompiles = new Map<Address, NativePrecompile>()
  readonly logs: Log[] = []
  readonly genesisHash = keccakHex(Uint8Array.of(1))
  readonly #staking: Address
  #seed = 0
  number = 1n
  baseFeeWei = 1_000_000_000n

  constructor(precompiles: readonly NativePrecompile[], stakingAddress: Address) {
    for (const precompile of precompiles) this.precompiles.set(precompile.address, precompile)
    this.#staking = stakingAddress
    this.#writeRandao()
  }

  get block(): BlockFacts {
    return {
      number: this.number,
      timestamp: 1_700_000_000n + this.number,
      chainId: 161212n,
      baseFeeWei: this.baseFeeWei,
      prevRandao: this.randao(this.number),
      coinbase: `0x${'c0'.repeat(20)}`,
    }
  }

  /** Another seed gives other randomness from the next block on. */
  reseed(seed: number): void {
    this.#seed = seed
  }

  randao(block: bigint): Hash {
    return keccakHex(new TextEncoder().encode(`${this.#seed}/${block}`))
  }

  advance(blocks = 1): void {
    for (let step = 0; step < blocks; step++) {
      this.number += 1n
      this.#writeRandao()
    }
  }

  fund(account: Address, amountWei: bigint): void {
    this.balances.set(account, this.balanceOf(account) + amountWei)
  }

  balanceOf(account: Address): bigint {
    return this.balances.get(account) ?? 0n
  }

  slot(account: Address, slot: bigint): bigint {
    return this.storage.get(account)?.get(slot) ?? 0n
  }

  setSlot(account: Address, slot: bigint, value: bigint): void {
    const slots = this.storage.get(account) ?? new Map<bigint, bigint>()
    this.storage.set(account, slots)
    if (value === 0n) slots.delete(slot)
    else slots.set(slot, value)
  }

  /** One transaction of one call: a failed one leaves nothing behind. */
  call(options: CallOptions): CallResult {
    const frame = new Frame(this, options)
    const precompile = this.precompiles.get(options.to)
    if (precompile === undefined) throw new Error(`no precompile at ${options.to}`)
    try {
      frame.takeValue()
      const output = precompile.run(frame, options.data)
      this.logs.push(...frame.logs)
      return { status: 'ok', output, gasUsed: frame.gasUsed, refund: frame.refund, logs: frame.logs }
    } catch (error) {
      frame.undo()
      const failed = { output: new Uint8Array(0), refund: 0n, logs: [] }
      if (error instanceof PrecompileRevert) {
        return { ...failed, status: 'revert', output: error.data, gasUsed: frame.gasUsed }
      }
      if (error instanceof PrecompileOutOfGas) {
        return { ...failed, status: 'outOfGas', gasUsed: options.gas ?? GAS }
      }
      throw error
    }
  }

  /** Everything that a call may change, to compare before and after. */
  snapshot(): string {
    const slots = [...this.storage].map(([account, values]) => [
      account,
      [...values].map(([slot, value]) => `${slot}=${value}`).sort(),
    ])
    const balances = [...this.balances].filter(([, wei]) => wei > 0n).map(([a, wei]) => `${a}=${wei}`)
    return JSON.stringify({
      slots,
      balances: balances.sort(),
      blobs: [...this.blobs.keys()].sort(),
      logs: this.logs.length,
    })
  }

  #writeRandao(): void {
    this.setSlot(this.#staking, randaoSlot(this.number), BigInt(this.randao(this.number)))
  }
}

/** What a transaction pays before it runs and at least in all: EIP-2028 and EIP-7623. */
export function transactionGas(data: Uint8Array, executionGas: bigint, refund = 0n): bigint {
  const zeros = data.reduce((count, byte) => count + (byte === 0 ? 1 : 0), 0)
  const tokens = BigInt(zeros + 4 * (data.length - zeros))
  const used = 21_000n + 4n * tokens + executionGas
  const refunded = used - (refund < used / 5n ? refund : used / 5n)
  const floor = 21_000n + 10n * tokens
  return refunded > floor ? refunded : floor
}

class Frame implements PrecompileHost {
  readonly self: Address
  readonly caller: Address
  readonly origin: Address
  readonly valueWei: bigint
  readonly callKind: CallKind
  readonly isStatic: boolean
  readonly block: BlockFacts
  readonly genesisHash: Hash
  readonly logs: Log[] = []
  refund = 0n
  readonly #chain: MemoryChain
  readonly #limit: bigint
  readonly #steps: bigint[] | undefined
  #used = 0n
  readonly #undo: (() => void)[] = []
  readonly #warmSlots = new Set<string>()
  readonly #warmAccounts = new Set<Address>()
  readonly #original = new Map<bigint, bigint>()

  constructor(chain: MemoryChain, options: CallOptions) {
    this.#chain = chain
    this.#limit = options.gas ?? GAS
    this.#steps = options.gasSteps
    this.self = options.to
    this.caller = options.from
    this.origin = options.from
    this.valueWei = options.valueWei ?? 0n
    this.callKind = options.callKind ?? 'call'
    this.isStatic = options.isStatic ?? options.callKind === 'staticcall'
    this.block = chain.block
    this.genesisHash = chain.genesisHash
  }

  get gasUsed(): bigint {
    return this.#used
  }

  get gasLeft(): bigint {
    return this.#limit - this.#used
  }

  useGas(amount: bigint): void {
    this.#used += amount
    this.#steps?.push(this.#used)
    if (this.#used > this.#limit) throw new PrecompileOutOfGas()
  }

  takeValue(): void {
    if (this.valueWei === 0n) return
    this.#setBalance(this.caller, this.#chain.balanceOf(this.caller) - this.valueWei)
    this.#setBalance(this.self, this.#chain.balanceOf(this.self) + this.valueWei)
    if (this.#chain.balanceOf(this.caller) < 0n) throw new Error('the test account cannot pay')
  }

  undo(): void {
    for (const step of this.#undo.reverse()) step()
  }

  sload(slot: bigint): bigint {
    this.useGas(this.#touch(this.self, slot) ? 100n : 2100n)
    return this.#chain.slot(this.self, slot)
  }

  sloadOf(account: Address, slot: bigint): bigint {
    this.useGas(this.#touch(account, slot) ? 100n : 2100n)
    return this.#chain.slot(account, slot)
  }

  /** EIP-2200 with the prices of EIP-2929 and the refunds of EIP-3529. */
  sstore(slot: bigint, value: bigint): void {
    this.#requireWritable()
    if (this.gasLeft <= 2300n) throw new PrecompileOutOfGas()
    const current = this.#chain.slot(this.self, slot)
    const original = this.#original.get(slot) ?? current
    this.#original.set(slot, original)
    const cold = this.#touch(this.self, slot) ? 0n : 2100n
    this.useGas(cold + this.#writePrice(original, current, value))
    this.#chain.setSlot(this.self, slot, value)
    this.#undo.push(() => this.#chain.setSlot(this.self, slot, current))
  }

  emit(topics: readonly Hash[], data: Uint8Array): void {
    this.#requireWritable()
    this.useGas(375n + 375n * BigInt(topics.length) + 8n * BigInt(data.length))
    this.logs.push({ address: this.self, topics, data })
  }

  balanceWei(account: Address): bigint {
    this.useGas(this.#touchAccount(account))
    return this.#chain.balanceOf(account)
  }

  transfer(to: Address, amountWei: bigint): void {
    this.#requireWritable()
    const isNew = this.#chain.balanceOf(to) === 0n
    this.useGas(this.#touchAccount(to) + 9000n + (isNew ? 25_000n : 0n))
    const balance = this.#chain.balanceOf(this.self)
    if (balance < amountWei) throw new Error(`${this.self} owes ${amountWei} and holds ${balance}`)
    this.#setBalance(this.self, balance - amountWei)
    this.#setBalance(to, this.#chain.balanceOf(to) + amountWei)
  }

  readBlob(owner: Address, id: Hash): Uint8Array | undefined {
    const blob = this.#chain.blobs.get(`${owner}/${id}`)
    this.useGas(this.#touchAccount(id) + 3n * BigInt(Math.ceil((blob?.length ?? 0) / 32)))
    return blob?.slice()
  }

  writeBlob(id: Hash, payload: Uint8Array): void {
    this.#requireWritable()
    if (payload.length > 24_575) throw new Error('the blob is too long')
    const key = `${this.self}/${id}`
    if (this.#chain.blobs.has(key)) throw new Error('the blob exists')
    this.useGas(32_000n + 200n * BigInt(payload.length + 1))
    this.#touchAccount(id)
    this.#chain.blobs.set(key, payload.slice())
    this.#undo.push(() => this.#chain.blobs.delete(key))
  }

  keccak(data: Uint8Array): Hash {
    this.useGas(30n + 6n * BigInt(Math.ceil(data.length / 32)))
    return keccakHex(data)
  }

  recover(digest: Hash, signature: Uint8Array): Address | undefined {
    this.useGas(3000n)
    const canonical = signature.slice()
    const recovery = canonical[64] ?? 0
    if (recovery >= 27) canonical[64] = recovery - 27
    try {
      return recoverAddress(Buffer.from(digest.slice(2), 'hex'), canonical)
    } catch {
      return undefined
    }
  }

  #requireWritable(): void {
    if (this.isStatic) throw new Error('a static frame wrote')
  }

  #setBalance(account: Address, wei: bigint): void {
    const before = this.#chain.balanceOf(account)
    this.#chain.balances.set(account, wei)
    this.#undo.push(() => this.#chain.balances.set(account, before))
  }

  #touch(account: Address, slot: bigint): boolean {
    const key = `${account}/${slot}`
    const warm = this.#warmSlots.has(key)
    this.#warmSlots.add(key)
    return warm
  }

  #touchAccount(account: string): bigint {
    const warm = this.#warmAccounts.has(account as Address)
    this.#warmAccounts.add(account as Address)
    return warm ? 100n : 2600n
  }

  #writePrice(original: bigint, current: bigint, value: bigint): bigint {
    if (current === value) return 100n
    if (original === current) {
      if (original === 0n) return 20_000n
      if (value === 0n) this.refund += 4800n
      return 2900n
    }
    if (original !== 0n) {
      if (current === 0n) this.refund -= 4800n
      else if (value === 0n) this.refund += 4800n
    }
    if (original === value) this.refund += original === 0n ? 19_900n : 2800n
    return 100n
  }
}
