import { bigIntToBytes } from '../../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex } from '../../../../src/primitives/hex.ts'

/** A loop over one opcode that runs until its gas is used up. */
export interface OpcodeLoop {
  readonly name: string
  /** The opcode that it is about. */
  readonly opcode: number
  readonly code: Hex
}

/** Accounts and slots that loops read cold, one after the other. */
export const COLD_ITEMS = 20_000
const COLD_BASE = 0xc01d_0000_0000n
export const coldAccount = (n: number): Address => bytesToHex(bigIntToBytes(COLD_BASE + BigInt(n), 20))
export const coldSlot = (n: number): Hash => bytesToHex(bigIntToBytes(BigInt(n), 32))

/** Accounts that loops call: one for each way of ending. */
const callee = (n: number): Address => `0x${(0xca11_0000 + n).toString(16).padStart(40, '0')}`
export const callees: Readonly<Record<string, { readonly address: Address; readonly code: Hex }>> = {
  STOP: { address: callee(0), code: '0x00' },
  RETURN: { address: callee(1), code: '0x5f5ff3' },
  REVERT: { address: callee(2), code: '0x5f5ffd' },
  INVALID: { address: callee(3), code: '0xfe' },
  SELFDESTRUCT: { address: callee(4), code: '0x30ff' },
}
const IDENTITY: Address = '0x0000000000000000000000000000000000000004'
const NOBODY: Address = `0x${'0e'.repeat(20)}`

const hex = (value: number, bytes = 1) => value.toString(16).padStart(bytes * 2, '0')
const WIDE = `7f${'e7'.repeat(31)}01`
const push = (value: number) => (value === 0 ? '5f' : value < 256 ? `60${hex(value)}` : `62${hex(value, 3)}`)
const pushAddress = (address: Address) => `73${address.slice(2)}`
const pops = (count: number) => '50'.repeat(count)

/** Unrolled as often as fits in 4,000 bytes, then again from the start. */
function loop(name: string, opcode: number, body: string, prologue = ''): OpcodeLoop {
  const times = Math.max(Math.floor(4_000 / (body.length / 2)), 1)
  const start = prologue.length / 2
  return { name, opcode, code: `0x${prologue}5b${body.repeat(times)}61${hex(start, 2)}56` }
}

/** Takes `inputs` wide words, kept on the stack by DUPs, and leaves `outputs`. */
function onWideWords(name: string, opcode: number, inputs: number, outputs = 1): OpcodeLoop {
  const dups = hex(0x7f + inputs).repeat(inputs)
  return loop(name, opcode, `${dups}${hex(opcode)}${pops(outputs)}`, WIDE.repeat(inputs))
}

/** With these operands, the first on top. */
function withOperands(name: string, opcode: number, operands: readonly string[], outputs = 0): OpcodeLoop {
  return loop(name, opcode, `${[...operands].reverse().join('')}${hex(opcode)}${pops(outputs)}`)
}

/** On the next of the cold accounts or slots each time; the counter lies on the stack. */
function onNext(name: string, opcode: number, before: string, after: string, first: bigint): OpcodeLoop {
  const prologue = `6a${first.toString(16).padStart(22, '0')}`
  return loop(name, opcode, `${before}${hex(opcode)}${after}600101`, prologue)
}

function calling(name: string, opcode: number, to: Address, inputBytes = 0): OpcodeLoop {
  const value = opcode === 0xf1 || opcode === 0xf2 ? '5f' : ''
  const gas = '61ffff'
  return loop(name, opcode, `5f5f${push(inputBytes)}5f${value}${pushAddress(to)}${gas}${hex(opcode)}50`)
}

const WORDS: readonly (readonly [string, number, number])[] = [
  ['ADD', 0x01, 2],
  ['MUL', 0x02, 2],
  ['SUB', 0x03, 2],
  ['DIV', 0x04, 2],
  ['SDIV', 0x05, 2],
  ['MOD', 0x06, 2],
  ['SMOD', 0x07, 2],
  ['ADDMOD', 0x08, 3],
  ['MULMOD', 0x09, 3],
  ['EXP', 0x0a, 2],
  ['LT', 0x10, 2],
  ['GT', 0x11, 2],
  ['SLT', 0x12, 2],
  ['SGT', 0x13, 2],
  ['EQ', 0x14, 2],
  ['ISZERO', 0x15, 1],
  ['AND', 0x16, 2],
  ['OR', 0x17, 2],
  ['XOR', 0x18, 2],
  ['NOT', 0x19, 1],
  ['CLZ', 0x1e, 1],
  ['CALLDATALOAD', 0x35, 1],
  ['BLOBHASH', 0x49, 1],
  ['TLOAD', 0x5c, 1],
]

const READS: readonly (readonly [string, number])[] = [
  ['ADDRESS', 0x30],
  ['ORIGIN', 0x32],
  ['CALLER', 0x33],
  ['CALLVALUE', 0x34],
  ['CALLDATASIZE', 0x36],
  ['CODESIZE', 0x38],
  ['GASPRICE', 0x3a],
  ['RETURNDATASIZE', 0x3d],
  ['COINBASE', 0x41],
  ['TIMESTAMP', 0x42],
  ['NUMBER', 0x43],
  ['PREVRANDAO', 0x44],
  ['GASLIMIT', 0x45],
  ['CHAINID', 0x46],
  ['SELFBALANCE', 0x47],
  ['BASEFEE', 0x48],
  ['BLOBBASEFEE', 0x4a],
  ['PC', 0x58],
  ['MSIZE', 0x59],
  ['GAS', 0x5a],
]

const shifts = (['SHL', 'SHR', 'SAR'] as const).map((name, index) =>
  loop(name, 0x1b + index, `80607f${hex(0x1b + index)}50`, WIDE),
)

const small: readonly OpcodeLoop[] = [
  loop('SIGNEXTEND', 0x0b, '8060100b50', WIDE),
  loop('BYTE', 0x1a, '80601f1a50', WIDE),
  // of the block before
  withOperands('BLOCKHASH', 0x40, ['60014303'], 1),
]

const KB = 1_024
const sizes = [32, KB, 32 * KB]

const memory: readonly OpcodeLoop[] = [
  ...[0, ...sizes].map((size) => withOperands(`KECCAK256 (${size} bytes)`, 0x20, ['5f', push(size)], 1)),
  ...(
    [
      ['CALLDATACOPY', 0x37],
      ['CODECOPY', 0x39],
      ['MCOPY', 0x5e],
    ] as const
  ).flatMap(([name, opcode]) =>
    [0, ...sizes].map((size) => withOperands(`${name} (${size} bytes)`, opcode, ['5f', '5f', push(size)])),
  ),
  withOperands('RETURNDATACOPY (0 bytes)', 0x3e, ['5f', '5f', '5f']),
  withOperands('MLOAD', 0x51, ['5f'], 1),
  withOperands('MSTORE', 0x52, ['5f', WIDE]),
  withOperands('MSTORE8', 0x53, ['5f', WIDE]),
  ...[0, 1, 2, 3, 4].flatMap((topics) =>
    [0, KB].map((size) =>
      withOperands(`LOG${topics} (${size} bytes)`, 0xa0 + topics, [
        '5f',
        push(size),
        ...Array(topics).fill('5f'),
      ]),
    ),
  ),
]

const EXTERNAL: readonly (readonly [string, number])[] = [
  ['BALANCE', 0x31],
  ['EXTCODESIZE', 0x3b],
  ['EXTCODEHASH', 0x3f],
]

const state: readonly OpcodeLoop[] = [
  ...EXTERNAL.flatMap(([name, opcode]) => [
    onNext(`${name} (cold)`, opcode, '80', '50', COLD_BASE),
    withOperands(`${name} (warm)`, opcode, [pushAddress(coldAccount(0))], 1),
  ]),
  onNext('EXTCODECOPY (cold)', 0x3c, '60205f5f83', '', COLD_BASE),
  withOperands('EXTCODECOPY (warm)', 0x3c, [pushAddress(coldAccount(0)), '5f', '5f', push(32)]),
  onNext('SLOAD (cold)', 0x54, '80', '50', 0n),
  withOperands('SLOAD (warm)', 0x54, ['5f'], 1),
  onNext('SSTORE (cold, set)', 0x55, '8081', '', BigInt(COLD_ITEMS)),
  onNext('SSTORE (cold, no change)', 0x55, '600181', '', 0n),
  withOperands('SSTORE (warm, no change)', 0x55, ['5f', push(1)]),
  loop('SSTORE (warm, to and fro)', 0x55, '60025f5560015f55'),
  loop('TSTORE (each new)', 0x5d, '80805d600101', '5f'),
]

const flow: readonly OpcodeLoop[] = [
  loop('POP', 0x50, '5f50'),
  { name: 'JUMP', opcode: 0x56, code: '0x5b5f56' },
  { name: 'JUMPI (taken)', opcode: 0x57, code: '0x5b60015f57' },
  loop('JUMPI (not taken)', 0x57, '5f5f57'),
  loop('JUMPDEST', 0x5b, '5b'),
  ...Array.from({ length: 33 }, (_, n) => loop(`PUSH${n}`, 0x5f + n, `${hex(0x5f + n)}${'e7'.repeat(n)}50`)),
  ...Array.from({ length: 16 }, (_, n) =>
    loop(`DUP${n + 1}`, 0x80 + n, `${hex(0x80 + n)}50`, '5f'.repeat(n + 1)),
  ),
  ...Array.from({ length: 16 }, (_, n) => loop(`SWAP${n + 1}`, 0x90 + n, hex(0x90 + n), '5f'.repeat(n + 2))),
]

const CALLS: readonly (readonly [string, number])[] = [
  ['CALL', 0xf1],
  ['CALLCODE', 0xf2],
  ['DELEGATECALL', 0xf4],
  ['STATICCALL', 0xfa],
]

/** Calls of native precompiles that are refused at once: they cost the caller little more than the CALL itself. */
export function refusedCalls(native: Address, selector: Hex): readonly OpcodeLoop[] {
  const prologue = `63${selector.slice(2)}60e01b5f52`
  const refused = (name: string, opcode: number, inputBytes: number) => {
    const made = calling(name, opcode, native, inputBytes)
    return { ...made, code: withPrologue(made.code, prologue) }
  }
  return [
    refused('CALL of a native precompile (no selector)', 0xf1, 0),
    refused('DELEGATECALL of a native precompile (refused)', 0xf4, 4),
    refused('STATICCALL of a native precompile (refused)', 0xfa, 4),
    refused('CALL of a native precompile (malformed input)', 0xf1, 5),
  ]
}

/** Puts code in front of a loop and moves the target of its jump. */
function withPrologue(code: Hex, prologue: string): Hex {
  const jump = code.length - 8
  return `0x${prologue}${code.slice(2, jump)}61${hex(prologue.length / 2, 2)}56`
}

const calls: readonly OpcodeLoop[] = [
  ...CALLS.flatMap(([name, opcode]) => [
    calling(`${name} (nobody)`, opcode, NOBODY),
    calling(`${name} (identity)`, opcode, IDENTITY),
    calling(`${name} (STOP)`, opcode, callee(0)),
  ]),
  onNext('CALL (cold account)', 0xf1, '5f5f5f5f5f8561ffff', '50', COLD_BASE),
  calling('RETURN (called)', 0xf1, callee(1)),
  calling('REVERT (called)', 0xf1, callee(2)),
  calling('SELFDESTRUCT (called)', 0xf1, callee(4)),
  withOperands('CREATE (nothing)', 0xf0, ['5f', '5f', '5f'], 1),
  loop('CREATE2 (nothing, each new)', 0xf5, '805f5f5ff550600101', '5f'),
].map((one) => (one.name.endsWith('(called)') ? { ...one, opcode: terminal(one.name) } : one))

function terminal(name: string): number {
  return { RETURN: 0xf3, REVERT: 0xfd, SELFDESTRUCT: 0xff }[name.split(' ')[0] ?? ''] ?? 0
}

/** Every opcode but STOP and INVALID, which end what calls them; the calls of callees run the former. */
export const opcodeLoops: readonly OpcodeLoop[] = [
  ...WORDS.map(([name, opcode, inputs]) => onWideWords(name, opcode, inputs)),
  ...shifts,
  ...small,
  ...READS.map(([name, opcode]) => withOperands(name, opcode, [], 1)),
  ...memory,
  ...state,
  ...flow,
  ...calls,
]
