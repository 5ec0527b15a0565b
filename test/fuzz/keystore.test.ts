import { expect, it } from 'vitest'
import { decryptKeystore } from '../../src/node/keystore.ts'
import { bytesToHex } from '../../src/primitives/hex.ts'
import { scryptVector } from '../support/keystoreVector.ts'

it('opens the keystore vector with scrypt, whose costs OpenSSL refuses', async () => {
  const privateKey = await decryptKeystore(scryptVector, 'testpassword')
  expect(bytesToHex(privateKey)).toBe('0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d')
})
