import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { nodeSettings, readSettings } from '../../../src/config/settings.ts'
import { writeKeyFile } from '../../../src/node/keyFile.ts'
import { encryptKeystore } from '../../../src/node/keystore.ts'
import { openSigner, readNodeKeys } from '../../../src/node/validatorRole.ts'
import { bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256 } from '../../../src/primitives/keccak.ts'
import { privateKeyToAddress } from '../../../src/primitives/secp256k1.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { codeOf } from '../../support/network/outcome.ts'
import { temporaryFolder } from '../../support/temporaryFolder.ts'
import { domain } from '../consensus/support.ts'

const key = (index: number) => keccak256(Uint8Array.of(index))
const address = privateKeyToAddress(key(1))
const operator = `0x${'11'.repeat(20)}` as const
const revealSeed = `0x${'22'.repeat(32)}` as const
const folder = temporaryFolder()
const at = (name: string) => join(folder(), name)
const read = (flags: Record<string, unknown>) =>
  readNodeKeys(readSettings(nodeSettings, { dataDir: folder(), ...flags }, {}))

beforeEach(async () => {
  await writeKeyFile(at('validator'), { privateKey: bytesToHex(key(1)), operator, revealSeed })
  await writeKeyFile(at('identity'), { address, operator, revealSeed })
  await writeKeyFile(at('other'), { privateKey: bytesToHex(key(2)) })
})

describe('the keys of a node', () => {
  it('are its validator’s, which also pays, or its host’s, or none', async () => {
    expect(await read({})).toEqual({ validator: undefined, hostKey: undefined, accountKey: undefined })
    const validator = await read({ validatorKey: at('validator') })
    expect(validator.validator).toMatchObject({ address, operator, revealSeed: hexToBytes(revealSeed) })
    expect(validator.accountKey).toEqual(key(1))
    const host = await read({ hostKey: at('other') })
    expect([host.hostKey, host.accountKey, host.validator]).toEqual([key(2), key(2), undefined])
  })

  it('are opened with the password of the file', async () => {
    const keystore = await encryptKeystore(key(1), 'pass', systemRandom, { n: 16, r: 8, p: 1 })
    await writeKeyFile(at('encrypted'), { keystore, operator, revealSeed })
    await writeFile(at('password'), 'pass\n')
    expect(await codeOf(read({ validatorKey: at('encrypted') }))).toBe('BAD_CONFIG')
    const keys = await read({ validatorKey: at('encrypted'), passwordFile: at('password') })
    expect(keys.accountKey).toEqual(key(1))
  })

  it('leave the consensus key out where a signer has it; another account may pay', async () => {
    const flags = { validatorKey: at('identity'), remoteSigner: at('socket') }
    const keys = await read(flags)
    expect([keys.validator?.address, keys.validator?.privateKey, keys.accountKey]).toEqual([
      address,
      undefined,
      undefined,
    ])
    expect((await read({ ...flags, serviceKey: at('other') })).accountKey).toEqual(key(2))
  })

  it.each<[string, Record<string, string | boolean>]>([
    ['a validator that is a host', { validatorKey: 'validator', hostKey: 'other' }],
    ['a signer without an identity', { remoteSigner: 'socket' }],
    ['a signer beside its key', { remoteSigner: 'socket', validatorKey: 'validator' }],
    [
      'a signer of a node that decides alone',
      { remoteSigner: 'socket', validatorKey: 'identity', single: true },
    ],
    ['an identity in place of a key', { validatorKey: 'identity' }],
    ['an account beside the consensus key', { validatorKey: 'validator', serviceKey: 'other' }],
    ['a password file that is not there', { validatorKey: 'validator', passwordFile: 'missing' }],
  ])('are refused for %s', async (_, files) => {
    const flags = Object.entries(files).map(([name, value]) => [
      name,
      typeof value === 'string' ? at(value) : value,
    ])
    expect(await codeOf(read(Object.fromEntries(flags)))).toBe('BAD_CONFIG')
  })

  it('sign here, or in the signer, which the node starts without', async () => {
    const context = (flags: Record<string, unknown>) => ({
      config: readSettings(nodeSettings, { dataDir: folder(), ...flags }, {}),
      ...{ domain, clock: systemClock, logger: silentLogger },
    })
    const local = (await read({ validatorKey: at('validator') })).validator!
    const here = await openSigner(local, context({}))
    expect([here.signer.address, here.services.length, here.isConnected]).toEqual([address, 0, undefined])
    const flags = { validatorKey: at('identity'), remoteSigner: at('socket') }
    const away = await openSigner((await read(flags)).validator!, context(flags))
    for (const service of away.services) await service.start()
    expect([away.signer.address, away.isConnected?.()]).toEqual([address, false])
    for (const service of away.services) await service.stop()
  })
})
