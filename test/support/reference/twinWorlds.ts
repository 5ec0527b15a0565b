import { createAddressFromString } from '@ethereumjs/util'
import { encodeDeployData } from 'viem'
import { callTreeAbi, callTreeCreationCode } from '../../../contracts/generated/reference/CallTree.ts'
import { gateAbi, gateCreationCode } from '../../../contracts/generated/reference/Gate.ts'
import { stakingAbi, stakingCreationCode } from '../../../contracts/generated/Staking.ts'
import type { PrecompileParameters } from '../../../precompiles/parameters.ts'
import { nativePrecompiles } from '../../../precompiles/registry.ts'
import { concatBytes, EMPTY_BYTES } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hex, hexToBytes, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH } from '../../../src/primitives/keccak.ts'
import { OverlayState } from '../../../src/state/overlayState.ts'
import { StateJournal } from '../../../src/state/stateJournal.ts'
import { openEvm, stateDiffOf, stateOf } from '../evmWorld.ts'
import type { Log } from '../memoryHost.ts'
import { account, OPEN, type World } from '../precompileWorld.ts'
import { helpers } from './helpers.ts'
import type { Step } from './message.ts'
import { creationOf, type ReferenceParameters, type ReferenceRegistry } from './registries.ts'
import { type ChangedAccount, type Ended, RunningWorld } from './runningWorld.ts'

/** Contracts that make trees of calls, in both worlds. */
export const TREES: readonly Address[] = [1, 2, 3].map(
  (n) => `0x${`${1612_7000 + n}`.padStart(40, '0')}` as Address,
)

/** Accounts with keys that take part. They are delegated to a tree (EIP-7702), so that each can make many calls at once. */
export const PEOPLE: readonly Address[] = Array.from({ length: 22 }, (_, n) => account(n).address)

/** Where the parts of a reference are, beside its gate, which is at the precompile's own address. */
const registryAt = (address: Address): Address => `0x${'00'.repeat(15)}a0${address.slice(-8)}`
const methodsAt = (address: Address): Address => `0x${'00'.repeat(15)}b0${address.slice(-8)}`

/** EIP-7702. */
const DELEGATION = Uint8Array.of(0xef, 0x01, 0x00)

/** The code that creation code leaves, under no limit of its size. */
async function runtimeOf(creationCode: Hex): Promise<Uint8Array> {
  const empty = {
    accounts: new Map(),
    clearedStorage: new Set<Address>(),
    storage: new Map(),
    codes: new Map(),
  }
  const journal = new StateJournal(stateOf(empty))
  const evm = openEvm({ genesisHash: EMPTY_CODE_HASH, precompiles: [] }, journal)
  const { exceptionError, returnValue } = await evm.runCode({
    code: Uint8Array.from(hexToBytes(creationCode)),
    to: createAddressFromString(`0x${'00'.repeat(19)}ff`),
    caller: createAddressFromString(ZERO_ADDRESS),
    gasLimit: 10n ** 12n,
  })
  if (exceptionError !== undefined) throw new Error(`a constructor failed: ${exceptionError.error}`)
  return returnValue
}

function install(journal: StateJournal, address: Address, code: Uint8Array, balanceWei?: bigint): void {
  const before = journal.account(address)
  journal.setAccount(address, {
    nonce: 1n,
    balanceWei: balanceWei ?? before?.balanceWei ?? 0n,
    codeHash: before?.codeHash ?? EMPTY_CODE_HASH,
  })
  journal.setCode(address, code)
}

/** Staking answers for the randomness of past blocks; it has no validators. */
async function installShared(journal: StateJournal, { parameters }: World): Promise<void> {
  const setup = {
    minimumStakeWei: OPEN,
    maxValidators: 1n,
    unbondingBlocks: 1n,
    epochBlocks: 1n,
    downtimeWindowBlocks: 2n,
    downtimeShareBps: 0n,
    jailBlocks: 1n,
    slashing: ZERO_ADDRESS,
  }
  const staking = encodeDeployData({ abi: stakingAbi, bytecode: stakingCreationCode, args: [setup, []] })
  install(journal, parameters.stakingAddress, await runtimeOf(staking))
  const tree = await runtimeOf(encodeDeployData({ abi: callTreeAbi, bytecode: callTreeCreationCode }))
  for (const address of TREES) install(journal, address, tree, 100_000n * OPEN)
  const delegation = concatBytes(DELEGATION, hexToBytes(TREES[0] ?? ZERO_ADDRESS))
  for (const address of PEOPLE) install(journal, address, delegation)
}

async function installReference(
  journal: StateJournal,
  reference: ReferenceRegistry,
  parameters: ReferenceParameters,
): Promise<void> {
  const { address, registry, methods } = reference
  install(journal, registryAt(address), await runtimeOf(creationOf(registry, parameters)))
  install(journal, methodsAt(address), await runtimeOf(methods.creationCode))
  const args = [address, registryAt(address), methodsAt(address)] as const
  const gate = encodeDeployData({ abi: gateAbi, bytecode: gateCreationCode, args })
  install(journal, address, await runtimeOf(gate))
}

/** What two worlds do not agree on. */
export interface Difference {
  readonly what: string
  readonly native: string
  readonly reference: string
}

/** How a step ended in the native world, and in what the other world differs. */
export interface Compared {
  readonly ended: Ended
  readonly difference?: Difference
}

/** The same state twice: one world with all native precompiles, one in which references stand for some of them. */
export class TwinWorlds {
  readonly native: RunningWorld
  readonly reference: RunningWorld
  /** Addresses at which references stand. */
  readonly #replaced: ReadonlySet<Address>

  private constructor(native: RunningWorld, reference: RunningWorld, replaced: ReadonlySet<Address>) {
    this.native = native
    this.reference = reference
    this.#replaced = replaced
  }

  /** The references have the world's parameters, unless a test wants to see that others make a difference. */
  static async of(
    world: World,
    references: readonly ReferenceRegistry[],
    parametersOfReferences: PrecompileParameters = world.parameters,
  ): Promise<TwinWorlds> {
    const base = stateOf(stateDiffOf(world.chain))
    const shared = new StateJournal(base)
    await installShared(shared, world)
    const state = new OverlayState(base, shared.diff())
    const replacing = new StateJournal(state)
    const { genesisHash } = world.chain
    for (const reference of references) {
      await installReference(replacing, reference, { ...parametersOfReferences, genesisHash })
    }
    for (const { address } of helpers) install(replacing, address, Uint8Array.of(0xfe))
    const { chain, parameters } = world
    const start = {
      block: chain.block,
      genesisHash: chain.genesisHash,
      stakingAddress: parameters.stakingAddress,
    }
    const replaced = new Set(references.map(({ address }) => address))
    const precompiles = nativePrecompiles(parameters).activeAt(chain.block.timestamp)
    const others = precompiles.filter(({ address }) => !replaced.has(address))
    return new TwinWorlds(
      new RunningWorld(start, { state, precompiles }),
      new RunningWorld(start, {
        state: new OverlayState(state, replacing.diff()),
        precompiles: [...others, ...helpers],
      }),
      replaced,
    )
  }

  restart(seed: number): void {
    this.native.restart(seed)
    this.reference.restart(seed)
  }

  async run(step: Step): Promise<Compared> {
    const ended = await endOf(this.native, step)
    const other = await endOf(this.reference, step)
    const difference = differenceOfEnds(ended, other) ?? this.#differenceOfStates()
    return { ended, ...(difference === undefined ? {} : { difference }) }
  }

  #differenceOfStates(): Difference | undefined {
    const native = this.native.changes()
    const reference = this.reference.changes()
    for (const address of new Set([...native.keys(), ...reference.keys()])) {
      const isReplaced = this.#replaced.has(address)
      const a = linesOf(native.get(address), isReplaced)
      const b = linesOf(reference.get(address), isReplaced)
      const index = a.findIndex((line, at) => line !== b[at])
      const at = index < 0 && b.length > a.length ? a.length : index
      if (at >= 0) return { what: `account ${address}`, native: `${a[at]}`, reference: `${b[at]}` }
    }
    return undefined
  }
}

/** One line for each thing that an account has; the code of a reference is its own. */
function linesOf(account: ChangedAccount | undefined, isReplaced: boolean): readonly string[] {
  if (account === undefined) return ['unchanged']
  const { nonce, balanceWei, codeHash, slots } = account
  return [
    `nonce ${nonce}`,
    `balance ${balanceWei}`,
    isReplaced ? 'code of its own' : `code ${codeHash}`,
    ...[...slots].map(([slot, value]) => `${slot} = 0x${value.toString(16)}`),
  ]
}

const THREW = 'threw'

/** An exception that is no end of a call would stop a node: it is a finding, also when both worlds throw. */
async function endOf(world: RunningWorld, step: Step): Promise<Ended> {
  try {
    return await world.run(step)
  } catch (error) {
    const status = `${THREW} ${error instanceof Error ? error.message : String(error)}`
    return { status, output: EMPTY_BYTES, logs: [] }
  }
}

function differenceOfEnds(native: Ended, reference: Ended): Difference | undefined {
  if (native.status !== reference.status || native.status.startsWith(THREW)) {
    const text = ({ status, output }: Ended) => `${status} ${bytesToHex(output)}`
    return { what: 'status', native: text(native), reference: text(reference) }
  }
  const [a, b] = [bytesToHex(native.output), bytesToHex(reference.output)]
  if (a !== b) return { what: 'return data', native: a, reference: b }
  const count = Math.max(native.logs.length, reference.logs.length)
  for (let index = 0; index < count; index++) {
    const [one, other] = [textOf(native.logs[index]), textOf(reference.logs[index])]
    if (one !== other) return { what: `log ${index}`, native: one, reference: other }
  }
  return undefined
}

function textOf(log: Log | undefined): string {
  return log === undefined ? 'none' : `${log.address} [${log.topics.join(', ')}] ${bytesToHex(log.data)}`
}
