import { existsSync } from 'node:fs'
import { NodeError } from '../errors/errors.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { isPrivateKey, privateKeyToAddress } from '../primitives/secp256k1.ts'
import type { Random } from '../runtime/random.ts'
import { readKeyFile, writeKeyFile } from './keyFile.ts'
import { encryptKeystore, type ScryptCosts } from './keystore.ts'
import { RevealChain } from './revealChain.ts'

export interface NewKeyOptions {
  readonly path: string
  /** A new key unless given. */
  readonly privateKey?: Uint8Array | undefined
  /** Makes it a validator's: the file also gets the seed of a hash chain. */
  readonly operator?: Address | undefined
  /** Encrypts the key. */
  readonly password?: string | undefined
  /** Of the encryption; geth's standard unless given. */
  readonly costs?: ScryptCosts
}

/** What may be shown of a key file. */
export interface KeyFacts {
  readonly address: Address
  readonly operator: Address | undefined
  /** The tip of a validator's hash chain, which Staking must hold before it builds blocks. */
  readonly randomnessTip: Hash | undefined
}

/** Writes a key file; one that is there is never written over. Errors: BAD_CONFIG. */
export async function createKeyFile(options: NewKeyOptions, random: Random): Promise<KeyFacts> {
  const { path, operator, password, costs } = options
  if (existsSync(path))
    throw new NodeError('BAD_CONFIG', `${path} is there already; keys are not written over.`)
  const privateKey = options.privateKey ?? newPrivateKey(random)
  if (!isPrivateKey(privateKey)) throw new NodeError('BAD_CONFIG', 'That is no secp256k1 private key.')
  const revealSeed = operator === undefined ? undefined : bytesToHex(random.bytes(32))
  const fields = operator === undefined ? {} : { operator, revealSeed }
  const secret =
    password === undefined
      ? { privateKey: bytesToHex(privateKey) }
      : { keystore: await encryptKeystore(privateKey, password, random, costs) }
  await writeKeyFile(path, { ...secret, ...fields })
  return {
    address: privateKeyToAddress(privateKey),
    operator,
    randomnessTip: revealSeed && new RevealChain(hexToBytes(revealSeed)).tip,
  }
}

export async function readKeyFacts(path: string, password?: string): Promise<KeyFacts> {
  const { privateKey, operator, revealSeed } = await readKeyFile(path, password)
  return {
    address: privateKeyToAddress(hexToBytes(privateKey)),
    operator,
    randomnessTip: revealSeed && new RevealChain(hexToBytes(revealSeed)).tip,
  }
}

/** Writes the file that a node gets whose key is in a signer. */
export async function writeIdentity(path: string, out: string, password?: string): Promise<KeyFacts> {
  if (existsSync(out)) throw new NodeError('BAD_CONFIG', `${out} is there already.`)
  const facts = await readKeyFacts(path, password)
  const { operator, revealSeed } = await readKeyFile(path, password)
  if (operator === undefined || revealSeed === undefined) {
    throw new NodeError('BAD_CONFIG', `${path} is no validator's: it has no operator or no seed.`)
  }
  await writeKeyFile(out, { address: facts.address, operator, revealSeed })
  return facts
}

function newPrivateKey(random: Random): Uint8Array {
  for (;;) {
    const candidate = random.bytes(32)
    if (isPrivateKey(candidate)) return candidate
  }
}
