import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseGenesis } from '../../../src/chainspec/schema.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import { parseKeyFile } from '../../../src/node/keyFile.ts'
import { bytesToUtf8 } from '../../../src/primitives/bytes.ts'
import { RpcError } from '../../../src/rpc/errors.ts'
import { parseBody } from '../../../src/rpc/request.ts'
import type { FuzzedDecoder } from './fuzz.ts'
import { address, hash, json } from './samples.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')

/** Files that an operator is given or writes, and JSON-RPC. */
export async function settingsDecoders(): Promise<FuzzedDecoder[]> {
  const file = readFileSync(join(import.meta.dirname, '..', '..', '..', 'genesis', 'devnet.json'), 'utf8')
  const { alloc, ...genesis } = JSON.parse(file) as Record<string, unknown>
  const few = Object.fromEntries(Object.entries(alloc as object).slice(-3))
  return [
    {
      name: 'genesis',
      covers: ['chainspec/schema.ts#parseGenesis'],
      form: 'json',
      samples: [json({ ...genesis, alloc: few })],
      decode: (bytes) => {
        let value: unknown
        try {
          value = JSON.parse(bytesToUtf8(bytes))
        } catch {
          throw new NodeError('BAD_GENESIS', 'Not JSON.')
        }
        parseGenesis(value, 'a file')
      },
    },
    {
      name: 'key file',
      covers: ['node/keyFile.ts#parseKeyFile'],
      form: 'json',
      samples: [
        json({ privateKey: hash(1), operator: address(2), revealSeed: hash(3) }),
        json({ privateKey: hash(1) }),
      ],
      decode: (bytes) => parseKeyFile(text(bytes), 'a file'),
    },
    {
      name: 'JSON-RPC',
      covers: ['rpc/request.ts#parseBody'],
      form: 'json',
      samples: [
        json({
          jsonrpc: '2.0',
          id: 1,
          method: 'eth_call',
          params: [{ to: address(1), data: '0x' }, 'latest'],
        }),
        json([
          { jsonrpc: '2.0', method: 'eth_chainId' },
          { jsonrpc: '2.0', id: 'x', method: 'a', params: [] },
        ]),
      ],
      decode: (bytes) => parseBody(text(bytes)).isBatch,
      isRefusal: (error) => error instanceof RpcError,
    },
  ]
}
