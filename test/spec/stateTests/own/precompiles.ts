import { createHash } from 'node:crypto'
import { concatBytes } from '../../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../../../src/primitives/hex.ts'
import { account, MAIN, stateTest } from './account.ts'
import { forks, isSince, type OwnTest, since } from './ownTest.ts'
import { type Part, program, store } from './program.ts'

const word = (value: number) => concatBytes(new Uint8Array(31), Uint8Array.of(value))
const precompile = (number: number): Address => `0x${number.toString(16).padStart(40, '0')}`
const numbers = [...Array.from({ length: 0x11 }, (_, i) => i + 1), 0x100]

/** Calls a precompile with all of the calldata; stores whether that succeeded, and a hash of what came back. */
const ask = (number: number, inputBytes: Part): Part => [
  store(BigInt(2 * number), [64n, 1_024n, inputBytes, 0n, 0n, BigInt(precompile(number)), 100_000n, 'CALL']),
  store(BigInt(2 * number + 1), [64n, 1_024n, 'KECCAK256']),
]
const copyCalldata: Part = ['CALLDATASIZE', 0n, 0n, 'CALLDATACOPY']

/** Zeros, points of bn254, ones; 213 bytes are what one of them wants exactly. */
export const precompileCalls: OwnTest = {
  test: stateTest({
    forks,
    pre: {
      [MAIN]: account({ code: program(copyCalldata, ...numbers.map((number) => ask(number, 213n))) }),
    },
    transaction: {
      data: ['0x', bytesToHex(concatBytes(...[1, 2, 1, 2, 7].map(word))), `0x${'ff'.repeat(32)}`],
      gasLimit: ['0x989680'],
    },
  }),
  slots: () => [[MAIN, 4n, 1n]],
}

/** The same with input as long as the calldata, for those that take one length only. */
export const precompileLengths: OwnTest = {
  test: stateTest({
    forks: since('Istanbul'),
    pre: {
      [MAIN]: account({
        code: program(copyCalldata, ...numbers.map((number) => ask(number, 'CALLDATASIZE'))),
      }),
    },
    transaction: {
      data: [64, 128, 160, 192, 256, 288, 384, 512].map((length) => `0x${'00'.repeat(length)}`),
      gasLimit: ['0x989680'],
    },
  }),
  slots: () => [[MAIN, 4n, 1n]],
}

/** The constant polynomial 1: its commitment is the generator, each proof is infinity, each value is 1. */
const COMMITMENT = hexToBytes(
  '0x97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb',
)
const PROOF = Uint8Array.of(0xc0, ...new Uint8Array(47))

/** EIP-4844: the hash of the commitment with a version in front. */
export function versionedHash(version: number): Hex {
  const hash = createHash('sha256').update(COMMITMENT).digest()
  return bytesToHex(concatBytes(Uint8Array.of(version), hash.subarray(1)))
}

const opening = (value: number) =>
  bytesToHex(concatBytes(hexToBytes(versionedHash(1)), word(5), word(value), COMMITMENT, PROOF))

/** A true value, and a false one. */
export const pointEvaluations: OwnTest = {
  test: stateTest({
    forks: ['London', ...since('Cancun')],
    pre: { [MAIN]: account({ code: program(copyCalldata, ask(0x0a, 192n), store(1n, 1_024n, 'MLOAD')) }) },
    transaction: { data: [opening(1)] },
  }),
  // the number of field elements of a blob
  slots: (fork) => [[MAIN, 1n, isSince(fork, 'Cancun') ? 4_096n : 0n]],
}

export const falsePointEvaluations: OwnTest = {
  test: stateTest({
    forks: since('Cancun'),
    pre: { [MAIN]: account({ code: program(copyCalldata, ask(0x0a, 192n), store(1n, 1_024n, 'MLOAD')) }) },
    transaction: { data: [opening(2)] },
  }),
  slots: () => [
    [MAIN, 1n, 0n],
    [MAIN, 0x14n, 0n],
  ],
}
