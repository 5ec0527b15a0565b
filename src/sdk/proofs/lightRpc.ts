import { z } from 'zod'
import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { bytesToUtf8, concatBytes } from '../../primitives/bytes.ts'
import { type Hex, hexToBytes, isHexBytes } from '../../primitives/hex.ts'

/** One call of JSON-RPC; the result is not trusted and not even of a known shape. */
export type LightRpc = (method: string, params: readonly unknown[]) => Promise<unknown>

const answerSchema = z.union([
  z.object({ error: z.object({ code: z.number(), message: z.string() }) }),
  z.object({ result: z.unknown() }),
])

/** JSON-RPC over HTTP with answers of bounded size and time. PEER_UNREACHABLE, PEER_FAILED, LIMIT_EXCEEDED. */
export function httpLightRpc(url: string): LightRpc {
  return async (method, params) => {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(limits.lightRpcTimeoutMs),
    }
    let text: string
    try {
      const response = await fetch(url, init)
      text = bytesToUtf8(await readBounded(response))
    } catch (error) {
      if (error instanceof NodeError) throw error
      throw new NodeError('PEER_UNREACHABLE', `No JSON-RPC server answers at ${url}.`, { url }, error)
    }
    const answer = answerSchema.safeParse(parseJson(text))
    if (!answer.success) throw malformed(method)
    if ('error' in answer.data) {
      const { code, message } = answer.data.error
      throw new NodeError('PEER_FAILED', `${method} failed there: ${message}`, { method, code })
    }
    return answer.data.result
  }
}

async function readBounded(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > limits.lightRpcBytes) {
      throw new NodeError(
        'LIMIT_EXCEEDED',
        `The server's answer has more than ${limits.lightRpcBytes} bytes.`,
      )
    }
    chunks.push(chunk)
  }
  return concatBytes(...chunks)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function malformed(method: string): NodeError {
  return new NodeError('BAD_PROOF', `The answer to ${method} is malformed.`, { method })
}

/** Bytes in hex, `length` of them where given. */
export const hexBytes = (length?: number) =>
  z
    .string()
    .refine((value) => isHexBytes(value, length))
    .transform((value) => hexToBytes(value))
export const hexQuantity = z
  .string()
  .regex(/^0x[0-9a-f]{1,64}$/)
  .transform(BigInt)

export const toQuantity = (value: bigint | number): Hex => `0x${value.toString(16)}`

/** A call whose answer has this shape; BAD_PROOF when it has not. */
export async function askFor<T>(
  rpc: LightRpc,
  method: string,
  params: readonly unknown[],
  schema: z.ZodType<T>,
): Promise<T> {
  const parsed = schema.safeParse(await rpc(method, params))
  if (!parsed.success) throw malformed(method)
  return parsed.data
}
