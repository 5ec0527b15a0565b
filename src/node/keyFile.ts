import { open, readFile } from 'node:fs/promises'
import { z } from 'zod'
import { messageOf, NodeError } from '../errors/errors.ts'
import { type Address, type Hex, hexToBytes, isHexBytes } from '../primitives/hex.ts'
import { isPrivateKey, privateKeyToAddress } from '../primitives/secp256k1.ts'

const hex = (length: number) =>
  z
    .string()
    .refine((text) => isHexBytes(text, length), `expected 0x and ${2 * length} hex digits`)
    .transform((text) => text.toLowerCase() as Hex)

const keyFileSchema = z.strictObject({
  privateKey: hex(32).refine((key) => isPrivateKey(hexToBytes(key)), 'not a secp256k1 private key'),
  /** A validator's operator in Staking, and the seed of its hash chain. */
  operator: hex(20).optional(),
  revealSeed: hex(32).optional(),
  /** Blocks that each of its hash chains lasts for; longer ones take longer to make, a second for a million. */
  revealLength: z.number().int().min(1_024).max(16_777_216).optional(),
})

export interface KeyFile {
  readonly privateKey: Hex
  readonly operator?: Address | undefined
  readonly revealSeed?: Hex | undefined
  readonly revealLength?: number | undefined
}

/** The key is not encrypted: only its owner may read the file. */
export async function writeKeyFile(path: string, keys: KeyFile): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    // a file that was there keeps its mode
    await file.chmod(0o600)
    await file.writeFile(`${JSON.stringify(keys, null, 2)}\n`)
  } finally {
    await file.close()
  }
}

export async function readKeyFile(path: string): Promise<KeyFile> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new NodeError('BAD_CONFIG', `The key file ${path} cannot be read: ${messageOf(error)}`, {}, error)
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // the parser's message quotes the file, which may be the key
    throw new NodeError('BAD_CONFIG', `The key file ${path} is not JSON.`)
  }
  const parsed = keyFileSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    // never print the value: it may be the key
    throw new NodeError('BAD_CONFIG', `The key file ${path}: ${issue?.path.join('.')}: ${issue?.message}.`)
  }
  return parsed.data
}

/** A validator's keys, ready to use. */
export interface ValidatorKey {
  /** The consensus key. */
  readonly privateKey: Uint8Array
  readonly address: Address
  readonly operator: Address
  readonly revealSeed: Uint8Array
  readonly revealLength?: number | undefined
}

export async function readValidatorKey(path: string): Promise<ValidatorKey> {
  const { privateKey, operator, revealSeed, revealLength } = await readKeyFile(path)
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

export async function readPrivateKey(path: string): Promise<Uint8Array> {
  return hexToBytes((await readKeyFile(path)).privateKey)
}
