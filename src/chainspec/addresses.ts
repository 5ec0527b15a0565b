import type { Address } from '../primitives/hex.ts'

/** The caller of system calls (EIP-4788 and EIP-2935 use the same one). */
export const SYSTEM_ADDRESS: Address = '0xfffffffffffffffffffffffffffffffffffffffe'

const predeploy = (index: number): Address => `0x${(0x16121001 + index).toString(16).padStart(40, '0')}`

/** Predeployed contracts, in the order in which genesis constructs them. */
export const predeploys = {
  staking: predeploy(0),
  treasury: predeploy(1),
  slashing: predeploy(2),
} as const

/** Native precompiles; version and activation stand in the genesis file. */
export const nativeAddresses = {
  datanetRegistry: '0x0000000000000000000000000000000016120001',
  adapterRegistry: '0x0000000000000000000000000000000016120002',
  proofOfAttribution: '0x0000000000000000000000000000000016120003',
} as const satisfies Record<string, Address>
