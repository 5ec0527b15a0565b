import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decryptKeystoreJson, encryptKeystoreJson } from 'ethers'
import { describe, expect, it } from 'vitest'
import {
  readKeyFile,
  readPasswordFile,
  readValidatorIdentity,
  readValidatorKey,
  writeKeyFile,
} from '../../../src/node/keyFile.ts'
import { decryptKeystore, encryptKeystore } from '../../../src/node/keystore.ts'
import { bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256 } from '../../../src/primitives/keccak.ts'
import { privateKeyToAddress } from '../../../src/primitives/secp256k1.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { scryptVector } from '../../support/keystoreVector.ts'
import { temporaryFolder } from '../../support/temporaryFolder.ts'

const key = keccak256(Uint8Array.of(1))
const address = privateKeyToAddress(key)
const CHEAP = { n: 16, r: 8, p: 1 }
const VECTOR_KEY = '0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d'

// https://ethereum.org/en/developers/docs/data-structures-and-encoding/web3-secret-storage/, test vectors
const pbkdf2Vector = {
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
    ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46',
    kdf: 'pbkdf2',
    kdfparams: {
      c: 262144,
      dklen: 32,
      prf: 'hmac-sha256',
      salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd',
    },
    mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2',
  },
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  version: 3,
}

const folder = temporaryFolder()
const path = () => join(folder(), 'key.json')

describe('keystores of version 3', () => {
  // the one with scrypt takes seconds: test/fuzz/keystore.test.ts
  it('opens the vector of the format with PBKDF2', async () => {
    expect(bytesToHex(await decryptKeystore(pbkdf2Vector, 'testpassword'))).toBe(VECTOR_KEY)
  })

  it('writes what ethers opens, and opens what ethers writes', async () => {
    const ours = await encryptKeystore(key, 'päss wörd', systemRandom, CHEAP)
    const opened = await decryptKeystoreJson(JSON.stringify(ours), 'päss wörd')
    expect(opened.privateKey).toBe(bytesToHex(key))
    expect(opened.address.toLowerCase()).toBe(address)
    const account = { address, privateKey: bytesToHex(key) }
    const theirs = await encryptKeystoreJson(account, 'päss wörd', { scrypt: { N: 16, r: 8, p: 1 } })
    expect(await decryptKeystore(JSON.parse(theirs), 'päss wörd')).toEqual(key)
  })

  it('shows no key and uses salt and vector once', async () => {
    const [one, other] = [1, 2].map(() => encryptKeystore(key, 'x', systemRandom, CHEAP))
    const texts = [JSON.stringify(await one), JSON.stringify(await other)]
    expect(texts[0]).not.toBe(texts[1])
    for (const text of texts) expect(text).not.toContain(bytesToHex(key).slice(2, 12))
  })

  const changed = (changes: object) => ({ ...scryptVector, crypto: { ...scryptVector.crypto, ...changes } })
  it.each<[string, unknown, string]>([
    ['a wrong password', changed({ kdfparams: { ...scryptVector.crypto.kdfparams, n: 16 } }), 'wrong'],
    ['another version', { ...scryptVector, version: 4 }, 'testpassword'],
    ['another cipher', changed({ cipher: 'aes-256-gcm' }), 'testpassword'],
    [
      'costs that would take the machine',
      changed({ kdfparams: { ...scryptVector.crypto.kdfparams, n: 2 ** 30 } }),
      'x',
    ],
    [
      'costs that are no power of two',
      changed({ kdfparams: { ...scryptVector.crypto.kdfparams, n: 1000 } }),
      'x',
    ],
    ['a short cipher text', changed({ ciphertext: 'd172' }), 'testpassword'],
    ['no keystore', 7, 'x'],
  ])('refuses %s', async (_, json, password) => {
    await expect(decryptKeystore(json, password)).rejects.toMatchObject({ code: 'BAD_CONFIG' })
  })
})

describe('key files with a keystore', () => {
  const operator = `0x${'11'.repeat(20)}` as const
  const revealSeed = `0x${'22'.repeat(32)}` as const

  it('give the key for the password, bare or with a validator’s fields', async () => {
    const keystore = await encryptKeystore(key, 'secret', systemRandom, CHEAP)
    await writeFile(path(), JSON.stringify(keystore))
    expect(await readKeyFile(path(), 'secret')).toEqual({ privateKey: bytesToHex(key) })
    await writeKeyFile(path(), { keystore, operator, revealSeed })
    expect(await readValidatorKey(path(), 'secret')).toEqual({
      privateKey: key,
      address,
      operator,
      revealSeed: hexToBytes(revealSeed),
    })
    await expect(readKeyFile(path())).rejects.toMatchObject({ code: 'BAD_CONFIG' })
    await expect(readKeyFile(path(), 'Secret')).rejects.toMatchObject({ code: 'BAD_CONFIG' })
  })

  it('take a password without the end of its line', async () => {
    await writeFile(path(), ' a pass word \r\n')
    expect(await readPasswordFile(path())).toBe(' a pass word ')
  })

  it('of a validator whose key is in a signer hold no key', async () => {
    await writeKeyFile(path(), { address, operator, revealSeed })
    expect(await readValidatorIdentity(path())).toEqual({
      address,
      operator,
      revealSeed: hexToBytes(revealSeed),
    })
    await writeKeyFile(path(), { privateKey: bytesToHex(key), operator, revealSeed })
    await expect(readValidatorIdentity(path())).rejects.toMatchObject({ code: 'BAD_CONFIG' })
  })
})
