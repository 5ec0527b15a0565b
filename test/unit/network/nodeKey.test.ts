import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadOrCreateNodeKey } from '../../../src/network/libp2p/nodeKey.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { codeOf } from '../../support/network/outcome.ts'

describe('the node key', () => {
  let folder: string
  let path: string
  const load = () => loadOrCreateNodeKey(path, systemRandom)

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'node-key-'))
    path = join(folder, 'data', 'node.key')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('is made once, ed25519, and readable by its owner only', async () => {
    const key = await load()
    expect(privateKeyFromProtobuf(key.secret).type).toBe('Ed25519')
    expect(key.peerId).toMatch(/^12D3KooW/)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(join(folder, 'data'))).toEqual(['node.key'])
    expect(await load()).toEqual(key)
  })

  it('is closed to others when it was open to them', async () => {
    await load()
    await chmod(path, 0o644)
    await load()
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('is the same for all that start at once', async () => {
    const keys = await Promise.all([1, 2, 3, 4, 5].map(load))
    expect(new Set(keys.map(({ peerId }) => peerId)).size).toBe(1)
    expect((await load()).peerId).toBe(keys[0]?.peerId)
  })

  it('is never replaced when the file holds something else', async () => {
    await load()
    const other = privateKeyToProtobuf(await generateKeyPair('secp256k1'))
    for (const content of ['', 'no hex', '0x1234', bytesToHex(other)]) {
      await writeFile(path, content)
      expect(await codeOf(load())).toBe('BAD_CONFIG')
      expect(await readFile(path, 'utf8')).toBe(content)
    }
  })
})
