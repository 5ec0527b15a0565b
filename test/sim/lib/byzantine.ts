import { decodeProposalMessage, encodeProposalMessage } from '../../../src/consensus/codec.ts'
import type { ConsensusSigner, ConsensusTransport } from '../../../src/consensus/ports.ts'
import { decodeEnvelope } from '../../../src/ledger/envelope.ts'
import {
  decodeVote,
  encodeVote,
  proposalDigest,
  type SigningDomain,
  type UnsignedVote,
  voteDigest,
} from '../../../src/ledger/vote.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import { privateKeyToAddress, sign } from '../../../src/primitives/secp256k1.ts'
import type { Prng } from './prng.ts'
import type { SimNetwork } from './simNetwork.ts'

/** A signer with no memory: it signs whatever it is asked to. */
export function carelessSigner(domain: SigningDomain, privateKey: Uint8Array): ConsensusSigner {
  return {
    address: privateKeyToAddress(privateKey),
    signVote: async (vote) => sign(voteDigest(domain, vote), privateKey),
    signProposal: async (proposal) => sign(proposalDigest(domain, proposal), privateKey),
  }
}

/**
 * Makes a node equivocate. As a proposer it shows one block to some peers and another to the rest, and then votes with
 * each side for what that side was shown: the classic way to fork a chain whose quorums are too small. Otherwise some
 * peers get its honest vote and others a lie: nil, a block that does not exist, or the block where it voted nil.
 */
export function equivocating(
  transport: ConsensusTransport,
  modules: {
    network: SimNetwork
    node: number
    domain: SigningDomain
    privateKey: Uint8Array
    random: Prng
    /** Another valid-looking value for the same height. */
    alternative: (envelope: Uint8Array) => Uint8Array
  },
): ConsensusTransport {
  const { network, node, domain, privateKey, random } = modules
  const seen = new Map<number, UnsignedVote['blockHash']>()
  /** Of each height in which it proposed: what it showed to each of the two sides. */
  const shown = new Map<number, readonly UnsignedVote['blockHash'][]>()
  const sideOf = (peer: number, height: number) => (peer + height) % 2
  const peers = () => network.nodes().filter((each) => each !== node)

  return {
    ...transport,
    broadcastVote(bytes) {
      const vote = decodeVote(bytes)
      if (vote.blockHash !== null) seen.set(vote.height, vote.blockHash)
      const invented = keccakHex(random.bytes(8))
      const lie = random.pick([null, invented, seen.get(vote.height) ?? invented])
      const signed = (blockHash: UnsignedVote['blockHash']) => {
        const other = { ...vote, blockHash }
        return encodeVote({ ...other, signature: sign(voteDigest(domain, other), privateKey) })
      }
      const lieBytes = signed(vote.blockHash === lie ? invented : lie)
      for (const to of peers()) {
        const side = shown.get(vote.height)?.[sideOf(to, vote.height)]
        const honestOrLie = random.chance(0.5) ? bytes : lieBytes
        network.send(node, to, 'vote', side === undefined ? honestOrLie : signed(side))
      }
    },
    broadcastProposal(bytes) {
      const { proposal, envelope } = decodeProposalMessage(bytes)
      if (envelope === null || proposal.validRound >= 0) return network.broadcast(node, 'proposal', bytes)
      const otherEnvelope = modules.alternative(envelope)
      const other = { ...proposal, blockHash: keccakHex(decodeEnvelope(otherEnvelope).block) }
      const signed = { ...other, signature: sign(proposalDigest(domain, other), privateKey) }
      const otherBytes = encodeProposalMessage({ proposal: signed, envelope: otherEnvelope })
      shown.set(proposal.height, [proposal.blockHash, other.blockHash])
      for (const to of peers()) {
        network.send(node, to, 'proposal', sideOf(to, proposal.height) === 0 ? bytes : otherBytes)
      }
    },
  }
}
