import { chmod, link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { NodeError } from '../../errors/errors.ts'
import { bytesToHex, hexToBytes } from '../../primitives/hex.ts'
import type { Random } from '../../runtime/random.ts'
import type { PeerId } from '../ports.ts'

/**
 * The key that names a node to its peers: ed25519, apart from the consensus key, so that it may sit on a host that
 * is reached from outside. Losing it costs the node's id and no money.
 */
export interface NodeKey {
  readonly peerId: PeerId
  /** The private key in libp2p's protobuf form. */
  readonly secret: Uint8Array
}

export async function createNodeKey(): Promise<NodeKey> {
  const key = await generateKeyPair('Ed25519')
  return { peerId: peerIdFromPrivateKey(key).toString(), secret: privateKeyToProtobuf(key) }
}

/**
 * The key in the file, or a new one written there: `0x` and hex on one line, readable by its owner only. Two
 * processes that start at once end up with the same key. Errors: BAD_CONFIG when the file holds no ed25519 key.
 */
export async function loadOrCreateNodeKey(path: string, random: Random): Promise<NodeKey> {
  const text = await readIfThere(path)
  if (text !== undefined) return parseNodeKey(text, path)
  await mkdir(dirname(path), { recursive: true })
  const key = await createNodeKey()
  const draft = `${path}.${bytesToHex(random.bytes(6)).slice(2)}`
  try {
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(`${bytesToHex(key.secret)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    // a link fails where the file exists by now, so that it is written whole or not at all, and once
    await link(draft, path)
    return key
  } catch (error) {
    const other = await readIfThere(path)
    if (other === undefined) throw error
    return parseNodeKey(other, path)
  } finally {
    await rm(draft, { force: true })
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    const text = await readFile(path, 'utf8')
    await chmod(path, 0o600)
    return text
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new NodeError('BAD_CONFIG', `The node key ${path} cannot be read.`, { path }, error)
  }
}

/** Errors: BAD_CONFIG. */
export function parseNodeKey(text: string, path: string): NodeKey {
  try {
    const secret = hexToBytes(text.trim())
    const key = privateKeyFromProtobuf(secret)
    if (key.type === 'Ed25519') return { peerId: peerIdFromPrivateKey(key).toString(), secret }
  } catch (error) {
    throw notAKey(path, error)
  }
  throw notAKey(path)
}

function notAKey(path: string, cause?: unknown): NodeError {
  return new NodeError(
    'BAD_CONFIG',
    `${path} holds no ed25519 node key. Restore it from a copy, or delete it: the node then gets a new id.`,
    { path },
    cause,
  )
}
