import { namespaceSlot } from './layout.ts'

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
