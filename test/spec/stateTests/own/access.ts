import type { Address } from '../../../../src/primitives/hex.ts'
import { account, MAIN, OTHER, SECOND, stateTest, THIRD } from './account.ts'
import { type OwnTest, since } from './ownTest.ts'
import { call, type Part, program, store } from './program.ts'

/** The gas that an access takes, and 7 for what is around it. */
const measured = (slot: bigint, address: Address): Part => [
  ...(['GAS', BigInt(address), 'BALANCE', 'POP', 'GAS', 'SWAP1', 'SUB'] as const),
  ...([slot, 'SSTORE'] as const),
]
const measuredSlot = (slot: bigint, key: bigint): Part => [
  ...(['GAS', key, 'SLOAD', 'POP', 'GAS', 'SWAP1', 'SUB'] as const),
  ...([slot, 'SSTORE'] as const),
]

/** What is warm costs less; what a reverted frame warmed is cold again. */
const warmCode = program(
  measured(1n, OTHER),
  measured(2n, SECOND),
  measured(3n, `0x${'09'.repeat(20)}`),
  measuredSlot(4n, 100n),
  measuredSlot(5n, 101n),
  store(6n, call(THIRD)),
  measured(7n, `0x${'77'.repeat(20)}`),
)
const warmPre = {
  [MAIN]: account({ code: warmCode, storage: { '0x64': 1n, '0x65': 1n } }),
  [SECOND]: account({ balance: 1n }),
  [THIRD]: account({ code: program(BigInt(`0x${'77'.repeat(20)}`), 'BALANCE', 'POP', 'INVALID') }),
}
const accessList = [
  { address: OTHER, storageKeys: [] },
  { address: MAIN, storageKeys: [`0x${'00'.repeat(31)}64`] },
]
const coldAccess = [
  [MAIN, 2n, 2_607n],
  [MAIN, 5n, 2_107n],
  [MAIN, 7n, 2_607n],
] as const

export const accessLists: OwnTest = {
  test: stateTest({ forks: since('Berlin'), pre: warmPre, transaction: { accessLists: [accessList] } }),
  slots: () => [[MAIN, 1n, 107n], ...coldAccess, [MAIN, 4n, 107n]],
}

export const feeMarket: OwnTest = {
  test: stateTest({
    forks: since('London'),
    pre: warmPre,
    transaction: {
      gasPrice: undefined,
      maxFeePerGas: '0x20',
      maxPriorityFeePerGas: '0x3',
      accessLists: [[], accessList],
      data: ['0x', '0x00'],
    },
  }),
  slots: () => coldAccess,
}

export const accessListsTooEarly: OwnTest = {
  test: stateTest({
    forks: ['Byzantium', 'Istanbul'],
    pre: warmPre,
    transaction: { accessLists: [accessList] },
    exception: 'TransactionException.TYPE_1_TX_PRE_FORK',
  }),
  slots: () => [[MAIN, 2n, 0n]],
}
