import { createHash } from 'node:crypto'
import { paramsBlock } from '@ethereumjs/block'
import {
  type Common,
  type CustomCrypto,
  createCustomCommon,
  Hardfork,
  Mainnet,
  type ParamsDict,
} from '@ethereumjs/common'
import { paramsTx } from '@ethereumjs/tx'
import { NodeError } from '../errors/errors.ts'
import { utf8ToBytes } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/hex.ts'
import { keccak256, keccakHex } from '../primitives/keccak.ts'
import { recoverPublicKey } from '../primitives/secp256k1.ts'
import type { Genesis } from './schema.ts'

/** All that the rules of one chain depend on. */
export interface ChainSpec {
  readonly genesis: Genesis
  readonly chainId: bigint
  readonly common: Common
  /** keccak256 of every parameter of genesis that is not in the state; the genesis block carries it in `extraData`. */
  readonly parametersHash: Hash
}

export function createChainSpec(genesis: Genesis): ChainSpec {
  if (genesis.chainId === null) {
    throw new NodeError(
      'BAD_GENESIS',
      `The network "${genesis.name}" has no chain id yet and cannot be started.`,
    )
  }
  if (genesis.validators.length === 0) {
    throw new NodeError(
      'BAD_GENESIS',
      `The network "${genesis.name}" has no validators yet and cannot be started.`,
    )
  }
  return {
    genesis,
    chainId: BigInt(genesis.chainId),
    common: createChainCommon(genesis.name, genesis.chainId),
    parametersHash: hashParameters(genesis),
  }
}

/** Osaka from the first block, with native crypto behind ethereumjs. */
function createChainCommon(name: string, chainId: number): Common {
  const common = createCustomCommon(
    {
      name,
      chainId,
      // ethereumjs falls back to mainnet's deposit contract; none of ours may count as one
      depositContractAddress: '0x0000000000000000000000000000000000000000',
      hardforks: osakaFromGenesis(),
    },
    Mainnet,
    { hardfork: Hardfork.Osaka, customCrypto: nativeCrypto },
  )
  return cachedChainParameters(common)
}

/**
 * ethereumjs merges the same parameters into its Common anew for every transaction and header, at ten times the cost
 * of decoding one. Here they are merged once; copies inherit both the parameters and the shortcut.
 */
export function cachedChainParameters(common: Common): Common {
  const known: readonly ParamsDict[] = [paramsTx, paramsBlock]
  for (const params of known) common.updateParams(params)
  const update = common.updateParams
  common.updateParams = function (this: Common, params) {
    if (!known.includes(params)) update.call(this, params)
  }
  return common
}

/** Mainnet's forks up to Osaka, those of mainnet's own history left out, all active at block 0 and time 0. */
function osakaFromGenesis(): (typeof Mainnet)['hardforks'] {
  const last = Mainnet.hardforks.findIndex((fork) => fork.name === Hardfork.Osaka)
  return Mainnet.hardforks
    .slice(0, last + 1)
    .filter(({ name }) => name !== Hardfork.Dao && name !== Hardfork.MergeNetsplitBlock)
    .map(({ name, timestamp }) =>
      timestamp === undefined ? { name, block: 0 } : { name, block: null, timestamp: 0 },
    )
}

export const nativeCrypto = {
  keccak256,
  ecrecover(hash: Uint8Array, v: bigint, r: Uint8Array, s: Uint8Array, chainId?: bigint): Uint8Array {
    const recovery = recoveryBit(v, chainId)
    const toBigInt = (part: Uint8Array) => BigInt(`0x${Buffer.from(part).toString('hex')}`)
    return recoverPublicKey(hash, recovery, toBigInt(r), toBigInt(s))
  },
  sha256: (data: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha256').update(data).digest()),
  kzg: noBlobs(),
}

/**
 * ethereumjs decodes no blob transaction without KZG, and one has to be decoded to be refused by the chain's rules.
 * Nothing here makes or checks blobs; the precompile for point evaluation has a verifier of its own.
 */
function noBlobs(): NonNullable<CustomCrypto['kzg']> {
  const refuse = (): never => {
    throw new NodeError('TX_TYPE_REFUSED', 'This chain has no blobs.')
  }
  return {
    blobToKzgCommitment: refuse,
    computeBlobProof: refuse,
    verifyProof: refuse,
    verifyBlobProofBatch: refuse,
    computeCells: refuse,
    computeCellsAndProofs: refuse,
    recoverCellsAndProofs: refuse,
    verifyCellKzgProofBatch: refuse,
  }
}

/** 0 or 1 from any of the forms of v: 0/1 (typed), 27/28, or EIP-155. */
function recoveryBit(v: bigint, chainId?: bigint): number {
  if (v === 0n || v === 1n) return Number(v)
  const recovery = chainId === undefined ? v - 27n : v - (chainId * 2n + 35n)
  if (recovery !== 0n && recovery !== 1n) throw new NodeError('BAD_SIGNATURE', 'Invalid recovery value.')
  return Number(recovery)
}

/**
 * Of the precompiles' schedule only what runs from genesis on: an upgrade that operators schedule later leaves the chain
 * the one that it is.
 */
function hashParameters(genesis: Genesis): Hash {
  const { alloc: _alloc, accounts: _accounts, stamp: _stamp, timestamp, ...parameters } = genesis
  const precompiles = genesis.precompiles.filter((entry) => entry.timestamp <= timestamp)
  return keccakHex(utf8ToBytes(canonicalJson({ ...parameters, precompiles })))
}

/** JSON with sorted keys and integers of any size as decimal strings. */
function canonicalJson(value: unknown): string {
  if (typeof value === 'bigint') return `"${value}"`
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
  }
  return JSON.stringify(value)
}
