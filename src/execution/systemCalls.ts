import type { Block } from '@ethereumjs/block'
import { createAddressFromString } from '@ethereumjs/util'
import { encodeFunctionData } from 'viem'
import { stakingAbi } from '../../contracts/generated/Staking.ts'
import { predeploys, SYSTEM_ADDRESS } from '../chainspec/addresses.ts'
import type { ChainSpec } from '../chainspec/chainSpec.ts'
import { NodeError } from '../errors/errors.ts'
import type { Certificate } from '../ledger/certificate.ts'
import { bigIntToBytes, bytesToBigInt } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import type { StateJournal } from '../state/stateJournal.ts'
import type { NativeEvm } from './evm/nativeEvm.ts'

/** Contracts that Ethereum's own system calls write; the code is in genesis. */
export const HISTORY_STORAGE: Address = '0x0000f90827f1c53a10cb7a02335b175320002935' // EIP-2935
export const BEACON_ROOTS: Address = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02' // EIP-4788
const HISTORY_SERVE_WINDOW = 8191n // EIP-2935 HISTORY_SERVE_WINDOW
const HISTORY_BUFFER_LENGTH = 8191n // EIP-4788 HISTORY_BUFFER_LENGTH
/** As EIP-4788 and EIP-2935 give their calls; not counted in the block. */
const SYSTEM_CALL_GAS = 30_000_000n

const slotHash = (slot: bigint): Hash => bytesToHex(bigIntToBytes(slot, 32))

/** What EIP-2935 and EIP-4788 store at a block's start, written to the slots that their contracts read. */
export function storeHistory(state: StateJournal, block: Block): void {
  const { number, timestamp, parentHash, parentBeaconBlockRoot } = block.header
  state.setStorage(HISTORY_STORAGE, slotHash((number - 1n) % HISTORY_SERVE_WINDOW), bytesToBigInt(parentHash))
  const slot = timestamp % HISTORY_BUFFER_LENGTH
  state.setStorage(BEACON_ROOTS, slotHash(slot), timestamp)
  state.setStorage(
    BEACON_ROOTS,
    slotHash(slot + HISTORY_BUFFER_LENGTH),
    bytesToBigInt(parentBeaconBlockRoot ?? new Uint8Array(32)),
  )
}

/** Hash of an ancestor out of the EIP-2935 ring: a function of the state alone. */
export function ancestorHash(state: StateJournal, number: number): Hash {
  return slotHash(state.storage(HISTORY_STORAGE, slotHash(BigInt(number) % HISTORY_SERVE_WINDOW)))
}

async function callAsSystem(evm: NativeEvm, block: Block, to: Address, data: Uint8Array): Promise<void> {
  const result = await evm.runCall({
    block,
    caller: createAddressFromString(SYSTEM_ADDRESS),
    to: createAddressFromString(to),
    data,
    gasLimit: SYSTEM_CALL_GAS,
    skipNonceIncrement: true,
  })
  await evm.journal.cleanup()
  const error = result.execResult.exceptionError
  if (error !== undefined) {
    throw new NodeError('BAD_EXECUTION', `A system call to ${to} failed: ${error.error}.`, {
      output: bytesToHex(result.execResult.returnValue),
    })
  }
}

/** Tells Staking who signed the parent and what the builder reveals; a wrong reveal makes the block invalid. */
export async function startBlock(
  evm: NativeEvm,
  block: Block,
  parentCertificate: Certificate | null,
): Promise<void> {
  const data = encodeFunctionData({
    abi: stakingAbi,
    functionName: 'onBlockStart',
    args: [bytesToHex(parentCertificate?.signers ?? new Uint8Array()), bytesToHex(block.header.extraData)],
  })
  await callAsSystem(evm, block, predeploys.staking, hexToBytes(data))
}

/** In an epoch's last block: writes the set of the next epoch. */
export async function endEpoch(evm: NativeEvm, block: Block, spec: ChainSpec): Promise<void> {
  if (block.header.number % BigInt(spec.genesis.consensus.epochBlocks) !== 0n) return
  const data = encodeFunctionData({ abi: stakingAbi, functionName: 'onEpochEnd' })
  await callAsSystem(evm, block, predeploys.staking, hexToBytes(data))
}
