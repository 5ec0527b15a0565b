import { bigIntToBytes, concatBytes } from '../../src/primitives/bytes.ts'
import { type Address, type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { domainSeparator, typedDataDigest, typeHash } from '../shared/eip712.ts'
import type { DatanetCall } from './call.ts'

/** What a contributor signs for a sponsor (EIP-712). */
export const COMMIT_TYPE =
  'Commit(uint64 datanetId,bytes32 commitment,address sponsor,uint256 nonce,uint64 deadlineBlock,bytes32 genesisHash)'
const COMMIT_TYPE_HASH = typeHash(COMMIT_TYPE)

export interface SponsoredCommit {
  readonly datanetId: bigint
  readonly commitment: Hash
  readonly sponsor: Address
  readonly nonce: bigint
  readonly deadlineBlock: bigint
}

const word = (value: bigint | Hash | Address) => bigIntToBytes(BigInt(value), 32)

export function separatorOf({ host }: DatanetCall): Hash {
  return domainSeparator((data) => host.keccak(data), host.block.chainId, host.self)
}

/** The digest that the contributor's signature is of. */
export function commitDigest(call: DatanetCall, commit: SponsoredCommit): Hash {
  const { host } = call
  const hash = (data: Uint8Array) => host.keccak(data)
  const struct = concatBytes(
    COMMIT_TYPE_HASH,
    word(commit.datanetId),
    hexToBytes(commit.commitment),
    word(commit.sponsor),
    word(commit.nonce),
    word(commit.deadlineBlock),
    hexToBytes(host.genesisHash),
  )
  return typedDataDigest(hash, separatorOf(call), hash(struct))
}
