import { eoaCode7702AuthorizationListBytesItemToJSON, eoaCode7702SignAuthorization } from '@ethereumjs/util'
import type { CallKind } from '../../../precompiles/host.ts'
import { type CallMessage, type CallOutcome, CallRunner } from '../../../src/execution/calls.ts'
import { bytesToBigInt } from '../../../src/primitives/bytes.ts'
import { type Address, hexToBytes } from '../../../src/primitives/hex.ts'
import { estimateGas } from '../../../src/rpc/calls/estimateGas.ts'
import { RpcError } from '../../../src/rpc/errors.ts'
import type { StateDiff } from '../../../src/state/types.ts'
import { devnetSpec, type EvmWorld, type Left } from '../evmWorld.ts'
import { isExhaustive } from '../exhaustive.ts'
import type { Log } from '../memoryHost.ts'
import { type Account, account } from '../precompileWorld.ts'
import { type CallOpcode, callingConstructor, contractAddress, forwarder } from './assembly.ts'

/** A call of a precompile that a context is to make. */
export interface CallSite {
  readonly world: EvmWorld
  readonly to: Address
  readonly input: Uint8Array
  readonly valueWei: bigint
  /** Whom the method is meant to be called by. */
  readonly principal: Account
}

/** How the precompile's own frame ended, seen from its caller. */
export interface Seen {
  readonly status: string
  readonly output: Uint8Array
  /** Absent where nothing of it can be seen. */
  readonly left?: {
    readonly diff: StateDiff
    readonly logs: readonly Log[]
    /** Accounts that change whatever the precompile does. */
    readonly besides: readonly Address[]
    readonly feeWei: bigint
  }
}

export interface Context {
  readonly name: ContextName
  readonly kind: CallKind
  readonly isStatic: boolean
  /** Whether the precompile gets the value that is sent. */
  readonly passesValue: boolean
  /** Whether the precompile sees the principal as its caller. */
  readonly asPrincipal: boolean
  /** EIP-3860 bounds what a constructor can carry; the others leave inputs above the bound to a few, for the time it takes. */
  readonly inputBytesMax: number
  run(site: CallSite): Promise<Seen>
}

export type ContextName =
  | 'account'
  | 'contract'
  | 'STATICCALL'
  | 'CALL inside STATICCALL'
  | 'DELEGATECALL'
  | 'CALLCODE'
  | 'constructor'
  | 'delegated account'
  | 'eth_call'
  | 'eth_estimateGas'
  | 'state overrides'
  | 'trace'

/** Pays for what the principal does not send itself. */
export const outsider = account(39)
const GAS = 16_000_000n
const INITCODE_BYTES = 49_152 - 256
const SHORT_BYTES = isExhaustive ? Number.POSITIVE_INFINITY : 65_536
const forwarderAddress = contractAddress('forwarder')

/** Takes the output of a forwarder, or of forwarders one in the other, apart. */
function unwrap(result: Pick<Left, 'status' | 'output'>, depth = 1): { status: string; output: Uint8Array } {
  let { output } = result
  if (result.status !== 'ok') throw new Error(`the forwarder itself failed: ${result.status}`)
  for (let level = 1; level <= depth; level++) {
    const succeeded = bytesToBigInt(output.subarray(0, 32)) === 1n
    output = output.subarray(32)
    // a frame that fails without data is one that did not revert
    if (!succeeded) return { status: output.length > 0 ? 'revert' : 'failed', output }
  }
  return { status: 'ok', output }
}

function seen(site: CallSite, left: Left, own: { status: string; output: Uint8Array }): Seen {
  const besides = [outsider.address, site.principal.address]
  const feeWei = left.gasUsed * (site.world.block.header.baseFeePerGas ?? 0n)
  return { ...own, left: { diff: left.diff, logs: left.logs, besides, feeWei } }
}

/** The principal is a contract that forwards. */
function withForwarder(opcode: CallOpcode, site: CallSite): EvmWorld {
  return site.world.with((journal) => {
    journal.setCode(site.principal.address, hexToBytes(forwarder(opcode, site.to)))
  })
}

function throughContract(opcode: CallOpcode): Context['run'] {
  return async (site) => {
    const { input: data, valueWei, principal } = site
    const left = await withForwarder(opcode, site).transact({
      from: outsider.address,
      to: principal.address,
      data,
      valueWei,
    })
    return seen(site, left, unwrap(left))
  }
}

async function insideStaticCall(site: CallSite): Promise<Seen> {
  const { input: data, valueWei, principal } = site
  const world = withForwarder('call', site).with((journal) => {
    journal.setCode(forwarderAddress, hexToBytes(forwarder('staticcall', principal.address)))
  })
  const left = await world.transact({ from: outsider.address, to: forwarderAddress, data, valueWei })
  const own = seen(site, left, unwrap(left, 2))
  // the value stays with the outer contract
  return own.left === undefined
    ? own
    : { ...own, left: { ...own.left, besides: [...own.left.besides, forwarderAddress] } }
}

async function fromConstructor(site: CallSite): Promise<Seen> {
  const { world, to, input, valueWei } = site
  const left = await world.transact({ from: outsider.address, data: callingConstructor(to, input), valueWei })
  const own = seen(site, left, unwrap(left))
  const made = [...left.diff.accounts]
    .filter(([, record]) => record?.nonce === 1n)
    .map(([address]) => address)
  return own.left === undefined
    ? own
    : { ...own, left: { ...own.left, besides: [...own.left.besides, ...made] } }
}

/** The principal signs that it runs a forwarder's code (EIP-7702), in the transaction that calls it. */
async function fromDelegated(site: CallSite): Promise<Seen> {
  const { to, input: data, valueWei, principal } = site
  const world = site.world.with((journal) => {
    journal.setCode(forwarderAddress, hexToBytes(forwarder('call', to)))
  })
  const unsigned = {
    chainId: `0x${devnetSpec().chainId.toString(16)}`,
    address: forwarderAddress,
    nonce: '0x0',
  } as const
  const signed = eoaCode7702SignAuthorization(unsigned, principal.key)
  const left = await world.transact({
    from: outsider.address,
    to: principal.address,
    data,
    valueWei,
    authorizations: [eoaCode7702AuthorizationListBytesItemToJSON(signed)],
  })
  return seen(site, left, unwrap(left))
}

async function fromAccount(site: CallSite): Promise<Seen> {
  const { world, to, input: data, valueWei, principal } = site
  const left = await world.transact({ from: principal.address, to, data, valueWei })
  return seen(site, left, left)
}

function runnerOf({ genesisHash, registry }: EvmWorld): CallRunner {
  return new CallRunner({ spec: devnetSpec(), genesisHash }, { precompiles: registry })
}

function messageOf({ world, to, input, valueWei, principal }: CallSite): CallMessage {
  const feeCapWei = world.block.header.baseFeePerGas ?? 0n
  return { from: principal.address, to, data: input, valueWei, gasLimit: GAS, feeCapWei, tipWei: 0n }
}

const ownOf = ({ output, failure }: CallOutcome) => ({
  status: failure === undefined ? 'ok' : failure.reverted ? 'revert' : failure.message,
  output,
})

async function fromEthCall(site: CallSite): Promise<Seen> {
  const { block, state } = site.world
  return ownOf(await runnerOf(site.world).run(messageOf(site), { block, state }))
}

async function fromEstimate(site: CallSite): Promise<Seen> {
  const { block, state } = site.world
  const runner = runnerOf(site.world)
  const run = (gasLimit: bigint) => runner.run({ ...messageOf(site), gasLimit }, { block, state })
  const calls = {
    call: async (request: { gasLimit?: bigint | undefined }) => {
      const { output, gasUsed, gasRefund, failure } = await run(request.gasLimit ?? GAS)
      const failed = failure && { isRevert: failure.reverted, message: failure.message }
      return { output, gasUsed, gasRefund, failure: failed }
    },
  }
  const request = { from: site.principal.address, to: site.to, data: site.input, valueWei: site.valueWei }
  try {
    const gas = await estimateGas(request, { blockNumber: 0n }, { calls, state, blockGasLimit: GAS })
    // an estimate is worth something when the call succeeds with it
    return ownOf(await run(gas))
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    if (typeof error.data !== 'string') return { status: error.message, output: new Uint8Array() }
    return { status: 'revert', output: hexToBytes(error.data) }
  }
}

/** The forwarder and its balance are there in the call's overrides alone. */
async function fromOverrides(site: CallSite): Promise<Seen> {
  const { block, state } = site.world
  const { principal, to } = site
  const code = hexToBytes(forwarder('call', to))
  const balanceWei = 10n ** 24n
  const outcome = await runnerOf(site.world).run(
    { ...messageOf({ ...site, principal: outsider }), to: principal.address },
    { block, state, stateOverrides: new Map([[principal.address, { code, balanceWei }]]) },
  )
  return unwrap(ownOf(outcome))
}

const plain = {
  kind: 'call',
  isStatic: false,
  passesValue: true,
  asPrincipal: true,
  inputBytesMax: SHORT_BYTES,
} as const
const long = { ...plain, inputBytesMax: Number.POSITIVE_INFINITY } as const

/** Every way in which a precompile can be called. */
export const contexts: Readonly<Record<ContextName, Omit<Context, 'name'> | undefined>> = {
  account: { ...long, run: fromAccount },
  contract: { ...long, run: throughContract('call') },
  STATICCALL: {
    ...plain,
    kind: 'staticcall',
    isStatic: true,
    passesValue: false,
    run: throughContract('staticcall'),
  },
  'CALL inside STATICCALL': { ...plain, isStatic: true, passesValue: false, run: insideStaticCall },
  DELEGATECALL: { ...plain, kind: 'delegatecall', run: throughContract('delegatecall') },
  CALLCODE: { ...plain, kind: 'callcode', run: throughContract('callcode') },
  constructor: { ...plain, asPrincipal: false, inputBytesMax: INITCODE_BYTES, run: fromConstructor },
  'delegated account': { ...plain, run: fromDelegated },
  eth_call: { ...long, run: fromEthCall },
  eth_estimateGas: { ...long, run: fromEstimate },
  'state overrides': { ...plain, run: fromOverrides },
  // the node has no tracer yet; a trace of a transaction to the precompile goes here when it has
  trace: undefined,
}

export const allContexts: readonly Context[] = Object.entries(contexts).flatMap(([name, context]) =>
  context === undefined ? [] : [{ ...context, name: name as ContextName }],
)
