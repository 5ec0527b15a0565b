import { encodeFunctionData } from 'viem'
import { iSlashingAbi } from '../../contracts/generated/ISlashing.ts'
import { predeploys } from '../chainspec/addresses.ts'
import type { Evidence } from '../consensus/core/types.ts'
import { messageOf } from '../errors/errors.ts'
import type { Proposal, Vote } from '../ledger/vote.ts'
import { bytesToHex, ZERO_HASH } from '../primitives/hex.ts'
import type { Logger } from '../runtime/logger.ts'
import type { TransactionSender } from './transactionSender.ts'

const REPORT_GAS = 400_000n
const NO_VALID_ROUND = 2n ** 256n - 1n
const KIND = { proposal: 0, prevote: 1, precommit: 2 } as const

/** Turns two contradictory signatures into the transaction that slashes their signer; the bounty goes to the sender. */
export class EvidenceReporter {
  readonly #sender: TransactionSender
  readonly #logger: Logger
  readonly #reported = new Set<string>()

  constructor(modules: { sender: TransactionSender; logger: Logger }) {
    this.#sender = modules.sender
    this.#logger = modules.logger
  }

  report(evidence: Evidence): void {
    const [first, second] = [message(evidence.first), message(evidence.second)]
    const signer = evidence.kind === 'votes' ? evidence.first.validator : evidence.first.proposer
    // a validator is slashed once, however often it signed twice
    if (this.#reported.has(signer)) return
    this.#reported.add(signer)
    try {
      const hash = this.#sender.send({
        to: predeploys.slashing,
        data: encodeFunctionData({
          abi: iSlashingAbi,
          functionName: 'reportDoubleSign',
          args: [first, second],
        }),
        gasLimit: REPORT_GAS,
      })
      this.#logger.warn({ signer, hash }, 'a validator signed twice; reported')
    } catch (error) {
      this.#reported.delete(signer)
      this.#logger.error({ signer, error: messageOf(error) }, 'a double signature could not be reported')
    }
  }
}

/** As `ISlashing.SignedMessage`. */
function message(signed: Vote | Proposal) {
  const { signature, height, round, blockHash } = signed
  const isVote = 'type' in signed
  return {
    kind: isVote ? KIND[signed.type] : KIND.proposal,
    height: BigInt(height),
    round: BigInt(round),
    blockHash: blockHash ?? ZERO_HASH,
    validRound: isVote || signed.validRound < 0 ? NO_VALID_ROUND : BigInt(signed.validRound),
    r: bytesToHex(signature.subarray(0, 32)),
    s: bytesToHex(signature.subarray(32, 64)),
    v: 27 + (signature[64] ?? 0),
  }
}
