import {
  decodeExchangeRequest,
  decodeExchangeResponse,
  decodeProposalMessage,
  encodeExchangeRequest,
  encodeExchangeResponse,
  encodeProposalMessage,
} from '../../../src/consensus/codec.ts'
import { decodeEvidenceMessage, encodeEvidenceMessage } from '../../../src/consensus/evidenceMessage.ts'
import { encodeFrame, frameAt, wasSynced } from '../../../src/consensus/walFrames.ts'
import { decodeWalRecord, encodeWalRecord, type WalRecord } from '../../../src/consensus/walRecords.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import { decodeBlock, decodeEnvelopeBlock } from '../../../src/ledger/block.ts'
import { decodeCertificate, encodeCertificate } from '../../../src/ledger/certificate.ts'
import { decodeEnvelope, type Envelope, encodeEnvelope } from '../../../src/ledger/envelope.ts'
import { decodeVote, encodeVote } from '../../../src/ledger/vote.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { account, TestChain } from '../chain.ts'
import type { FuzzedDecoder } from './fuzz.ts'
import { hash, nilVote, someCertificate, someProposal, someVote } from './samples.ts'

/** What consensus reads: from gossip, from exchanges, from its own log. */
export async function consensusDecoders(): Promise<FuzzedDecoder[]> {
  const test = await TestChain.open()
  const { common } = test.chain.spec
  const transfer = () =>
    test.transaction(account(0), { to: account(1).address, value: 1n, gasLimit: 21_000n })
  const first = await test.mine()
  const second = await test.mine([transfer(), transfer()])
  const envelopes = [first, second].map(({ envelope }) => encodeEnvelope(envelope))
  const [envelope = new Uint8Array(0)] = envelopes
  const summary = { round: 1, prevotes: Uint8Array.of(3), precommits: Uint8Array.of(1) }
  return [
    {
      name: 'vote',
      covers: ['ledger/vote.ts#decodeVote', 'ledger/vote.ts#voteFromRlp'],
      form: 'rlp',
      samples: [encodeVote(someVote), encodeVote(nilVote)],
      decode: decodeVote,
      encode: encodeVote,
    },
    {
      name: 'proposal',
      covers: ['consensus/codec.ts#decodeProposalMessage', 'ledger/vote.ts#proposalFromRlp'],
      form: 'rlp',
      samples: [
        encodeProposalMessage({ proposal: someProposal, envelope: null }),
        encodeProposalMessage({ proposal: { ...someProposal, validRound: -1 }, envelope }),
      ],
      decode: decodeProposalMessage,
      encode: encodeProposalMessage,
    },
    {
      name: 'double signature',
      covers: ['consensus/evidenceMessage.ts#decodeEvidenceMessage'],
      form: 'rlp',
      samples: [
        encodeEvidenceMessage({ kind: 'votes', first: someVote, second: { ...someVote, blockHash: null } }),
        encodeEvidenceMessage({ kind: 'proposals', first: someProposal, second: someProposal }),
      ],
      decode: decodeEvidenceMessage,
      encode: encodeEvidenceMessage,
    },
    {
      name: 'exchange request',
      covers: ['consensus/codec.ts#decodeExchangeRequest'],
      form: 'rlp',
      samples: [
        encodeExchangeRequest({
          height: 1_000,
          round: 2,
          rounds: [{ ...summary, hasProposal: true, hasPrevoteQuorum: true, hasPrecommitQuorum: false }],
          heldValues: [hash(1)],
          wantedValues: [hash(2), hash(3)],
          proposal: someProposal,
          votes: [someVote, nilVote],
        }),
        encodeExchangeRequest({
          height: 1,
          round: -1,
          rounds: [],
          heldValues: [],
          wantedValues: [],
          proposal: null,
          votes: [],
        }),
      ],
      decode: decodeExchangeRequest,
      encode: encodeExchangeRequest,
    },
    {
      name: 'exchange response',
      covers: ['consensus/codec.ts#decodeExchangeResponse'],
      form: 'rlp',
      samples: [
        encodeExchangeResponse({
          height: 1_000,
          round: 0,
          decided: { envelope, certificate: someCertificate },
          proposals: [someProposal],
          votes: [someVote, nilVote],
          envelope,
        }),
        encodeExchangeResponse({
          height: 1_000,
          round: -1,
          decided: null,
          proposals: [],
          votes: [],
          envelope: null,
        }),
      ],
      decode: decodeExchangeResponse,
      encode: encodeExchangeResponse,
    },
    {
      name: 'certificate',
      covers: ['ledger/certificate.ts#decodeCertificate'],
      form: 'rlp',
      samples: [encodeCertificate(someCertificate)],
      decode: decodeCertificate,
      encode: encodeCertificate,
    },
    {
      name: 'envelope',
      covers: ['ledger/envelope.ts#decodeEnvelope'],
      form: 'rlp',
      samples: envelopes,
      decode: decodeEnvelope,
      encode: encodeEnvelope,
    },
    {
      name: 'envelope and block',
      covers: ['ledger/block.ts#decodeEnvelopeBlock'],
      form: 'rlp',
      samples: envelopes,
      decode: (bytes) => decodeEnvelopeBlock(bytes, common).envelope,
      encode: (value: Envelope) => encodeEnvelope(value),
    },
    {
      name: 'block',
      covers: ['ledger/block.ts#decodeBlock'],
      form: 'rlp',
      samples: [first, second].map((candidate) => candidate.envelope.block),
      decode: (bytes) => {
        decodeBlock(bytes, common).hash()
      },
    },
    logDecoder(envelope),
    logFrameDecoder(),
  ]
}

function logDecoder(envelope: Uint8Array): FuzzedDecoder {
  const inputs: WalRecord[] = [
    { kind: 'input', input: { type: 'start' } },
    { kind: 'input', input: { type: 'proposal', proposal: someProposal } },
    { kind: 'input', input: { type: 'vote', vote: someVote } },
    { kind: 'input', input: { type: 'timeout', kind: 'prevote', round: 4 } },
    { kind: 'input', input: { type: 'built', round: 0, blockHash: hash(9) } },
    { kind: 'input', input: { type: 'validated', blockHash: hash(9), freshRound: null, valid: true } },
    { kind: 'value', blockHash: hash(9), envelope },
  ]
  return {
    name: 'log record',
    covers: ['consensus/walRecords.ts#decodeWalRecord'],
    form: 'rlp',
    samples: inputs.map(encodeWalRecord),
    decode: decodeWalRecord,
    encode: encodeWalRecord,
  }
}

/** A log with three frames; a damaged one ends where its first broken frame stands. */
function logFrameDecoder(): FuzzedDecoder {
  const salt = new Uint8Array(16).fill(7)
  const maxBytes = 1_000
  let log: Uint8Array = new Uint8Array(0)
  for (const length of [0, 10, 300]) {
    log = concatBytes(log, encodeFrame(salt, log.length, new Uint8Array(length).fill(length), log.length))
  }
  return {
    name: 'log frames',
    covers: [],
    form: 'bytes',
    samples: [log],
    decode: (bytes) => {
      let end = 0
      for (let frame = frameAt(bytes, 0, salt, maxBytes); frame !== null; ) {
        if (frame.end <= end) throw new Error('a frame that ends before it begins')
        end = frame.end
        frame = frameAt(bytes, end, salt, maxBytes)
      }
      wasSynced(bytes, end, salt, maxBytes)
      if (end === 0 && bytes.length > 0) throw new NodeError('WAL_CORRUPT', 'No frame.')
    },
  }
}
