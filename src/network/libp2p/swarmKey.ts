import { open } from 'node:fs/promises'
import { limits } from '../../config/limits.ts'
import { messageOf, NodeError } from '../../errors/errors.ts'

/** The first lines of a key of a private network, as go-ipfs and libp2p write it. */
const HEADER = '/key/swarm/psk/1.0.0/\n/base16/\n'
const FORM = /^\/key\/swarm\/psk\/1\.0\.0\/\r?\n\/base16\/\r?\n[0-9a-f]{64}\s*$/

/**
 * The file of a private network's key: whoever lacks it cannot even begin to talk. The bytes are in the form that the
 * library takes. Errors: BAD_CONFIG; the message never has the key.
 */
export async function readSwarmKey(path: string): Promise<Uint8Array> {
  let text: string
  try {
    const file = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(limits.swarmKeyBytes + 1), 0)
      text = buffer.toString('latin1', 0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw new NodeError(
      'BAD_CONFIG',
      `The network key ${path} cannot be read: ${messageOf(error)}`,
      {},
      error,
    )
  }
  return parseSwarmKey(text, path)
}

export function parseSwarmKey(text: string, path: string): Uint8Array {
  if (text.length > limits.swarmKeyBytes || !FORM.test(text)) {
    throw new NodeError(
      'BAD_CONFIG',
      `${path} holds no key of a private network. Expected three lines: /key/swarm/psk/1.0.0/, /base16/, and 64 digits ` +
        '(openssl rand -hex 32).',
    )
  }
  const digits = text.trimEnd().slice(-64)
  return new TextEncoder().encode(`${HEADER}${digits}`)
}
