import { open, readFile } from 'node:fs/promises'
import { z } from 'zod'
import { messageOf, NodeError } from '../errors/errors.ts'
import { type Address, bytesToHex, type Hex, hexToBytes, isHexBytes } from '../primitives/hex.ts'
import { isPrivateKey, privateKeyToAddress } from '../primitives/secp256k1.ts'
import { decryptKeystore, isKeystore } from './keystore.ts'

const hex = (length: number) =>
  z
    .string()
    .refine((text) => isHexBytes(text, length), `expected 0x and ${2 * length} hex digits`)
    .transform((text) => text.toLowerCase() as Hex)

const validatorFields = {
  /** A validator's operator in Staking, and the seed of its hash chain. */
  operator: hex(20).optional(),
  revealSeed: hex(32).optional(),
  /** Blocks that each of its hash chains lasts for; longer ones take longer to make, a second for a million. */
  revealLength: z.number().int().min(1_024).max(16_777_216).optional(),
}
const plainSchema = z.strictObject({
  privateKey: hex(32).refine((key) => isPrivateKey(hexToBytes(key)), 'not a secp256k1 private key'),
  ...validatorFields,
})
/** The private key is encrypted, in a keystore of its own or in one beside a validator's fields. */
const encryptedSchema = z.strictObject({ keystore: z.looseObject({}), ...validatorFields })
/** What a validator knows whose key is in a signer: enough to build blocks, nothing to sign them with. */
const identitySchema = z.strictObject({
  address: hex(20),
  operator: hex(20),
  revealSeed: hex(32),
  revealLength: validatorFields.revealLength,
})

export interface KeyFile {
  readonly privateKey: Hex
  readonly operator?: Address | undefined
  readonly revealSeed?: Hex | undefined
  readonly revealLength?: number | undefined
}

export interface EncryptedKeyFile extends Omit<KeyFile, 'privateKey'> {
  readonly keystore: object
}

export interface IdentityFile {
  readonly address: Address
  readonly operator: Address
  readonly revealSeed: Hex
  readonly revealLength?: number | undefined
}

/** Only its owner may read the file: its key may not be encrypted. */
export async function writeKeyFile(
  path: string,
  keys: KeyFile | EncryptedKeyFile | IdentityFile,
): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    // a file that was there keeps its mode
    await file.chmod(0o600)
    await file.writeFile(`${JSON.stringify(keys, null, 2)}\n`)
  } finally {
    await file.close()
  }
}

/** Keys of a file, decrypted with `password` where they are encrypted. Errors: BAD_CONFIG. */
export async function readKeyFile(path: string, password?: string): Promise<KeyFile> {
  return parseKeyFile(await readText(path), path, password)
}

export async function parseKeyFile(text: string, path: string, password?: string): Promise<KeyFile> {
  const json = parseJson(text, path)
  const keystore = isKeystore(json) ? { keystore: json } : json
  if (typeof keystore !== 'object' || keystore === null || !('keystore' in keystore)) {
    return parse(plainSchema, json, path)
  }
  if (password === undefined) {
    throw new NodeError('BAD_CONFIG', `The key file ${path} is encrypted: give --password-file.`)
  }
  const { keystore: encrypted, ...fields } = parse(encryptedSchema, keystore, path)
  return { privateKey: bytesToHex(await decryptKeystore(encrypted, password)), ...fields }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new NodeError('BAD_CONFIG', `The key file ${path} cannot be read: ${messageOf(error)}`, {}, error)
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // the parser's message quotes the file, which may be the key
    throw new NodeError('BAD_CONFIG', `The key file ${path} is not JSON.`)
  }
}

function parse<T>(schema: z.ZodType<T>, json: unknown, path: string): T {
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  // never print the value: it may be the key
  throw new NodeError('BAD_CONFIG', `The key file ${path}: ${issue?.path.join('.')}: ${issue?.message}.`)
}

/** The one line of a password file. */
export async function readPasswordFile(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '')
  } catch (error) {
    throw new NodeError('BAD_CONFIG', `The password file ${path} cannot be read: ${messageOf(error)}`)
  }
}

/** Who a validator is, and what it builds blocks with. */
export interface ValidatorIdentity {
  /** Of the consensus key. */
  readonly address: Address
  readonly operator: Address
  readonly revealSeed: Uint8Array
  readonly revealLength?: number | undefined
}

/** A validator's keys, ready to use. */
export interface ValidatorKey extends ValidatorIdentity {
  /** The consensus key. */
  readonly privateKey: Uint8Array
}

export async function readValidatorKey(path: string, password?: string): Promise<ValidatorKey> {
  const { privateKey, operator, revealSeed, revealLength } = await readKeyFile(path, password)
  if (operator === undefined || revealSeed === undefined) {
    throw new NodeError(
      'BAD_CONFIG',
      `The key file ${path} is no validator's: it needs "operator" and "revealSeed".`,
    )
  }
  const key = hexToBytes(privateKey)
  const address = privateKeyToAddress(key)
  return { privateKey: key, address, operator, revealSeed: hexToBytes(revealSeed), revealLength }
}

/** For a node whose key is in a signer: a file with a key in it is refused, because there the key has no business. */
export async function readValidatorIdentity(path: string): Promise<ValidatorIdentity> {
  const identity = parse(identitySchema, parseJson(await readText(path), path), path)
  return { ...identity, revealSeed: hexToBytes(identity.revealSeed) }
}

export async function readPrivateKey(path: string, password?: string): Promise<Uint8Array> {
  return hexToBytes((await readKeyFile(path, password)).privateKey)
}
