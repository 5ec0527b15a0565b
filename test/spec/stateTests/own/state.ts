import { concatBytes } from '../../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../../../src/primitives/hex.ts'
import { keccak256 } from '../../../../src/primitives/keccak.ts'
import { account, MAIN, SECOND, stateTest, THIRD } from './account.ts'
import { forks, isSince, type OwnTest, since } from './ownTest.ts'
import { call, delegateCall, EMPTY_INIT, log, type Part, program, store, toMemory } from './program.ts'

function create2Address(creator: Address, salt: bigint, init: Hex): Address {
  const saltBytes = hexToBytes(`0x${salt.toString(16).padStart(64, '0')}`)
  const hash = keccak256(
    concatBytes(Uint8Array.of(0xff), hexToBytes(creator), saltBytes, keccak256(hexToBytes(init))),
  )
  return bytesToHex(hash.subarray(12))
}

export const storageClears: OwnTest = {
  test: stateTest({
    // DELEGATECALL is Homestead's
    forks: since('Homestead'),
    pre: {
      [MAIN]: account({
        storage: { '0x1': 1n, '0x2': 2n, '0x3': 3n, '0x4': 4n },
        code: program(
          store(1n, 0n),
          store(2n, 0n),
          store(2n, 5n),
          store(2n, 2n),
          store(5n, 6n),
          store(5n, 0n),
          store(6n, call(SECOND)),
          store(4n, delegateCall(THIRD)),
        ),
      }),
      // in its own storage: clears, then fails
      [SECOND]: account({
        storage: { '0x1': 9n },
        code: program(store(1n, 0n), store(2n, 7n), 'INVALID'),
      }),
      // in the caller's: clears, and succeeds
      [THIRD]: account({ code: program(store(3n, 0n)) }),
    },
  }),
  slots: () => [
    [MAIN, 1n, 0n],
    [MAIN, 2n, 2n],
    [MAIN, 3n, 0n],
    [SECOND, 1n, 9n],
    [SECOND, 2n, 0n],
  ],
}

/** A contract of long before, called twice, and one made in the same transaction. */
export const selfDestructs: OwnTest = {
  test: stateTest({
    forks,
    pre: {
      [MAIN]: account({
        balance: 1_000n,
        code: program(
          store(1n, call(SECOND, { value: 7n })),
          // it still answers, and still gets money, until the transaction ends
          store(2n, call(SECOND, { value: 9n })),
          store(3n, BigInt(SECOND), 'BALANCE'),
          toMemory(program(store(1n, 1n), BigInt(THIRD), 'SELFDESTRUCT')),
          store(4n, 31n, 0n, 100n, 'CREATE'),
        ),
      }),
      [SECOND]: account({
        balance: 50n,
        storage: { '0x1': 1n, '0x2': 2n },
        code: program(store(3n, 3n), BigInt(THIRD), 'SELFDESTRUCT'),
      }),
      [THIRD]: account({ balance: 1n }),
    },
  }),
  slots: (fork) => [
    [MAIN, 1n, 1n],
    [MAIN, 2n, 1n],
    // EIP-6780: only what was made in the transaction is destroyed
    [SECOND, 1n, isSince(fork, 'Cancun') ? 1n : 0n],
    [SECOND, 3n, isSince(fork, 'Cancun') ? 3n : 0n],
  ],
}

/** The beneficiary is the contract itself: its money is burnt before Cancun. */
export const selfDestructToSelf: OwnTest = {
  test: stateTest({
    forks: ['Byzantium', 'London', 'Shanghai', 'Cancun', 'Osaka'],
    pre: {
      [MAIN]: account({
        balance: 90n,
        storage: { '0x1': 1n },
        code: program(BigInt(MAIN), 'SELFDESTRUCT'),
      }),
    },
    transaction: { value: ['0x5'] },
  }),
  slots: (fork) => [[MAIN, 1n, isSince(fork, 'Cancun') ? 1n : 0n]],
}

const FREE = create2Address(MAIN, 1n, EMPTY_INIT)
const USED = create2Address(MAIN, 2n, EMPTY_INIT)
const WITH_STORAGE = create2Address(MAIN, 3n, EMPTY_INIT)
const WITH_BALANCE = create2Address(MAIN, 4n, EMPTY_INIT)
const initBytes = BigInt(hexToBytes(EMPTY_INIT).length)
const create2At = (word: bigint): Part => [word, 'CALLDATALOAD', initBytes, 0n, 3n, 'CREATE2']
/** The salts of two creations in a row. A collision takes nearly all gas, so only the second may be one. */
const salts = [
  [1n, 4n],
  [4n, 1n],
  [1n, 1n],
  [1n, 2n],
  [1n, 3n],
] as const
const created = [
  [FREE, WITH_BALANCE],
  [WITH_BALANCE, FREE],
  [FREE, 0],
  [FREE, 0],
  // EIP-7610: an address with storage is as taken as one with a nonce
  [FREE, 0],
] as const

export const create2Collisions: OwnTest = {
  test: stateTest({
    forks: since('Constantinople'),
    pre: {
      [MAIN]: account({
        balance: 1_000n,
        code: program(toMemory(EMPTY_INIT), store(1n, create2At(0n)), store(2n, create2At(32n))),
      }),
      [USED]: account({ nonce: 1n }),
      [WITH_STORAGE]: account({ balance: 1n, storage: { '0x1': 1n } }),
      [WITH_BALANCE]: account({ balance: 1n }),
    },
    transaction: {
      data: salts.map((pair) => `0x${pair.map((salt) => salt.toString(16).padStart(64, '0')).join('')}`),
      gasLimit: ['0xf42400', '0x186a0'],
    },
  }),
  slots: (_fork, data) => [
    [MAIN, 1n, BigInt(created[data]?.[0] ?? 0)],
    [MAIN, 2n, BigInt(created[data]?.[1] ?? 0)],
  ],
}

export const reverts: OwnTest = {
  test: stateTest({
    forks: since('Byzantium'),
    pre: {
      [MAIN]: account({
        code: program(
          1n,
          0n,
          'MSTORE',
          log(1n),
          store(1n, call(SECOND, { value: 3n })),
          store(2n, 'RETURNDATASIZE'),
          store(3n, call(THIRD, { value: 2n })),
          log(2n),
        ),
        balance: 100n,
      }),
      [SECOND]: account({
        code: program(store(1n, 1n), log(3n), call(THIRD), 32n, 0n, 'REVERT'),
      }),
      [THIRD]: account({ code: program(log(4n), store(1n, 1n)) }),
    },
    // the second gas limit ends the transaction in its outermost frame
    transaction: { gasLimit: ['0x1e8480', '0xc350'], value: ['0x0', '0x11'] },
  }),
  slots: () => [
    [MAIN, 1n, 0n],
    [MAIN, 3n, 1n],
    [SECOND, 1n, 0n],
    [THIRD, 1n, 1n],
  ],
}

/** One gas limit after another, so that frames end at many of their steps. */
export const outOfGas: OwnTest = {
  test: stateTest({
    forks: ['Frontier', 'EIP150', 'Byzantium', 'Istanbul', 'Berlin', 'London', 'Shanghai', 'Cancun', 'Osaka'],
    pre: {
      [MAIN]: account({
        storage: { '0x1': 1n },
        code: program(
          store(1n, 0n),
          store(2n, call(SECOND, { gas: 30_000n })),
          log(1n),
          store(3n, 3n),
          toMemory(program(store(1n, 1n), 0n, 0n, 'RETURN')),
          store(4n, 11n, 0n, 0n, 'CREATE'),
        ),
      }),
      [SECOND]: account({ code: program(log(2n), store(1n, 1n), store(2n, 2n)) }),
    },
    transaction: { gasLimit: Array.from({ length: 16 }, (_, i) => `0x${(21_000 + i * 9_973).toString(16)}`) },
  }),
  slots: () => [],
}
