// A worker for tests of src/runtime/worker.ts.
import { getPriority } from 'node:os'
import { NodeError } from '../../src/errors/errors.ts'
import type { WorkerHandlers } from '../../src/runtime/workerProtocol.ts'
import { serveWorker, workerInput } from '../../src/runtime/workerThread.ts'

export interface TestCalls {
  echo: { input: string; output: string }
  double: { input: Float32Array; output: Float32Array }
  refuse: { input: number; output: never }
  break: { input: undefined; output: never }
  count: { input: number; output: number; progress: number }
  hold: { input: Int32Array; output: string }
  exit: { input: undefined; output: never }
  countForEver: { input: undefined; output: never; progress: number }
  releaseInto: { input: Int32Array; output: undefined }
  priority: { input: undefined; output: number }
  untilUnwanted: { input: undefined; output: string }
}

const { greeting } = workerInput() as { greeting: string }

let released: Int32Array | undefined

const handlers: WorkerHandlers<TestCalls> = {
  echo: (text) => `${greeting} ${text}`,
  double: (values) => values.map((value) => 2 * value),
  refuse: (value) => {
    throw new NodeError('BAD_REQUEST', 'refused', { value })
  },
  break: () => {
    throw new TypeError('broken')
  },
  count: (steps, report) => {
    for (let step = 1; step <= steps; step++) report(step)
    return steps
  },
  hold: (gate) => {
    Atomics.wait(gate, 0, 0)
    return 'released'
  },
  exit: () => process.exit(3),
  countForEver: (_input, report) => {
    for (let step = 1; ; step++) report(step)
  },
  priority: () => getPriority(0),
  untilUnwanted: (_input, _report, signal) => {
    let rounds = 0
    while (!signal.aborted) rounds++
    return `unwanted after ${rounds > 0}`
  },
  releaseInto: (flag) => {
    released = flag
    return undefined
  },
}

serveWorker<TestCalls>(handlers, async () => {
  if (released !== undefined) Atomics.store(released, 0, 1)
})
