import { keccakHex } from '../../../primitives/keccak.ts'
import { defineMethod } from '../../method.ts'
import { data } from '../../schemas/hex.ts'

export const web3Sha3 = defineMethod({
  name: 'web3_sha3',
  summary: 'Keccak-256 of bytes',
  params: { data },
  result: '32 bytes',
  handler: ({ data }) => keccakHex(data),
})
