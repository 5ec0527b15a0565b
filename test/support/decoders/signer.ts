import {
  decodeSignerAnswer,
  decodeSignerRequest,
  encodeSignerAnswer,
  encodeSignerRequest,
} from '../../../src/consensus/remoteSigner/protocol.ts'
import type { FuzzedDecoder } from './fuzz.ts'
import { address, hash, nilVote, signature, someProposal, someVote } from './samples.ts'

/** What a node and the process that holds its key read from each other. */
export async function signerDecoders(): Promise<FuzzedDecoder[]> {
  return [
    {
      name: 'signer request',
      covers: ['consensus/remoteSigner/protocol.ts#decodeSignerRequest'],
      form: 'rlp',
      samples: [
        encodeSignerRequest({
          id: 1,
          body: { kind: 'hello', domain: { genesisHash: hash(1), chainId: 161_212n } },
        }),
        encodeSignerRequest({ id: 2, body: { kind: 'vote', vote: someVote } }),
        encodeSignerRequest({ id: 3, body: { kind: 'vote', vote: nilVote } }),
        encodeSignerRequest({ id: 4, body: { kind: 'proposal', proposal: someProposal } }),
      ],
      decode: decodeSignerRequest,
      encode: encodeSignerRequest,
    },
    {
      name: 'signer answer',
      covers: ['consensus/remoteSigner/protocol.ts#decodeSignerAnswer'],
      form: 'rlp',
      samples: [
        encodeSignerAnswer({ id: 1, body: { kind: 'address', address: address(1) } }),
        encodeSignerAnswer({ id: 2, body: { kind: 'signature', signature } }),
        encodeSignerAnswer({
          id: 3,
          body: { kind: 'failure', code: 'DOUBLE_SIGN_REFUSED', message: 'signed already' },
        }),
      ],
      // a failure's text need not be UTF-8, and is for people only
      decode: decodeSignerAnswer,
    },
  ]
}
