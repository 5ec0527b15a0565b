import { type Block, createBlock } from '@ethereumjs/block'
import { createAddressFromString } from '@ethereumjs/util'
import { type Abi, encodeDeployData } from 'viem'
import { slashingAbi, slashingCreationCode } from '../../contracts/generated/Slashing.ts'
import { stakingAbi, stakingCreationCode } from '../../contracts/generated/Staking.ts'
import { treasuryAbi, treasuryCreationCode } from '../../contracts/generated/Treasury.ts'
import { nativeAddresses, predeploys } from '../chainspec/addresses.ts'
import { type ChainSpec, createChainSpec } from '../chainspec/chainSpec.ts'
import type { Genesis, GenesisInput } from '../chainspec/schema.ts'
import { NodeError } from '../errors/errors.ts'
import { EMPTY_REQUESTS_HASH } from '../ledger/headerRules.ts'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '../primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { EthereumjsStateManager } from '../state/ethereumjsStateManager.ts'
import { StateJournal } from '../state/stateJournal.ts'
import { computeStateRoot, type StateRootResult } from '../state/stateRoot.ts'
import type { StateReader } from '../state/types.ts'
import { loadStandardPrecompiles } from './crypto/standardPrecompiles.ts'
import { NativeEvm } from './evm/nativeEvm.ts'
import { BEACON_ROOTS, HISTORY_STORAGE } from './systemCalls.ts'

type Alloc = GenesisInput['alloc']

/** 10^9 OPEN of 18 decimals: all there is. */
export const TOTAL_SUPPLY_WEI = 10n ** 27n
const CONSTRUCTION_GAS = 1_000_000_000n

/** Code that other networks agreed on, at the addresses that they agreed on. */
const wellKnownCode: readonly { readonly address: Address; readonly code: Hex }[] = [
  {
    // EIP-2935, "Deployment"
    address: HISTORY_STORAGE,
    code: '0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500',
  },
  {
    // EIP-4788, "Deployment"
    address: BEACON_ROOTS,
    code: '0x3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414603c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500',
  },
  {
    // the deterministic CREATE2 deployer that Foundry, Hardhat and Safe expect
    address: '0x4e59b44847b379578588920ca78fbf26c0b4956c',
    code: '0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3',
  },
]
const MULTICALL3: Address = '0xca11bde05977b3631167028862be2a173976ca11'

const emptyState: StateReader = {
  account: () => undefined,
  storage: () => 0n,
  code: () => new Uint8Array(),
}

interface Construction {
  readonly address: Address
  readonly creationCode: Hex
  readonly balanceWei: bigint
}

function deployData(abi: Abi, bytecode: Hex, args: readonly unknown[]): Hex {
  return encodeDeployData({ abi, bytecode, args })
}

/**
 * Runs each predeploy's creation code in the EVM at its final address, under the network's chain id and in a fixed
 * order, and returns code, storage and balance. Nothing is pasted: immutables and constructor effects come out as
 * they would in a deployment.
 */
export async function constructAlloc(genesis: Genesis): Promise<Alloc> {
  const spec = createChainSpec(genesis)
  const journal = new StateJournal(emptyState)
  const evm = new NativeEvm(
    {
      common: spec.common,
      genesisHash: ZERO_HASH,
      precompiles: [],
      standard: await loadStandardPrecompiles(),
      blockHashOf: () => ZERO_HASH,
    },
    { state: new EthereumjsStateManager(journal) },
  )
  for (const { address, code } of wellKnownCode) install(journal, address, hexToBytes(code), 0n)
  for (const address of Object.values(nativeAddresses)) install(journal, address, Uint8Array.of(0xfe), 0n)
  for (const construction of await constructions(genesis)) {
    const { address, creationCode, balanceWei } = construction
    install(journal, address, new Uint8Array(), balanceWei)
    const result = await evm.runCode({
      code: hexToBytes(creationCode) as Uint8Array<ArrayBuffer>,
      to: createAddressFromString(address),
      caller: createAddressFromString(ZERO_ADDRESS),
      gasLimit: CONSTRUCTION_GAS,
    })
    if (result.exceptionError !== undefined) {
      throw new NodeError(
        'BAD_GENESIS',
        `The constructor of ${address} failed: ${result.exceptionError.error}.`,
        {
          output: bytesToHex(result.returnValue),
        },
      )
    }
    install(journal, address, result.returnValue, balanceWei)
  }
  return toAlloc(journal)
}

async function constructions(genesis: Genesis): Promise<Construction[]> {
  const { staking, consensus, validators, accounts } = genesis
  const stakeWei = validators.reduce((sum, validator) => sum + validator.stakeWei, 0n)
  const peopleWei = Object.values(accounts).reduce((sum, account) => sum + account.balanceWei, 0n)
  if (stakeWei + peopleWei > TOTAL_SUPPLY_WEI) {
    throw new NodeError('BAD_GENESIS', 'Stakes and accounts hold more than the whole supply.')
  }
  const setup = {
    minimumStakeWei: staking.minimumStakeWei,
    maxValidators: BigInt(staking.maxValidators),
    unbondingBlocks: BigInt(staking.unbondingBlocks),
    epochBlocks: BigInt(consensus.epochBlocks),
    downtimeWindowBlocks: BigInt(staking.downtimeWindowBlocks),
    downtimeShareBps: BigInt(staking.downtimeShareBps),
    jailBlocks: BigInt(staking.jailBlocks),
    slashing: predeploys.slashing,
  }
  const slashingSetup = [
    predeploys.staking,
    predeploys.treasury,
    BigInt(staking.doubleSignSlashBps),
    BigInt(staking.doubleSignBountyBps),
  ]
  return [
    {
      address: predeploys.staking,
      creationCode: deployData(stakingAbi, stakingCreationCode, [setup, validators]),
      balanceWei: stakeWei,
    },
    {
      address: predeploys.treasury,
      // no owner: what is in it stays until governance is deployed
      creationCode: deployData(treasuryAbi, treasuryCreationCode, [ZERO_ADDRESS]),
      balanceWei: TOTAL_SUPPLY_WEI - stakeWei - peopleWei,
    },
    {
      address: predeploys.slashing,
      creationCode: deployData(slashingAbi, slashingCreationCode, slashingSetup),
      balanceWei: 0n,
    },
    { address: MULTICALL3, creationCode: await multicall3CreationCode(), balanceWei: 0n },
  ]
}

/** viem carries it, but not among its exports. */
async function multicall3CreationCode(): Promise<Hex> {
  const path = new URL('./constants/contracts.js', import.meta.resolve('viem'))
  const module: unknown = await import(path.href)
  const code = (module as { multicall3Bytecode?: Hex }).multicall3Bytecode
  if (code === undefined) throw new NodeError('INTERNAL', 'viem no longer carries Multicall3.')
  return code
}

function install(journal: StateJournal, address: Address, code: Uint8Array, balanceWei: bigint): void {
  journal.setAccount(address, {
    nonce: 1n,
    balanceWei,
    codeHash: EMPTY_CODE_HASH,
  })
  journal.setCode(address, code)
}

/** Sorted by address and slot, so that the file is the same however it was made. */
function toAlloc(journal: StateJournal): Alloc {
  const diff = journal.diff()
  const byKey = (a: string, b: string) => (a < b ? -1 : 1)
  const alloc: Alloc = {}
  for (const address of [...diff.accounts.keys()].sort(byKey)) {
    const account = diff.accounts.get(address)
    if (account === undefined || account === null) continue
    const slots = [...(diff.storage.get(address) ?? [])].filter(([, value]) => value !== 0n)
    const storage = slots
      .sort(([a], [b]) => byKey(a, b))
      .map(([slot, value]) => [slot, wordHex(value)] as const)
    alloc[address] = {
      nonce: Number(account.nonce),
      ...(account.balanceWei === 0n ? {} : { balanceWei: account.balanceWei.toString() }),
      code: bytesToHex(journal.code(account.codeHash)),
      ...(storage.length === 0 ? {} : { storage: Object.fromEntries(storage) }),
    }
  }
  return alloc
}

const wordHex = (value: bigint): Hash => `0x${value.toString(16).padStart(64, '0')}`

export interface GenesisState {
  readonly block: Block
  readonly state: StateRootResult
}

/** State and block zero: functions of the genesis file alone. */
export async function createGenesisState(spec: ChainSpec): Promise<GenesisState> {
  const { genesis } = spec
  const journal = new StateJournal(emptyState)
  const emptyAccount = { nonce: 0n, balanceWei: 0n, codeHash: EMPTY_CODE_HASH }
  for (const [address, { balanceWei }] of Object.entries(genesis.accounts) as [
    Address,
    { balanceWei: bigint },
  ][]) {
    journal.setAccount(address, { ...emptyAccount, balanceWei })
  }
  for (const [key, entry] of Object.entries(genesis.alloc)) {
    const address = key as Address
    journal.setAccount(address, {
      ...emptyAccount,
      nonce: BigInt(entry.nonce ?? 0),
      balanceWei: entry.balanceWei ?? 0n,
    })
    if (entry.code !== undefined) journal.setCode(address, hexToBytes(entry.code))
    for (const [slot, value] of Object.entries(entry.storage ?? {})) {
      journal.setStorage(address, slot as Hash, BigInt(value))
    }
  }
  const state = await computeStateRoot({ get: () => undefined }, EMPTY_TRIE_ROOT, journal.diff(), 0)
  const block = createBlock(
    {
      header: {
        number: 0n,
        timestamp: BigInt(genesis.timestamp),
        gasLimit: BigInt(genesis.gasLimit),
        baseFeePerGas: genesis.baseFeeWei,
        stateRoot: hexToBytes(state.stateRoot),
        mixHash: hexToBytes(genesis.stamp),
        extraData: hexToBytes(spec.parametersHash),
        requestsHash: hexToBytes(EMPTY_REQUESTS_HASH),
        parentBeaconBlockRoot: new Uint8Array(32),
        excessBlobGas: 0n,
        blobGasUsed: 0n,
      },
      withdrawals: [],
    },
    { common: spec.common, freeze: false },
  )
  return { block, state }
}
