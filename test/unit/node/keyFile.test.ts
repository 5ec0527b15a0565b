import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { messageOf } from '../../../src/errors/errors.ts'
import { devnetValidator } from '../../../src/node/devnet/keys.ts'
import {
  type KeyFile,
  readKeyFile,
  readPrivateKey,
  readValidatorKey,
  writeKeyFile,
} from '../../../src/node/keyFile.ts'
import { type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { codeOf } from '../../support/network/outcome.ts'
import { temporaryFolder } from '../../support/temporaryFolder.ts'

const { consensus, operator, revealSeed } = devnetValidator(0)
const keys = { privateKey: consensus.privateKey, operator: operator.address, revealSeed }
const ORDER: Hex = '0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'

const folder = temporaryFolder()
const path = () => join(folder(), 'key.json')
const modeOf = async () => (await stat(path())).mode & 0o777
const put = (content: unknown) =>
  writeFile(path(), typeof content === 'string' ? content : JSON.stringify(content))

describe('a key file', () => {
  it('holds the keys, for its owner only', async () => {
    await writeKeyFile(path(), keys)
    expect(await readKeyFile(path())).toEqual(keys)
    expect(await modeOf()).toBe(0o600)
    expect((await readFile(path(), 'utf8')).endsWith('}\n')).toBe(true)
  })

  it('is closed to others where one was open to them', async () => {
    await put('{"something": "longer than a key file with one key, so that nothing of it may be left over"}')
    await chmod(path(), 0o644)
    await writeKeyFile(path(), { privateKey: keys.privateKey })
    expect(await modeOf()).toBe(0o600)
    expect(await readKeyFile(path())).toEqual({ privateKey: keys.privateKey })
  })

  it('may have hex digits of any case', async () => {
    const upper = (hex: Hex): Hex => `0x${hex.slice(2).toUpperCase()}`
    await put({ privateKey: upper(keys.privateKey), operator: upper(keys.operator) })
    expect(await readKeyFile(path())).toEqual({ privateKey: keys.privateKey, operator: keys.operator })
  })

  it('gives a validator its keys', async () => {
    await writeKeyFile(path(), keys)
    expect(await readValidatorKey(path())).toEqual({
      privateKey: hexToBytes(keys.privateKey),
      address: consensus.address,
      operator: operator.address,
      revealSeed: hexToBytes(revealSeed),
    })
  })

  it('may say how long the hash chains of its seed are, within bounds', async () => {
    await writeKeyFile(path(), { ...keys, revealLength: 1_048_576 })
    expect((await readValidatorKey(path())).revealLength).toBe(1_048_576)
    for (const revealLength of [0, 1.5, 2 ** 25]) {
      await put({ ...keys, revealLength })
      expect(await codeOf(readValidatorKey(path()))).toBe('BAD_CONFIG')
    }
  })

  it('is no validator’s without an operator and a seed', async () => {
    const { privateKey } = keys
    const some: KeyFile[] = [
      { privateKey },
      { privateKey, operator: keys.operator },
      { privateKey, revealSeed: keys.revealSeed },
    ]
    for (const one of some) {
      await writeKeyFile(path(), one)
      expect(await codeOf(readValidatorKey(path()))).toBe('BAD_CONFIG')
      expect(await readPrivateKey(path())).toEqual(hexToBytes(privateKey))
    }
  })
})

describe('a key file is refused', () => {
  it('when it is not there', async () => {
    expect(await codeOf(readKeyFile(path()))).toBe('BAD_CONFIG')
  })

  it.each<[string, unknown]>([
    ['it is empty', ''],
    ['it is no JSON', keys.privateKey],
    ['it is no object', [keys.privateKey]],
    ['it has no private key', { operator: keys.operator }],
    ['the private key has no 0x', { privateKey: keys.privateKey.slice(2) }],
    ['the private key is too short', { privateKey: keys.privateKey.slice(0, -2) }],
    ['the private key is too long', { privateKey: `${keys.privateKey}00` }],
    ['the private key is zero', { privateKey: `0x${'00'.repeat(32)}` }],
    ['the private key is the order of the curve', { privateKey: ORDER }],
    ['the private key is no text', { privateKey: 7 }],
    ['the operator is no address', { ...keys, operator: keys.revealSeed }],
    ['the seed has another length', { ...keys, revealSeed: keys.operator }],
    ['it holds something unknown', { ...keys, password: 'x' }],
  ])('when %s', async (_why, content) => {
    await put(content)
    expect(await codeOf(readKeyFile(path()))).toBe('BAD_CONFIG')
  })

  it('without a word of the key', async () => {
    const digits = keys.privateKey.slice(2)
    const contents = [
      digits,
      keys.privateKey,
      `{"privateKey": ${digits}}`,
      { privateKey: digits },
      { privateKey: `${keys.privateKey}00` },
      { privateKey: keys.privateKey, operator: keys.privateKey },
    ]
    for (const content of contents) {
      await put(content)
      const failure: unknown = await readKeyFile(path()).catch((error: unknown) => error)
      const told = [failure, failure instanceof Error ? failure.cause : undefined].map(messageOf).join(' ')
      expect(told).not.toContain(digits.slice(0, 6))
    }
  })
})
