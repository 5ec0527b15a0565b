import { ValidatorSet } from '../../../src/ledger/validators.ts'
import {
  type Proposal,
  proposalDigest,
  type SigningDomain,
  type UnsignedProposal,
  type UnsignedVote,
  type Vote,
  type VoteType,
  voteDigest,
} from '../../../src/ledger/vote.ts'
import { utf8ToBytes } from '../../../src/primitives/bytes.ts'
import type { Address, Hash } from '../../../src/primitives/hex.ts'
import { keccak256, keccakHex } from '../../../src/primitives/keccak.ts'
import { privateKeyToAddress, SIGNATURE_BYTES, sign } from '../../../src/primitives/secp256k1.ts'

export const HEIGHT = 7
export const domain: SigningDomain = { genesisHash: keccakHex(utf8ToBytes('a genesis')), chainId: 161_212n }

export const hashOf = (name: string): Hash => keccakHex(utf8ToBytes(name))
export const keyOf = (index: number): Uint8Array => keccak256(utf8ToBytes(`key ${index}`))

/** Addresses of the keys 0, 1, …, in this order. */
export const addresses: readonly Address[] = Array.from({ length: 8 }, (_, index) =>
  privateKeyToAddress(keyOf(index)),
)

export const addressOf = (index: number): Address => addresses[index]!

export function makeSet(...powers: readonly number[]): ValidatorSet {
  return new ValidatorSet(
    powers.map((power, index) => ({
      address: addressOf(index),
      feeRecipient: addressOf(index),
      power: BigInt(power),
    })),
  )
}

/** A vote with a signature of the right form that nobody checks. */
export function vote(
  index: number,
  type: VoteType,
  round: number,
  blockHash: Hash | null,
  height = HEIGHT,
): Vote {
  const validator = addressOf(index)
  return { type, height, round, blockHash, validator, signature: new Uint8Array(SIGNATURE_BYTES) }
}

export function proposal(
  index: number,
  round: number,
  blockHash: Hash,
  validRound = -1,
  height = HEIGHT,
): Proposal {
  const proposer = addressOf(index)
  return { height, round, validRound, blockHash, proposer, signature: new Uint8Array(SIGNATURE_BYTES) }
}

export function signedVote(index: number, unsigned: Omit<UnsignedVote, 'validator'>): Vote {
  const complete = { ...unsigned, validator: addressOf(index) }
  return { ...complete, signature: sign(voteDigest(domain, complete), keyOf(index)) }
}

export function signedProposal(index: number, unsigned: Omit<UnsignedProposal, 'proposer'>): Proposal {
  const complete = { ...unsigned, proposer: addressOf(index) }
  return { ...complete, signature: sign(proposalDigest(domain, complete), keyOf(index)) }
}
