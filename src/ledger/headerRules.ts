import type { Block } from '@ethereumjs/block'
import type { ChainSpec } from '../chainspec/chainSpec.ts'
import { NodeError } from '../errors/errors.ts'
import { concatBytes } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccakHex } from '../primitives/keccak.ts'
import { encodeRlp } from '../primitives/rlp.ts'
import type { ValidatorSet } from './validators.ts'

/** keccak256(rlp([])): there are no ommers. */
export const EMPTY_OMMERS_HASH: Hash = keccakHex(encodeRlp([]))
/** sha256 of nothing (EIP-7685): there are no requests. */
export const EMPTY_REQUESTS_HASH: Hash = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
/** 32 bytes: the builder's reveal. */
export const REVEAL_BYTES = 32

/** The parts of a header that the next one depends on. */
export interface ParentHeader {
  readonly number: bigint
  readonly hash: Hash
  readonly timestamp: bigint
  readonly gasUsed: bigint
  readonly gasLimit: bigint
  readonly baseFeeWei: bigint
  readonly prevRandao: Hash
}

export function parentHeaderOf(block: Block): ParentHeader {
  const { header } = block
  return {
    number: header.number,
    hash: bytesToHex(block.hash()),
    timestamp: header.timestamp,
    gasUsed: header.gasUsed,
    gasLimit: header.gasLimit,
    baseFeeWei: header.baseFeePerGas ?? 0n,
    prevRandao: bytesToHex(header.mixHash),
  }
}

/** EIP-1559's rule with this chain's denominator and elasticity, and a floor. */
export function nextBaseFee(fees: ChainSpec['genesis']['fees'], parent: ParentHeader): bigint {
  const target = parent.gasLimit / BigInt(fees.elasticity)
  const denominator = BigInt(fees.baseFeeDenominator)
  let next = parent.baseFeeWei
  if (parent.gasUsed > target) {
    const rise = (parent.baseFeeWei * (parent.gasUsed - target)) / target / denominator
    next += rise > 0n ? rise : 1n
  } else if (parent.gasUsed < target) {
    next -= (parent.baseFeeWei * (target - parent.gasUsed)) / target / denominator
  }
  return next > fees.minimumBaseFeeWei ? next : fees.minimumBaseFeeWei
}

/** The next prevRandao: the builder cannot choose it, only withhold its block. */
export function mixRandomness(parentRandao: Hash, reveal: Uint8Array): Hash {
  return keccakHex(concatBytes(hexToBytes(parentRandao), reveal))
}

/** Every field of a header that the parent and the rules fix before anything runs. */
export interface HeaderContext {
  readonly parent: ParentHeader
  readonly set: ValidatorSet
  /** keccak256 of the parent's canonical certificate; zero in block 1. */
  readonly parentCertificateRoot: Hash
}

interface Rule {
  readonly name: string
  readonly holds: (block: Block, context: HeaderContext, spec: ChainSpec) => boolean
}

const coinbaseOf = (block: Block): Address => bytesToHex(block.header.coinbase.bytes)

/**
 * Ethereum's rules for a post-merge header and this chain's own, beyond those that execution checks (roots, gas
 * used, bloom). A fresh proposal is judged by two more, in consensus: its builder and its timestamp.
 */
const rules: readonly Rule[] = [
  { name: 'number', holds: (b, c) => b.header.number === c.parent.number + 1n },
  { name: 'parentHash', holds: (b, c) => bytesToHex(b.header.parentHash) === c.parent.hash },
  { name: 'timestamp', holds: (b, c) => b.header.timestamp > c.parent.timestamp },
  { name: 'gasLimit', holds: (b, _c, s) => b.header.gasLimit === BigInt(s.genesis.gasLimit) },
  { name: 'gasUsed', holds: (b) => b.header.gasUsed <= b.header.gasLimit },
  { name: 'baseFee', holds: (b, c, s) => b.header.baseFeePerGas === nextBaseFee(s.genesis.fees, c.parent) },
  { name: 'coinbase', holds: (b, c) => c.set.validators.some((v) => v.feeRecipient === coinbaseOf(b)) },
  { name: 'reveal', holds: (b) => b.header.extraData.length === REVEAL_BYTES },
  {
    name: 'prevRandao',
    holds: (b, c) => bytesToHex(b.header.mixHash) === mixRandomness(c.parent.prevRandao, b.header.extraData),
  },
  { name: 'difficulty', holds: (b) => b.header.difficulty === 0n },
  { name: 'nonce', holds: (b) => b.header.nonce.every((byte) => byte === 0) },
  {
    name: 'ommers',
    holds: (b) => bytesToHex(b.header.uncleHash) === EMPTY_OMMERS_HASH && b.uncleHeaders.length === 0,
  },
  {
    name: 'withdrawals',
    holds: (b) => b.withdrawals?.length === 0 && hexOf(b.header.withdrawalsRoot) === EMPTY_TRIE_ROOT,
  },
  { name: 'blobGas', holds: (b) => b.header.blobGasUsed === 0n && b.header.excessBlobGas === 0n },
  { name: 'requests', holds: (b) => hexOf(b.header.requestsHash) === EMPTY_REQUESTS_HASH },
  {
    name: 'parentCertificate',
    holds: (b, c) => hexOf(b.header.parentBeaconBlockRoot) === c.parentCertificateRoot,
  },
]

const hexOf = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : bytesToHex(bytes))

/** Names of all rules, so that tests can show a block that breaks only one. */
export const headerRuleNames: readonly string[] = rules.map((rule) => rule.name)

export function checkHeader(block: Block, context: HeaderContext, spec: ChainSpec): void {
  for (const rule of rules) {
    if (!rule.holds(block, context, spec)) {
      throw new NodeError('BAD_HEADER', `The header breaks the rule of its ${rule.name}.`, {
        rule: rule.name,
      })
    }
  }
}
