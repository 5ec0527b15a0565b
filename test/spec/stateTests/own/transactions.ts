import {
  account,
  authorization,
  MAIN,
  OTHER,
  OTHER_KEY,
  SECOND,
  SENDER,
  SENDER_KEY,
  stateTest,
} from './account.ts'
import { forks, type OwnTest, since } from './ownTest.ts'
import { versionedHash } from './precompiles.ts'
import { call, program, store } from './program.ts'

const fees = { gasPrice: undefined, maxFeePerGas: '0x20', maxPriorityFeePerGas: '0x3' } as const
const blobs = { ...fees, maxFeePerBlobGas: '0xa', blobVersionedHashes: [versionedHash(1), versionedHash(1)] }
const blobPre = {
  [MAIN]: account({
    code: program(
      store(1n, 0n, 'BLOBHASH'),
      store(2n, 1n, 'BLOBHASH'),
      store(3n, 2n, 'BLOBHASH'),
      store(4n, 'BLOBBASEFEE'),
    ),
  }),
}

export const blobTransactions: OwnTest = {
  test: stateTest({ forks: since('Cancun'), pre: blobPre, transaction: blobs }),
  slots: () => [
    [MAIN, 1n, BigInt(versionedHash(1))],
    [MAIN, 2n, BigInt(versionedHash(1))],
    [MAIN, 3n, 0n],
    [MAIN, 4n, 1n],
  ],
}

export const blobsOfOtherVersion: OwnTest = {
  test: stateTest({
    forks: since('Cancun'),
    pre: blobPre,
    transaction: { ...blobs, blobVersionedHashes: [versionedHash(2)] },
    exception: 'TransactionException.TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH',
  }),
  slots: () => [[MAIN, 1n, 0n]],
}

export const blobsTooEarly: OwnTest = {
  test: stateTest({
    forks: ['London', 'Shanghai'],
    pre: blobPre,
    transaction: blobs,
    exception: 'TransactionException.TYPE_3_TX_PRE_FORK',
  }),
  slots: () => [[MAIN, 4n, 0n]],
}

const delegations = {
  ...fees,
  to: OTHER,
  authorizationList: [
    authorization(OTHER_KEY, { chainId: 1n, address: MAIN, nonce: 3n }),
    // another nonce, another chain: skipped
    authorization(OTHER_KEY, { chainId: 1n, address: SECOND, nonce: 9n }),
    authorization(OTHER_KEY, { chainId: 7n, address: SECOND, nonce: 4n }),
    // the sender's own nonce is counted up before
    authorization(SENDER_KEY, { chainId: 0n, address: SECOND, nonce: 1n }),
  ],
}

/** An account runs a contract's code in its own storage, and so does the sender, called by it. */
export const setCode: OwnTest = {
  test: stateTest({
    forks: since('Prague'),
    pre: {
      [MAIN]: account({ code: program(store(1n, 1n), store(2n, call(SENDER, { value: 4n }))) }),
      [SECOND]: account({ code: program(store(5n, 5n)) }),
      [OTHER]: account({ nonce: 3n, balance: 10n, storage: { '0x1': 9n } }),
    },
    transaction: delegations,
  }),
  slots: () => [
    [OTHER, 1n, 1n],
    [OTHER, 2n, 1n],
    [SENDER, 5n, 5n],
    [MAIN, 1n, 0n],
  ],
}

/** Delegated before, to a precompile now: no code runs. Then the delegation is taken away. */
export const unsetCode: OwnTest = {
  test: stateTest({
    forks: since('Prague'),
    pre: {
      [MAIN]: account({ code: program(store(1n, 1n)) }),
      [OTHER]: account({ code: `0xef0100${MAIN.slice(2)}`, nonce: 1n }),
    },
    transaction: {
      ...delegations,
      authorizationList: [
        authorization(OTHER_KEY, { chainId: 1n, address: `0x${'00'.repeat(19)}04`, nonce: 1n }),
        authorization(OTHER_KEY, { chainId: 1n, address: `0x${'00'.repeat(20)}`, nonce: 2n }),
      ],
    },
  }),
  slots: () => [[OTHER, 1n, 0n]],
}

export const setCodeTooEarly: OwnTest = {
  test: stateTest({
    forks: ['London', 'Cancun'],
    pre: { [OTHER]: account({ nonce: 3n }), [MAIN]: account({ code: program(store(1n, 1n)) }) },
    transaction: delegations,
    exception: 'TransactionException.TYPE_4_TX_PRE_FORK',
  }),
  slots: () => [[OTHER, 1n, 0n]],
}

/** Nothing is sent to an account that is empty: it is deleted since EIP-158. */
export const touchOfEmptyAccount: OwnTest = {
  test: stateTest({ forks, pre: { [OTHER]: account() }, transaction: { to: OTHER } }),
  slots: () => [],
}

export const creation: OwnTest = {
  test: stateTest({
    forks,
    pre: {},
    transaction: {
      to: '',
      data: ['0x', program(store(1n, 7n), 32n, 0n, 'RETURN'), program('INVALID')],
      gasLimit: ['0x1e8480', '0xd6d8'],
      value: ['0x0', '0x9'],
    },
  }),
  slots: () => [],
}

export const noFunds: OwnTest = {
  test: stateTest({
    forks,
    pre: { [MAIN]: account({ code: program(store(1n, 1n)) }) },
    transaction: { value: ['0xde0b6b3a7640000'] },
    exception: 'TransactionException.INSUFFICIENT_ACCOUNT_FUNDS',
  }),
  slots: () => [[MAIN, 1n, 0n]],
}

/** EIP-1153: a reverted frame's transient storage is gone. */
export const transientStorage: OwnTest = {
  test: stateTest({
    forks: since('Cancun'),
    pre: {
      [MAIN]: account({
        code: program(
          ...([5n, 1n, 'TSTORE'] as const),
          store(1n, [0n, 0n, 0n, 0n, BigInt(SECOND), 90_000n, 'DELEGATECALL']),
          store(2n, 1n, 'TLOAD'),
        ),
      }),
      [SECOND]: account({ code: program(6n, 1n, 'TSTORE', 0n, 0n, 'REVERT') }),
    },
  }),
  slots: () => [
    [MAIN, 1n, 0n],
    [MAIN, 2n, 5n],
  ],
}
