/**
 * Published prices of native work, in gas. State, logs, hashes and signature recovery cost what the EVM charges for
 * them (the host meters those); these prices cover what happens in between. They are set so that no call takes longer for
 * its gas than ecrecover does, and no work has more than four times that price, as `./scripts/bench gas` measures.
 */
export const gasPrices = {
  /** Selector, checks and the call's own objects. */
  methodBase: 200n,
  /** Decoding one word of input. */
  decodeWord: 12n,
  /** Encoding one word of output. */
  encodeWord: 24n,
  /** The same where all of the output is one byte string, which is copied. */
  copyWord: 2n,
  /** A slot that this call has already read or written: a look-up in memory. */
  cachedSlot: 20n,
  /** Hashing a word of rows in bulk, beside the opcode's price, which is too low for a hash over a kilobyte. */
  hashWord: 30n,
  /** Comparing two MinHash signatures of 128 values. */
  signatureCompare: 150n,
  /** 8 multiplications and additions of an int8 row with an int16 query, or of a row into a sum. */
  multiplyEight: 2n,
  /** Reading, checking or weighing one member of a frozen version. */
  member: 50n,
  /** One part of a division by largest remainder, sorting included. */
  sharePart: 15n,
  /** One node of an audit path: read, hashed with its sibling, and compared. */
  merkleNode: 130n,
  /** One token of a chunk of a corpus: compared with the answer's, weighed and put into the leaf. */
  corpusToken: 6n,
  /** One auditor or scorer looked at in a draw or a median. */
  candidate: 60n,
} as const

/** Gas of hashing bytes in bulk, beside the opcode's. */
export function perHashed(byteCount: number): bigint {
  return gasPrices.hashWord * BigInt(Math.ceil(byteCount / 32))
}

/** Gas of `count` elements at a price for eight of them, rounded up. */
export function perEight(count: number): bigint {
  return gasPrices.multiplyEight * BigInt(Math.ceil(count / 8))
}
