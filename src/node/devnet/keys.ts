import { pbkdf2Sync } from 'node:crypto'
import { HDKey } from 'viem/accounts'
import type { GenesisInput } from '../../chainspec/schema.ts'
import { invariant } from '../../errors/errors.ts'
import { utf8ToBytes } from '../../primitives/bytes.ts'
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../primitives/hex.ts'
import { keccak256 } from '../../primitives/keccak.ts'
import { privateKeyToAddress } from '../../primitives/secp256k1.ts'
import { RevealChain } from '../revealChain.ts'

/** Known to everybody: what Anvil and Hardhat use. Nothing of worth may ever lie on these keys. */
export const DEVNET_MNEMONIC = 'test test test test test test test test test test test junk'
export const DEVNET_ACCOUNTS = 10
const OPEN = 10n ** 18n
const ACCOUNT_BALANCE_WEI = 10_000n * OPEN
const GAS_MONEY_WEI = 1_000n * OPEN
const STAKE_WEI = 10_000n * OPEN

export interface DevnetKey {
  readonly address: Address
  readonly privateKey: Hex
}

export interface DevnetValidator {
  readonly operator: DevnetKey
  readonly consensus: DevnetKey
  readonly feeRecipient: DevnetKey
  /** Seed of the validator's hash chain. */
  readonly revealSeed: Hex
}

// BIP-39, "From mnemonic to seed": PBKDF2-HMAC-SHA512, 2048 rounds, salt "mnemonic"
const root = HDKey.fromMasterSeed(
  Uint8Array.from(pbkdf2Sync(DEVNET_MNEMONIC, 'mnemonic', 2048, 64, 'sha512')),
)

/** The key at `m/44'/60'/account'/0/index` (BIP-44). */
function deriveKey(account: number, index: number): DevnetKey {
  const { privateKey } = root.derive(`m/44'/60'/${account}'/0/${index}`)
  invariant(privateKey !== null, 'A derived key is private.')
  return { address: privateKeyToAddress(privateKey), privateKey: bytesToHex(privateKey) }
}

/** The ten accounts that tools know, `m/44'/60'/0'/0/i`. */
export function devnetAccounts(): DevnetKey[] {
  return Array.from({ length: DEVNET_ACCOUNTS }, (_, index) => deriveKey(0, index))
}

/** Validator keys of the same mnemonic: `m/44'/60'/1'/0/i` operator, `/2'/` consensus, `/3'/` fee recipient. */
export function devnetValidator(index: number): DevnetValidator {
  return {
    operator: deriveKey(1, index),
    consensus: deriveKey(2, index),
    feeRecipient: deriveKey(3, index),
    revealSeed: bytesToHex(keccak256(utf8ToBytes(`openledger devnet reveal seed ${index}`))),
  }
}

/** The AI host's key, `m/44'/60'/4'/0/0`. */
export function devnetHostKey(): DevnetKey {
  return deriveKey(4, 0)
}

export function devnetGenesisValidators(count: number): GenesisInput['validators'] {
  return Array.from({ length: count }, (_, index) => {
    const { operator, consensus, feeRecipient, revealSeed } = devnetValidator(index)
    return {
      operator: operator.address,
      consensusKey: consensus.address,
      feeRecipient: feeRecipient.address,
      randomnessTip: new RevealChain(hexToBytes(revealSeed)).tip,
      stakeWei: STAKE_WEI.toString(),
    }
  })
}

/** Balances at genesis: the known accounts, and gas money for operators, consensus keys and the host. */
export function devnetGenesisAccounts(validators: number): GenesisInput['accounts'] {
  const balances = new Map<Address, bigint>()
  for (const account of devnetAccounts()) balances.set(account.address, ACCOUNT_BALANCE_WEI)
  for (let index = 0; index < validators; index++) {
    const { operator, consensus } = devnetValidator(index)
    balances.set(operator.address, GAS_MONEY_WEI)
    balances.set(consensus.address, GAS_MONEY_WEI)
  }
  balances.set(devnetHostKey().address, GAS_MONEY_WEI)
  return Object.fromEntries([...balances].map(([address, wei]) => [address, { balanceWei: wei.toString() }]))
}
