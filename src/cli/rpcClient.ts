import { z } from 'zod'
import { messageOf, NodeError } from '../errors/errors.ts'
import { systemClock } from '../runtime/clock.ts'
import { deadline } from '../runtime/deadline.ts'

const TIMEOUT_MS = 10_000
const answerSchema = z.union([
  z.object({ error: z.object({ code: z.number(), message: z.string() }) }),
  z.object({ result: z.unknown() }),
])

/** One JSON-RPC call to a node. Errors: PEER_UNREACHABLE, TIMEOUT, BAD_REQUEST when the node refuses. */
export async function callRpc(
  url: string,
  method: string,
  params: readonly unknown[] = [],
): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const json = await fetchJson(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const answer = answerSchema.safeParse(json)
  if (!answer.success) throw new NodeError('BAD_ENCODING', `${url} does not answer with JSON-RPC.`)
  if ('error' in answer.data) throw new NodeError('BAD_REQUEST', `${method}: ${answer.data.error.message}`)
  return answer.data.result
}

export async function fetchJson(url: string, init: RequestInit = {}): Promise<unknown> {
  const { signal, cancel } = deadline(systemClock, TIMEOUT_MS)
  try {
    const response = await fetch(url, { ...init, signal })
    return await response.json()
  } catch (error) {
    if (signal.aborted) throw signal.reason as Error
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    throw new NodeError('PEER_UNREACHABLE', `${url} cannot be reached: ${messageOf(cause)}`, { url }, error)
  } finally {
    cancel()
  }
}
