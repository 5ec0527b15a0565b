import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { isNodeError, NodeError } from '../../../src/errors/errors.ts'
import type { StandardPrecompile } from '../../../src/execution/crypto/standardPrecompile.ts'
import { loadStandardPrecompiles } from '../../../src/execution/crypto/standardPrecompiles.ts'
import { bigIntToBytes, concatBytes } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import type { Logger } from '../../../src/runtime/logger.ts'
import type { KvStore } from '../../../src/storage/kv.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { Prng } from '../../sim/lib/prng.ts'
import { account, devnetGenesis, TestChain } from '../../support/chain.ts'

/**
 * Calls the address in the first word of its calldata with the rest as input, and stores whether that succeeded and
 * the hash of what it returned, folded together, in slot 0.
 */
const CALLER: Address = `0x${'ca'.repeat(20)}`
const CALLER_CODE: Hex = '0x602036038060205f375f5f825f5f5f355af13d5f5f3e3d5f20185f5500'

interface Warning {
  readonly hash?: string
  readonly msg: string
}

function capture(): { logger: Logger; warnings: Warning[] } {
  const warnings: Warning[] = []
  const logger = pino({ level: 'warn' }, { write: (line) => void warnings.push(JSON.parse(line) as Warning) })
  return { logger, warnings }
}

function open(options: { standard?: readonly StandardPrecompile[]; logger?: Logger; kv?: KvStore } = {}) {
  const genesis = devnetGenesis()
  const alloc = { ...genesis.alloc, [CALLER]: { nonce: 1, code: CALLER_CODE } }
  return TestChain.open({ genesis: { ...genesis, alloc }, ...options })
}

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
  } catch (error) {
    return isNodeError(error) ? error.code : String(error)
  }
  return 'none'
}

const callData = (address: Address, input: Uint8Array): Hex =>
  bytesToHex(concatBytes(new Uint8Array(12), hexToBytes(address), input))

/** Inputs that each precompile computes on; one of wrong length would be refused before. */
const sound: Readonly<Record<string, number>> = {
  blake2f: 213,
  pointEvaluation: 192,
  p256Verify: 160,
  bls12381G1Add: 256,
  bls12381G1Msm: 160,
  bls12381G2Add: 512,
  bls12381G2Msm: 288,
  bls12381Pairing: 384,
  bls12381MapFpToG1: 64,
  bls12381MapFp2ToG2: 128,
  bn254Pairing: 192,
}

describe('a precompile that throws', () => {
  it('leaves its transaction out of the block, with a warning, whichever it is', async () => {
    const { logger, warnings } = capture()
    const broken = (await loadStandardPrecompiles()).map((precompile, index) => ({
      ...precompile,
      run: () => {
        throw index % 2 === 0 ? new TypeError('broken') : new RangeError('unreachable')
      },
    }))
    const test = await open({ standard: broken, logger })
    for (const { address, name } of broken) {
      const input = new Uint8Array(sound[name] ?? 128)
      for (const fields of [
        { to: address, data: bytesToHex(input) },
        { to: CALLER, data: callData(address, input) },
      ]) {
        const bad = test.transaction(account(1), fields)
        const good = test.transaction(account(0), { to: account(2).address, value: 1n })
        const { receipts } = await test.mine([bad, good])
        test.forgetNonces(account(1).address)
        expect(receipts.map(({ from }) => from)).toEqual([account(0).address])
        expect(warnings.splice(0).map(({ hash }) => hash)).toEqual([bytesToHex(bad.hash())])
      }
    }
    expect(test.chain.head.state.account(account(1).address)?.nonce).toBe(0n)
    expect(test.chain.head.height).toBe(2 * broken.length)
  })

  it('leaves the transaction out when it cannot tell its price either', async () => {
    const { logger, warnings } = capture()
    const standard = (await loadStandardPrecompiles()).map((precompile) => ({
      ...precompile,
      gas: () => {
        throw new Error('broken')
      },
    }))
    const test = await open({ standard, logger })
    const bad = test.transaction(account(1), { to: '0x0000000000000000000000000000000000000005' })
    expect((await test.mine([bad])).receipts).toEqual([])
    expect(warnings.length).toBe(1)
  })

  it('makes a proposed block invalid, and the block after goes on', async () => {
    const standard = (await loadStandardPrecompiles()).map((precompile) => ({
      ...precompile,
      run: () => {
        throw new Error('broken')
      },
    }))
    const sane = await open()
    const test = await open({ standard })
    const sha256: Address = '0x0000000000000000000000000000000000000002'
    const bad = sane.transaction(account(1), { to: CALLER, data: callData(sha256, new Uint8Array(5)) })
    const good = sane.transaction(account(0), { to: account(2).address, value: 1n })
    const proposed = await sane.build([bad, good])
    expect(proposed.receipts.length).toBe(2)
    expect(await codeOf(test.chain.validate(proposed.envelope))).toBe('BAD_EXECUTION')
    const other = await sane.build([good])
    expect((await test.chain.validate(other.envelope)).blockHash).toBe(other.blockHash)
    await test.chain.commit(other.envelope, sane.certificate(other))
    expect(test.chain.head.height).toBe(1)
  })
})

/** A store whose read number `failsAt`, from the last reset on, is refused. */
class DeafStore extends MemoryStore {
  #reads = 0
  #failsAt = Number.POSITIVE_INFINITY

  failAt(read: number): void {
    this.#reads = 0
    this.#failsAt = read
  }

  override get(key: Uint8Array): Uint8Array | undefined {
    this.#reads += 1
    if (this.#reads > this.#failsAt) throw new NodeError('STORAGE_FAILED', 'The disk refused the read.')
    return super.get(key)
  }
}

describe('a store that refuses a read', () => {
  it('says so, whichever read it is: no block is called bad for it, and no transaction left out', async () => {
    const kv = new DeafStore()
    const test = await open({ kv })
    const sane = await open()
    const transactions = [sane.transaction(account(0), { to: account(2).address, value: 1n })]
    const { envelope, blockHash } = await sane.build(transactions)
    const ends = new Set<string>()
    for (const run of [() => test.chain.validate(envelope), () => test.build(transactions)]) {
      for (let read = 0; read < 500; read++) {
        kv.failAt(read)
        const end = await codeOf(run())
        ends.add(end)
        if (end === 'none') break
      }
      kv.failAt(Number.POSITIVE_INFINITY)
    }
    expect([...ends].sort()).toEqual(['STORAGE_FAILED', 'none'])
    expect((await test.build(transactions)).blockHash).toBe(blockHash)
  })
})

describe('hostile input of precompiles', () => {
  it('makes none of them throw, and two nodes agree on the outcome', async () => {
    const random = new Prng(99)
    const standard = await loadStandardPrecompiles()
    const { logger, warnings } = capture()
    const builder = await open({ logger })
    const validator = await open()
    for (let round = 0; round < 6; round++) {
      const transactions = standard.map((precompile) =>
        builder.transaction(account(0), {
          to: CALLER,
          data: callData(precompile.address, hostile(random, precompile)),
          gasLimit: 1_000_000n,
        }),
      )
      const candidate = await builder.mine(transactions)
      expect(candidate.receipts.length).toBe(transactions.length)
      const certificate = validator.certificate(candidate)
      await validator.chain.validate(candidate.envelope)
      await validator.chain.commit(candidate.envelope, certificate)
    }
    expect(warnings).toEqual([])
    expect(validator.chain.head.blockHash).toBe(builder.chain.head.blockHash)
  })

  it('takes no more than its gas, however long it is said to be', async () => {
    const test = await open()
    const modexp: Address = '0x0000000000000000000000000000000000000005'
    const huge = bigIntToBytes(2n ** 256n - 1n, 32)
    const data = callData(modexp, concatBytes(huge, huge, huge))
    const { receipts } = await test.mine([test.transaction(account(0), { to: CALLER, data })])
    expect(receipts.length).toBe(1)
  })
})

/** Random bytes, mostly of a length that the precompile looks into. */
function hostile(random: Prng, { name }: StandardPrecompile): Uint8Array {
  const length = random.chance(0.7) ? (sound[name] ?? 128) : random.int(0, 600)
  const input = random.bytes(length)
  if (name === 'blake2f') input.fill(0, 0, 2)
  // lengths of modexp's numbers and the zeros before field elements, so that more than the first check sees the rest
  if (name === 'modexp') for (const at of [0, 32, 64]) input.fill(0, at, at + 31)
  if (name.startsWith('bls')) for (let at = 0; at < length; at += 64) input.fill(0, at, at + 17)
  return input
}
