import { namespaceSlot } from './layout.ts'
import type { SlotReader } from './store.ts'

/**
 * The randomness of past blocks. Before the first transaction of block n a system call makes the Staking predeploy
 * write block n's prevRandao to slot RANDAO_RING_SLOT + n mod RANDAO_RING_BLOCKS of its storage; nothing else is in
 * that slot. In Solidity: `uint256[8192] ring` as the only member of the namespace.
 */
export const RANDAO_RING_SLOT = namespaceSlot('openledger.storage.RandaoRing')
export const RANDAO_RING_BLOCKS = 8192n

export function randaoSlot(blockNumber: bigint): bigint {
  return RANDAO_RING_SLOT + (blockNumber % RANDAO_RING_BLOCKS)
}

/**
 * The randomness of the block after `block`, which nobody knew in it; of the newest block a multiple of the ring's size
 * later, if that is forgotten. Undefined while there is none.
 */
export function randomnessAfter(
  staking: SlotReader,
  block: number,
  currentBlock: number,
): bigint | undefined {
  if (currentBlock <= block) return undefined
  const randao = staking.load(randaoSlot(BigInt(block) + 1n))
  return randao === 0n ? undefined : randao
}
