import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import { proposalFromRlp, proposalToRlp, voteFromRlp, voteToRlp } from '../ledger/vote.ts'
import type { Hash } from '../primitives/hex.ts'
import {
  asBytes,
  asHash,
  asInt,
  asList,
  decodeRlp,
  encodeRlp,
  fromHex,
  fromInt,
  type RlpItem,
} from '../primitives/rlp.ts'
import type { Input, Step } from './core/types.ts'

/** What the log holds: every input of the core, and the bytes of the values that a restart needs. */
export type WalRecord =
  | { readonly kind: 'input'; readonly input: Input }
  | { readonly kind: 'value'; readonly blockHash: Hash; readonly envelope: Uint8Array }

const WIRE_VERSION = 1
const MAX_ROUND = 0x7fff_ffff
const CODE = { start: 1, proposal: 2, vote: 3, timeout: 4, built: 5, validated: 6, value: 7 } as const
const STEPS: readonly Step[] = ['propose', 'prevote', 'precommit']

/** `[version, code, …fields]`. */
export function encodeWalRecord(record: WalRecord): Uint8Array {
  const fields = record.kind === 'value' ? valueFields(record) : inputFields(record.input)
  const code = record.kind === 'value' ? CODE.value : CODE[record.input.type]
  return encodeRlp([fromInt(WIRE_VERSION), fromInt(code), ...fields])
}

function valueFields(record: { blockHash: Hash; envelope: Uint8Array }): RlpItem[] {
  return [fromHex(record.blockHash), record.envelope]
}

function inputFields(input: Input): RlpItem[] {
  switch (input.type) {
    case 'start':
      return []
    case 'proposal':
      return [proposalToRlp(input.proposal)]
    case 'vote':
      return [voteToRlp(input.vote)]
    case 'timeout':
      return [fromInt(STEPS.indexOf(input.kind)), fromInt(input.round)]
    case 'built':
      return [fromInt(input.round), fromHex(input.blockHash)]
    case 'validated':
      return [fromHex(input.blockHash), fromInt((input.freshRound ?? -1) + 1), fromInt(input.valid ? 1 : 0)]
  }
}

export function decodeWalRecord(bytes: Uint8Array): WalRecord {
  const [version, code, ...fields] = asList(decodeRlp(bytes, limits.walRecordBytes))
  if (asInt(version) !== WIRE_VERSION) throw new NodeError('BAD_RLP', 'Unknown version of a log record.')
  const take = (count: number) => asList(fields, count)
  switch (asInt(code)) {
    case CODE.start:
      take(0)
      return asInput({ type: 'start' })
    case CODE.proposal:
      return asInput({ type: 'proposal', proposal: proposalFromRlp(take(1)[0]) })
    case CODE.vote:
      return asInput({ type: 'vote', vote: voteFromRlp(take(1)[0]) })
    case CODE.timeout: {
      const [kind, round] = take(2)
      const step = STEPS[asInt(kind)]
      if (step === undefined) throw new NodeError('BAD_RLP', 'Unknown step.')
      return asInput({ type: 'timeout', kind: step, round: asInt(round, MAX_ROUND) })
    }
    case CODE.built: {
      const [round, blockHash] = take(2)
      return asInput({ type: 'built', round: asInt(round, MAX_ROUND), blockHash: asHash(blockHash) })
    }
    case CODE.validated: {
      const [blockHash, fresh, valid] = take(3)
      const freshRound = asInt(fresh, MAX_ROUND) - 1
      return asInput({
        type: 'validated',
        blockHash: asHash(blockHash),
        freshRound: freshRound < 0 ? null : freshRound,
        valid: asInt(valid, 1) === 1,
      })
    }
    case CODE.value: {
      const [blockHash, envelope] = take(2)
      return { kind: 'value', blockHash: asHash(blockHash), envelope: asBytes(envelope) }
    }
    default:
      throw new NodeError('BAD_RLP', 'Unknown kind of log record.')
  }
}

function asInput(input: Input): WalRecord {
  return { kind: 'input', input }
}
