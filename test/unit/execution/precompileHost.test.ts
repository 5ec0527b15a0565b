import { describe, expect, it } from 'vitest'
import { type NativePrecompile, PrecompileRevert } from '../../../precompiles/host.ts'
import { CallRunner } from '../../../src/execution/calls.ts'
import { bigIntToBytes, bytesToBigInt, concatBytes } from '../../../src/primitives/bytes.ts'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  ZERO_HASH,
} from '../../../src/primitives/hex.ts'
import { account, devnetGenesis, TestChain } from '../../support/chain.ts'

const TOY: Address = '0x00000000000000000000000000000000000a0001'
const topic: Hash = `0x${'ee'.repeat(32)}`
const word = (value: bigint | string) =>
  typeof value === 'bigint' ? bigIntToBytes(value, 32) : concatBytes(new Uint8Array(12), hexToBytes(value))

const KINDS = ['call', 'staticcall', 'delegatecall', 'callcode']

/** A module that does one thing per first byte of its input. */
const toy: NativePrecompile = {
  name: 'toy',
  version: 1,
  address: TOY,
  abiHash: ZERO_HASH,
  run(host, input) {
    const argument = bytesToBigInt(input.subarray(1, 33))
    switch (input[0]) {
      case 0:
        return concatBytes(
          word(host.caller),
          word(host.valueWei),
          word(BigInt(KINDS.indexOf(host.callKind))),
          word(host.origin),
        )
      case 1:
        host.sstore(0n, argument)
        host.emit([topic], word(argument))
        return word(host.sload(0n))
      case 2:
        host.sstore(0n, argument)
        host.emit([topic], word(argument))
        throw new PrecompileRevert(word(argument))
      case 3:
        host.transfer(bytesToHex(input.subarray(1, 21)), bytesToBigInt(input.subarray(21, 53)))
        return new Uint8Array()
      case 4:
        host.sstore(0n, argument)
        host.useGas(10n ** 12n)
        return new Uint8Array()
      case 5:
        host.writeBlob(topic, input.subarray(1))
        return host.readBlob(TOY, topic) ?? new Uint8Array()
      case 6:
        throw new Error('a fault of the module itself')
      default:
        throw new PrecompileRevert(new Uint8Array())
    }
  },
}

const OPCODE = { call: 'f1', callcode: 'f2', delegatecall: 'f4', staticcall: 'fa' } as const

/** Forwards calldata to the toy with one opcode, stores success in slot 0, and returns (or reverts with) its output. */
function proxy(kind: keyof typeof OPCODE, ending = 'f3'): Hex {
  const value = kind === 'call' || kind === 'callcode' ? '34' : ''
  const store = kind === 'staticcall' ? '50' : '5f55'
  return `0x365f5f375f5f365f${value}73${TOY.slice(2)}5a${OPCODE[kind]}${store}3d5f5f3e3d5f${ending}`
}

/** Calls `inner` with the calldata, ignores the outcome, then calls the toy itself. */
const callBoth = (inner: Address): Hex =>
  `0x365f5f375f5f365f5f73${inner.slice(2)}5af1505f5f365f5f73${TOY.slice(2)}5af15f5500`

const contracts: Readonly<Record<string, { address: Address; code: Hex }>> = {
  call: { address: `0x${'c1'.repeat(20)}`, code: proxy('call') },
  callcode: { address: `0x${'c2'.repeat(20)}`, code: proxy('callcode') },
  delegatecall: { address: `0x${'c3'.repeat(20)}`, code: proxy('delegatecall') },
  staticcall: { address: `0x${'c4'.repeat(20)}`, code: proxy('staticcall') },
  reverting: { address: `0x${'c5'.repeat(20)}`, code: proxy('call', 'fd') },
  both: { address: `0x${'c6'.repeat(20)}`, code: callBoth(`0x${'c5'.repeat(20)}`) },
}
const addressOf = (name: string) => contracts[name]?.address ?? TOY

async function open(): Promise<TestChain> {
  const genesis = devnetGenesis()
  const alloc = { ...genesis.alloc, [TOY]: { nonce: 1, code: '0xfe' } }
  for (const { address, code } of Object.values(contracts)) alloc[address] = { nonce: 1, code }
  return TestChain.open({ genesis: { ...genesis, alloc }, precompiles: [toy] })
}

async function send(
  test: TestChain,
  to: Address,
  data: Uint8Array,
  fields: { value?: bigint; gasLimit?: bigint } = {},
) {
  const { receipts } = await test.mine([
    test.transaction(account(0), { to, data: bytesToHex(data), ...fields }),
  ])
  const receipt = receipts[0]
  if (receipt === undefined) throw new Error('the transaction was not included')
  return receipt
}

async function call(test: TestChain, to: Address, data: Uint8Array, valueWei = 0n) {
  const { chain } = test
  const runner = new CallRunner(
    { spec: chain.spec, genesisHash: chain.genesisHash },
    { precompiles: chain.precompiles },
  )
  return runner.run(
    { from: account(0).address, to, data, valueWei },
    { block: chain.head.block, state: chain.head.state },
  )
}

const slotOf = (test: TestChain, address: Address = TOY) =>
  test.chain.head.state.storage(address, bytesToHex(word(0n)))
const store = (value: bigint, op = 1) => concatBytes(Uint8Array.of(op), word(value))

describe('the precompile host', () => {
  it.each(['call', 'staticcall', 'delegatecall', 'callcode'])('tells a %s from the others', async (kind) => {
    const test = await open()
    const value = kind === 'call' || kind === 'callcode' ? 5n : 0n
    const { output } = await call(test, addressOf(kind), Uint8Array.of(0), value)
    expect(bytesToBigInt(output.subarray(64, 96))).toBe(BigInt(KINDS.indexOf(kind)))
    expect(bytesToHex(output.subarray(108, 128))).toBe(account(0).address)
    const caller = kind === 'delegatecall' ? account(0).address : addressOf(kind)
    expect(bytesToHex(output.subarray(12, 32))).toBe(caller)
  })

  it('keeps what a call stores and logs', async () => {
    const test = await open()
    const receipt = await send(test, addressOf('call'), store(0xaan))
    expect(receipt.succeeded).toBe(true)
    expect(receipt.logs).toEqual([{ address: TOY, topics: [topic], data: word(0xaan) }])
    expect(slotOf(test)).toBe(0xaan)
  })

  it('drops state and logs of its own revert and returns the revert data', async () => {
    const test = await open()
    const receipt = await send(test, TOY, store(0xbbn, 2))
    expect(receipt.succeeded).toBe(false)
    expect(receipt.logs).toEqual([])
    expect(slotOf(test)).toBe(0n)
    const outcome = await call(test, TOY, store(0xbbn, 2))
    expect(outcome.failure?.reverted).toBe(true)
    expect(bytesToBigInt(outcome.output)).toBe(0xbbn)
  })

  it('drops state, logs and value of a caller’s revert', async () => {
    const test = await open()
    const receipt = await send(test, addressOf('reverting'), store(0xccn), { value: 7n })
    expect(receipt.succeeded).toBe(false)
    expect(slotOf(test)).toBe(0n)
    expect(test.chain.head.state.account(TOY)?.balanceWei).toBe(0n)
  })

  it('keeps the outer call’s effect when an inner frame around the same precompile reverted', async () => {
    const test = await open()
    const receipt = await send(test, addressOf('both'), store(0xddn))
    expect(receipt.succeeded).toBe(true)
    expect(receipt.logs.length).toBe(1)
    expect(slotOf(test)).toBe(0xddn)
    expect(slotOf(test, addressOf('both'))).toBe(1n)
  })

  it('takes the whole gas limit when it runs out and leaves nothing behind', async () => {
    const test = await open()
    const receipt = await send(test, TOY, store(1n, 4), { gasLimit: 200_000n })
    expect(receipt.succeeded).toBe(false)
    expect(receipt.cumulativeGasUsed).toBe(200_000n)
    expect(slotOf(test)).toBe(0n)
  })

  it('either does all or nothing at every gas limit', async () => {
    const test = await open()
    const { chain } = test
    const runner = new CallRunner(
      { spec: chain.spec, genesisHash: chain.genesisHash },
      { precompiles: chain.precompiles },
    )
    const needed = (await call(test, TOY, store(0xffn))).gasUsed
    const outcomes = new Set<string>()
    for (let gasLimit = needed - 60n; gasLimit <= needed; gasLimit++) {
      const outcome = await runner.run(
        { from: account(0).address, to: TOY, data: store(0xffn), gasLimit },
        { block: chain.head.block, state: chain.head.state },
      )
      outcomes.add(outcome.failure === undefined ? `done at ${gasLimit === needed}` : outcome.failure.message)
    }
    expect(outcomes).toEqual(new Set(['out of gas', 'done at true']))
  })

  it('charges storage as the interpreter does: cold, warm, set, reset and refund', async () => {
    const test = await open()
    const gasOf = async (value: bigint) => (await send(test, TOY, store(value))).cumulativeGasUsed
    const set = await gasOf(1n)
    const same = await gasOf(1n)
    const reset = await gasOf(2n)
    // EIP-2929/3529: 20,000 to set, 100 for no change, 2,900 to change; all after 2,100 for the cold slot
    expect(set - same).toBe(20_000n - 100n)
    expect(reset - same).toBe(2_900n - 100n)
    const cleared = await gasOf(0n)
    const calldataByte = 16n - 4n
    expect(cleared).toBe(reset - calldataByte - 4_800n)
  })

  it('pays out of its own balance only', async () => {
    const test = await open()
    const to = `0x${'dd'.repeat(20)}` as const
    const payOut = concatBytes(Uint8Array.of(3), hexToBytes(to), word(7n))
    expect((await send(test, TOY, payOut, { value: 20n })).succeeded).toBe(true)
    expect(test.chain.head.state.account(to)?.balanceWei).toBe(7n)
    expect(test.chain.head.state.account(TOY)?.balanceWei).toBe(13n)
  })

  it('writes a blob once and reads it back', async () => {
    const test = await open()
    const payload = new Uint8Array(5_000).fill(9)
    const outcome = await call(test, TOY, concatBytes(Uint8Array.of(5), payload))
    expect(bytesToHex(outcome.output)).toBe(bytesToHex(payload))
  })

  it('sets a transaction aside that makes a module fail, and goes on with the next', async () => {
    const test = await open()
    const bad = test.transaction(account(1), { to: addressOf('call'), data: '0x06' })
    const good = test.transaction(account(0), { to: TOY, data: bytesToHex(store(3n)) })
    const { receipts } = await test.mine([bad, good])
    expect(receipts.map((receipt) => [receipt.from, receipt.succeeded])).toEqual([[account(0).address, true]])
    expect(slotOf(test)).toBe(3n)
    expect(test.chain.head.state.account(account(1).address)?.nonce).toBe(0n)
  })

  it('tells a caller that the node failed, not that the message was wrong', async () => {
    const test = await open()
    for (const to of [TOY, addressOf('call')]) {
      await expect(call(test, to, Uint8Array.of(6))).rejects.toMatchObject({ code: 'TX_FAULT' })
    }
  })

  it('is held by nobody once its block or its call is over', async () => {
    const test = await open()
    await send(test, TOY, store(1n))
    await call(test, TOY, store(2n))
    expect(test.chain.spec.common.events.listenerCount('hardforkChanged')).toBe(0)
  })

  it('runs nothing before its activation time', async () => {
    const test = await TestChain.open({ precompiles: [] })
    const outcome = await call(test, TOY, Uint8Array.of(0))
    expect(outcome.output.length).toBe(0)
    expect(outcome.failure).toBeUndefined()
  })
})
