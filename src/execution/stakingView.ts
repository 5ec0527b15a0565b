import { predeploys } from '../chainspec/addresses.ts'
import type { ChainSpec } from '../chainspec/chainSpec.ts'
import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import { type Validator, ValidatorSet } from '../ledger/validators.ts'
import { bigIntToBytes, bytesToBigInt, concatBytes } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import type { StateReader } from '../state/types.ts'

// Storage of contracts/system/Staking.sol, read by slot and never by a call that could fail.
const ACTIVE_SLOT = 0n
const PREVIOUS_SLOT = 1n
const VALIDATORS_SLOT = 2n
const GENESIS_HASH_SLOT = 8n
const MEMBER_SLOTS = 3n
const TIP_OFFSET = 2n
const ADDRESS_MASK = (1n << 160n) - 1n
const UINT64_MASK = (1n << 64n) - 1n

const slotHash = (slot: bigint): Hash => bytesToHex(bigIntToBytes(slot, 32))
const addressOf = (word: bigint): Address => bytesToHex(bigIntToBytes(word & ADDRESS_MASK, 20))
const read = (state: StateReader, slot: bigint) => state.storage(predeploys.staking, slotHash(slot))

export interface StakingMember extends Validator {
  readonly operator: Address
}

/** The set that votes on the next block after `state`, in the order of the Staking contract. */
export function readMembers(state: StateReader): StakingMember[] {
  return readList(state, ACTIVE_SLOT)
}

function readList(state: StateReader, listSlot: bigint): StakingMember[] {
  const count = read(state, listSlot)
  if (count === 0n || count > BigInt(limits.validators)) {
    throw new NodeError('DATA_CORRUPT', `The Staking contract names ${count} validators.`)
  }
  const base = firstElement(listSlot)
  return Array.from({ length: Number(count) }, (_, index) => {
    const at = base + BigInt(index) * MEMBER_SLOTS
    const keyAndPower = read(state, at)
    return {
      address: addressOf(keyAndPower),
      power: (keyAndPower >> 160n) & UINT64_MASK,
      feeRecipient: addressOf(read(state, at + 1n)),
      operator: addressOf(read(state, at + 2n)),
    }
  })
}

/** Where Solidity puts a dynamic array's first element. */
const firstElement = (listSlot: bigint) => bytesToBigInt(keccak256(bigIntToBytes(listSlot, 32)))

/** The slots that hold an active set of `count` members: its length, then three for each member in order. */
export function activeSetSlots(count: number): Hash[] {
  const base = firstElement(ACTIVE_SLOT)
  const members = Array.from({ length: count * Number(MEMBER_SLOTS) }, (_, index) => base + BigInt(index))
  return [ACTIVE_SLOT, ...members].map(slotHash)
}

export function readValidatorSet(state: StateReader): ValidatorSet {
  return setOf(readMembers(state))
}

/** The set that decided block `height`, read from the state after it. */
export function readDecidingSet(state: StateReader, height: number, spec: ChainSpec): ValidatorSet {
  const endsEpoch = height % spec.genesis.consensus.epochBlocks === 0
  return setOf(readList(state, endsEpoch ? PREVIOUS_SLOT : ACTIVE_SLOT))
}

function setOf(members: readonly StakingMember[]): ValidatorSet {
  return new ValidatorSet(
    members.map(({ address, power, feeRecipient }) => ({ address, power, feeRecipient })),
  )
}

/** The tip of an operator's hash chain: its next reveal hashes to it. */
export function readRandomnessTip(state: StateReader, operator: Address): Hash {
  const key = concatBytes(new Uint8Array(12), hexToBytes(operator), bigIntToBytes(VALIDATORS_SLOT, 32))
  return slotHash(read(state, bytesToBigInt(keccak256(key)) + TIP_OFFSET))
}

/** The hash of the genesis block, which Staking keeps from block 1 on; zero in genesis itself. */
export function readGenesisHash(state: StateReader): Hash {
  return slotHash(read(state, GENESIS_HASH_SLOT))
}
