import { setPriority } from 'node:os'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { InvariantError, invariant } from '../errors/errors.ts'
import {
  CLOSE,
  CLOSING,
  cancelled,
  GIVEN_UP,
  type Reply,
  type Request,
  type ThreadData,
  toWire,
  type WorkerCalls,
  type WorkerHandlers,
} from './workerProtocol.ts'

/** The `input` that this worker thread was started with. */
export function workerInput(): unknown {
  invariant(!isMainThread, 'workerInput is for worker threads')
  return (workerData as ThreadData).input
}

/** Answers the calls of this worker thread with `handlers`, one after the other; `release` runs before the thread ends. */
export function serveWorker<Calls extends WorkerCalls<Calls>>(
  handlers: WorkerHandlers<Calls>,
  release: () => Promise<void> = () => Promise.resolve(),
): void {
  const port = parentPort
  if (port === null) throw new InvariantError('serveWorker runs in a worker thread')
  const { stop, niceness } = workerData as ThreadData
  standBack(niceness)
  const send = (reply: Reply) => port.postMessage(reply)
  let last: Promise<void> = Promise.resolve()
  const answer = async ({ id, method, input }: Request): Promise<void> => {
    const signal = {
      get aborted() {
        return Atomics.load(stop, CLOSING) === 1 || Atomics.load(stop, GIVEN_UP) === id
      },
    }
    const report = (progress: unknown) => {
      if (signal.aborted) throw cancelled('the worker')
      send({ kind: 'progress', id, progress })
    }
    try {
      const handler = handlers[method as keyof Calls]
      invariant(handler !== undefined, `the worker has no method ${method}`)
      send({ kind: 'done', id, output: await handler(input as never, report, signal) })
    } catch (error) {
      send({ kind: 'failed', id, error: toWire(error) })
    }
  }
  port.on('message', (message: Request | typeof CLOSE) => {
    if (message === CLOSE) last = last.then(release).finally(() => port.close())
    else last = last.then(() => answer(message))
  })
  send({ kind: 'ready' })
}

/** On Linux each thread has a priority of its own, and 0 names the one that asks; elsewhere it would be the process. */
function standBack(niceness: number): void {
  if (niceness === 0 || process.platform !== 'linux') return
  try {
    setPriority(0, niceness)
  } catch {
    // a sandbox may forbid it; the thread then takes its full share
  }
}
