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
 * Makes a node equivocate: of each message that it sends, some peers get another one, signed as well: a vote for nil,
 * for something that does not exist, or for the block where it voted nil; a proposal with another envelope.
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
  return {
    ...transport,
    broadcastVote(bytes) {
      const vote = decodeVote(bytes)
      if (vote.blockHash !== null) seen.set(vote.height, vote.blockHash)
      const invented = keccakHex(random.bytes(8))
      const lie = random.pick([null, invented, seen.get(vote.height) ?? invented])
      const other = { ...vote, blockHash: vote.blockHash === lie ? invented : lie }
      const lieBytes = encodeVote({ ...other, signature: sign(voteDigest(domain, other), privateKey) })
      for (const to of network.nodes()) {
        if (to !== node) network.send(node, to, 'vote', random.chance(0.5) ? bytes : lieBytes)
      }
    },
    broadcastProposal(bytes) {
      const { proposal, envelope } = decodeProposalMessage(bytes)
      if (envelope === null || proposal.validRound >= 0) return network.broadcast(node, 'proposal', bytes)
      const otherEnvelope = modules.alternative(envelope)
      const other = { ...proposal, blockHash: blockHashOf(otherEnvelope) }
      const signed = { ...other, signature: sign(proposalDigest(domain, other), privateKey) }
      const otherBytes = encodeProposalMessage({ proposal: signed, envelope: otherEnvelope })
      for (const to of network.nodes()) {
        if (to !== node) network.send(node, to, 'proposal', random.chance(0.5) ? bytes : otherBytes)
      }
    },
  }

  function blockHashOf(envelope: Uint8Array) {
    return keccakHex(decodeEnvelope(envelope).block)
  }
}
