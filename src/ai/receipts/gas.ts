/**
 * Gas limits of calls, from measurements on a chain with k = 1024 and a margin of about a half: what is not used is
 * not paid, but a limit that is too high keeps a transaction out of a block that is nearly full.
 */
const TRANSACTION = 50_000
/** A byte of calldata that is not zero, at the floor price of EIP-7623. */
const CALLDATA_BYTE = 40
/** A byte of a blob. */
const BLOB_BYTE = 200
const BLOB = 40_000

export const gasOf = {
  /** A receipt writes six slots and recovers two signatures; the batch of a version writes a sum of int32. */
  settle: (receipts: number, versions: number, rowBytes: number): number =>
    TRANSACTION +
    receipts * (140_000 + rowBytes * CALLDATA_BYTE) +
    versions * (250_000 + BLOB + 4 * rowBytes * BLOB_BYTE),
  /** Looks at all auditors of a base model, 64 at most: three cold slots each at first, kept ones for further receipts. */
  drawAudits: (receipts: number): number => TRANSACTION + 64 * 7_000 + receipts * 80_000,
  /**
   * At worst each receipt credits a dozen accounts that had no credit; most are shared by the receipts of a batch.
   * `electors` of all appeals that end: each may be credited too.
   */
  finalize: (receipts: number, rowBytes: number, electors: number): number =>
    TRANSACTION + receipts * 300_000 + rowBytes * (CALLDATA_BYTE + BLOB_BYTE + 8) + BLOB + electors * 40_000,
  /** Looks at all auditors of a base model once, and writes a word of a blob for each to each appeal. */
  openAppeal: (receipts: number, auditors: number): number =>
    TRANSACTION + auditors * 10_000 + receipts * (170_000 + auditors * (32 * BLOB_BYTE + 2_500)),
  /**
   * The first call adds up the batches, a blob of int32 each, and writes the query. Rows are scored in whole pieces;
   * each call that pays looks at all members.
   */
  closeWindow: (work: number, batches: number, rows: number, k: number): number =>
    TRANSACTION + 300_000 + k * 2 * BLOB_BYTE + batches * (10_000 + 3 * k) + rows * 1_500 + work * 45_000,
  commitAudit: (receipts: number): number => TRANSACTION + 60_000 + receipts * 20_000,
  commitAppeal: (receipts: number): number => TRANSACTION + 60_000 + receipts * 35_000,
  revealAppeal: (receipts: number): number => TRANSACTION + 60_000 + receipts * 50_000,
  revealAudit: (receipts: number): number => TRANSACTION + 60_000 + receipts * 45_000,
  registration: 600_000,
} as const
