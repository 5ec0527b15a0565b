import { readFile, writeFile } from 'node:fs/promises'
import { type Genesis, type GenesisInput, parseGenesis } from '../chainspec/schema.ts'
import { limits } from '../config/limits.ts'
import { messageOf, NodeError } from '../errors/errors.ts'
import { constructAlloc } from '../execution/genesis.ts'

/** Reads and checks a genesis file; BAD_GENESIS says what is wrong with it. */
export async function readGenesisFile(path: string): Promise<{ genesis: Genesis; json: GenesisInput }> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (error) {
    throw new NodeError(
      'BAD_GENESIS',
      `The genesis file ${path} cannot be read: ${messageOf(error)}`,
      {},
      error,
    )
  }
  if (bytes.length > limits.genesisBytes) {
    throw new NodeError(
      'BAD_GENESIS',
      `The genesis file ${path} is larger than ${limits.genesisBytes} bytes.`,
    )
  }
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new NodeError('BAD_GENESIS', `The genesis file ${path} is not JSON.`, {}, error)
  }
  return { genesis: parseGenesis(json, path), json: json as GenesisInput }
}

export async function writeGenesisFile(path: string, json: GenesisInput): Promise<void> {
  await writeFile(path, formatGenesis(json))
}

export function formatGenesis(json: GenesisInput): string {
  return `${JSON.stringify(json, null, 2)}\n`
}

/** The same network with its predeploys constructed anew; one that cannot start yet keeps an empty alloc. */
export async function withConstructedAlloc(json: GenesisInput, source: string): Promise<GenesisInput> {
  const genesis = parseGenesis(json, source)
  if (genesis.chainId === null || genesis.validators.length === 0) return { ...json, alloc: {} }
  return { ...json, alloc: await constructAlloc(genesis) }
}
