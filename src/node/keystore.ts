import { createCipheriv, createDecipheriv, pbkdf2, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { scrypt as wasmScrypt } from 'hash-wasm'
import { z } from 'zod'
import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import { concatBytes, equalBytes } from '../primitives/bytes.ts'
import { bytesToHex, hexToBytes } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { isPrivateKey, privateKeyToAddress } from '../primitives/secp256k1.ts'
import type { Random } from '../runtime/random.ts'

/** Web3 Secret Storage, version 3: what geth, ethers and wallets read and write. Hex digits without 0x. */
const hex = (length?: number) =>
  z
    .string()
    .regex(/^(0x)?([0-9a-fA-F]{2})*$/, 'expected hex digits')
    .transform((text) => hexToBytes(text.startsWith('0x') ? (text as `0x${string}`) : `0x${text}`))
    .refine((bytes) => length === undefined || bytes.length === length, 'of another length')

const salt = hex().refine((bytes) => bytes.length <= limits.keystoreSaltBytes, 'too long')
const scryptSchema = z.object({
  kdf: z.literal('scrypt'),
  kdfparams: z.object({
    n: z.int().min(2),
    r: z.int().min(1),
    p: z.int().min(1).max(limits.keystoreScryptLanes),
    dklen: z.literal(32),
    salt,
  }),
})
const pbkdf2Schema = z.object({
  kdf: z.literal('pbkdf2'),
  kdfparams: z.object({
    c: z.int().min(1).max(limits.keystorePbkdf2Rounds),
    prf: z.literal('hmac-sha256'),
    dklen: z.literal(32),
    salt,
  }),
})
const cryptoSchema = z.intersection(
  z.object({
    cipher: z.literal('aes-128-ctr'),
    cipherparams: z.object({ iv: hex(16) }),
    ciphertext: hex(32),
    mac: hex(32),
  }),
  z.discriminatedUnion('kdf', [scryptSchema, pbkdf2Schema]),
)
const keystoreSchema = z.object({ version: z.literal(3), crypto: cryptoSchema })

/** geth's standard costs: 256 MB of memory and about a second. */
export const STANDARD_SCRYPT = { n: 262_144, r: 8, p: 1 } as const
const CIPHER = 'aes-128-ctr'

export interface ScryptCosts {
  readonly n: number
  readonly r: number
  readonly p: number
}

export const isKeystore = (json: unknown): boolean =>
  typeof json === 'object' && json !== null && ('crypto' in json || 'Crypto' in json)

/** The private key in a keystore. Errors: BAD_CONFIG for another format or a wrong password. */
export async function decryptKeystore(json: unknown, password: string): Promise<Uint8Array> {
  const parsed = keystoreSchema.safeParse(withLowerCaseCrypto(json))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new NodeError(
      'BAD_CONFIG',
      `The keystore is not of version 3: ${issue?.path.join('.')}: ${issue?.message}.`,
    )
  }
  const { crypto } = parsed.data
  const derived = await deriveKey(crypto, password)
  const mac = keccak256(concatBytes(derived.subarray(16, 32), crypto.ciphertext))
  if (!equalBytes(mac, crypto.mac))
    throw new NodeError('BAD_CONFIG', 'The password does not open the keystore.')
  const decipher = createDecipheriv(CIPHER, derived.subarray(0, 16), crypto.cipherparams.iv)
  const privateKey = Uint8Array.from(Buffer.concat([decipher.update(crypto.ciphertext), decipher.final()]))
  if (!isPrivateKey(privateKey))
    throw new NodeError('BAD_CONFIG', 'The keystore holds no secp256k1 private key.')
  return privateKey
}

export async function encryptKeystore(
  privateKey: Uint8Array,
  password: string,
  random: Random,
  costs: ScryptCosts = STANDARD_SCRYPT,
): Promise<object> {
  const saltBytes = random.bytes(32)
  const iv = random.bytes(16)
  const derived = await deriveKey(
    { kdf: 'scrypt', kdfparams: { ...costs, dklen: 32, salt: saltBytes } },
    password,
  )
  const cipher = createCipheriv(CIPHER, derived.subarray(0, 16), iv)
  const ciphertext = Uint8Array.from(Buffer.concat([cipher.update(privateKey), cipher.final()]))
  return {
    version: 3,
    id: uuid(random.bytes(16)),
    address: bare(hexToBytes(privateKeyToAddress(privateKey))),
    crypto: {
      cipher: CIPHER,
      cipherparams: { iv: bare(iv) },
      ciphertext: bare(ciphertext),
      kdf: 'scrypt',
      kdfparams: { ...costs, dklen: 32, salt: bare(saltBytes) },
      mac: bare(keccak256(concatBytes(derived.subarray(16, 32), ciphertext))),
    },
  }
}

const bare = (bytes: Uint8Array) => bytesToHex(bytes).slice(2)

type Derivation = Pick<z.output<typeof cryptoSchema>, 'kdf' | 'kdfparams'>
const scryptAsync = promisify<string, Uint8Array, number, object, Buffer>(scrypt)
const pbkdf2Async = promisify(pbkdf2)

async function deriveKey(crypto: Derivation, password: string): Promise<Uint8Array> {
  if ('n' in crypto.kdfparams) {
    const { n, r, p, salt: saltBytes, dklen } = crypto.kdfparams
    // RFC 7914: the working memory is 128·N·r bytes, and 128·r·p beside it
    const memoryBytes = 128 * n * r
    if (memoryBytes > limits.keystoreScryptBytes || (n & (n - 1)) !== 0) {
      throw new NodeError('BAD_CONFIG', 'The keystore asks for scrypt with costs that are not accepted.')
    }
    // RFC 7914 wants N below 2^(16·r), and OpenSSL insists; wallets did not, and the format's own vector does not
    if (n >= 2 ** (16 * r)) {
      const costs = { costFactor: n, blockSize: r, parallelism: p, hashLength: dklen }
      return wasmScrypt({ password, salt: saltBytes, ...costs, outputType: 'binary' })
    }
    return scryptAsync(password, saltBytes, dklen, { N: n, r, p, maxmem: 2 * memoryBytes + 1024 * 1024 })
  }
  const { c, salt: saltBytes, dklen } = crypto.kdfparams
  return pbkdf2Async(password, saltBytes, c, dklen, 'sha256')
}

/** Some old wallets write `Crypto`. */
function withLowerCaseCrypto(json: unknown): unknown {
  if (typeof json !== 'object' || json === null || !('Crypto' in json)) return json
  return { ...json, crypto: json.Crypto }
}

/** RFC 9562, version 4. */
function uuid(bytes: Uint8Array): string {
  const all = Uint8Array.from(bytes)
  all[6] = ((all[6] ?? 0) & 0x0f) | 0x40
  all[8] = ((all[8] ?? 0) & 0x3f) | 0x80
  return bare(all).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
