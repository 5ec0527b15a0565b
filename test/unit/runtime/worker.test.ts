import { getPriority } from 'node:os'
import { afterEach, describe, expect, test } from 'vitest'
import { isNodeError, type NodeError } from '../../../src/errors/errors.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { runInWorker, WorkerClient } from '../../../src/runtime/worker.ts'
import type { TestCalls } from '../../support/echoWorker.ts'

const module = new URL('../../support/echoWorker.ts', import.meta.url)
const modules = { clock: systemClock }
const open: WorkerClient<TestCalls>[] = []

function start(queueLength = 8): WorkerClient<TestCalls> {
  const client = new WorkerClient<TestCalls>(
    { name: 'echo', module, queueLength, onClose: 'terminate', input: { greeting: 'hello' } },
    modules,
  )
  open.push(client)
  return client
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: unknown) => (isNodeError(error) ? error.code : `unexpected ${String(error)}`),
  )

afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()))
})

test('calls are answered in order, and see the input of the worker', async () => {
  const client = start()
  const order: string[] = []
  const calls = ['a', 'b', 'c'].map((text) => client.call('echo', text).then((answer) => order.push(answer)))
  await Promise.all(calls)
  expect(order).toEqual(['hello a', 'hello b', 'hello c'])
})

test('typed arrays cross unchanged', async () => {
  expect(await start().call('double', Float32Array.of(1.5, -2))).toEqual(Float32Array.of(3, -4))
})

test('an error keeps its code and details; a bug stays a bug', async () => {
  const client = start()
  const refused = await client.call('refuse', 7).catch((error: unknown) => error)
  expect(isNodeError(refused, 'BAD_REQUEST') && refused.details).toEqual({ value: 7 })
  const bug = await client.call('break', undefined).catch((error: unknown) => error)
  expect(isNodeError(bug)).toBe(false)
  expect(await client.call('echo', 'still there')).toBe('hello still there')
})

test('progress reaches its own call', async () => {
  const seen: number[] = []
  await start().call('count', 3, { onProgress: (step) => seen.push(step) })
  expect(seen).toEqual([1, 2, 3])
})

test('a call that reports nothing sees that it was given up, and the next one is answered', async () => {
  const client = start()
  await client.ready()
  const unwanted = new AbortController()
  const call = client.call('untilUnwanted', undefined, { signal: unwanted.signal })
  const next = client.call('echo', 'next')
  unwanted.abort()
  expect(await codeOf(call)).toBe('CANCELLED')
  expect(await next).toBe('hello next')
})

test('an interrupt ends the call that runs, and the client still closes', async () => {
  const client = start()
  const call = client.call('untilUnwanted', undefined)
  client.interrupt()
  expect(await call).toMatch(/^unwanted after /)
  expect(await client.call('untilUnwanted', undefined)).toBe('unwanted after false')
})

test.runIf(process.platform === 'linux')('a thread stands back alone, not with its process', async () => {
  const before = getPriority(0)
  const options = {
    name: 'echo',
    module,
    queueLength: 8,
    onClose: 'terminate',
    input: { greeting: '' },
  } as const
  const client = new WorkerClient<TestCalls>({ ...options, niceness: 3 }, modules)
  open.push(client)
  expect(await client.call('priority', undefined)).toBe(Math.max(before, 3))
  expect(getPriority(0)).toBe(before)
})

test('a thread that ends by itself tells of it once; one that is closed does not', async () => {
  const failures: string[] = []
  const options = {
    name: 'echo',
    module,
    queueLength: 8,
    onClose: 'terminate',
    input: { greeting: '' },
  } as const
  const onFailure = (error: NodeError) => failures.push(error.code)
  const failing = new WorkerClient<TestCalls>(options, { ...modules, onFailure })
  expect(await codeOf(failing.call('exit', undefined))).toBe('INTERNAL')
  expect(failures).toEqual(['INTERNAL'])
  await failing.close()
  const closed = new WorkerClient<TestCalls>(options, { ...modules, onFailure })
  await closed.close()
  expect(failures).toEqual(['INTERNAL'])
})

test('a full queue refuses, and a call given up frees its place', async () => {
  const client = start(1)
  const gate = new Int32Array(new SharedArrayBuffer(4))
  const first = client.call('hold', gate)
  const abort = new AbortController()
  const second = client.call('echo', 'second', { signal: abort.signal })
  expect(await codeOf(client.call('echo', 'third'))).toBe('LIMIT_EXCEEDED')
  abort.abort()
  expect(await codeOf(second)).toBe('CANCELLED')
  const fourth = client.call('echo', 'fourth')
  Atomics.store(gate, 0, 1)
  Atomics.notify(gate, 0)
  expect(await first).toBe('released')
  expect(await fourth).toBe('hello fourth')
})

test('a deadline ends the wait, and the late answer goes to nobody', async () => {
  const client = start()
  await client.ready()
  const gate = new Int32Array(new SharedArrayBuffer(4))
  expect(await codeOf(client.call('hold', gate, { timeoutMs: 20 }))).toBe('TIMEOUT')
  const next = client.call('echo', 'next')
  Atomics.store(gate, 0, 1)
  Atomics.notify(gate, 0)
  expect(await next).toBe('hello next')
})

test('closing cancels what runs and what waits, and later calls are refused', async () => {
  const client = start()
  const running = client.call('hold', new Int32Array(new SharedArrayBuffer(4)))
  const waiting = client.call('echo', 'x')
  const codes = Promise.all([codeOf(running), codeOf(waiting)])
  await client.close()
  expect(await codes).toEqual(['CANCELLED', 'CANCELLED'])
  expect(await codeOf(client.call('echo', 'y'))).toBe('CANCELLED')
})

test('a worker that dies fails its calls', async () => {
  expect(await codeOf(start().call('exit', undefined))).toBe('INTERNAL')
})

test('a module that cannot load rejects ready', async () => {
  const broken = new WorkerClient<TestCalls>(
    {
      name: 'broken',
      module: new URL('../../support/noSuchWorker.ts', import.meta.url),
      queueLength: 1,
      onClose: 'terminate',
    },
    modules,
  )
  expect(await codeOf(broken.ready())).toBe('INTERNAL')
  await broken.close()
})

describe('a worker that may not be cut off', () => {
  const startFinishing = () => {
    const options = {
      name: 'echo',
      module,
      queueLength: 4,
      onClose: 'finish' as const,
      input: { greeting: 'hi' },
    }
    const client = new WorkerClient<TestCalls>(options, modules)
    open.push(client)
    return client
  }

  test('ends its call at the next report when it is closed, and releases what it holds', async () => {
    const client = startFinishing()
    const released = new Int32Array(new SharedArrayBuffer(4))
    const steps: number[] = []
    let begun: () => void = () => undefined
    const first = new Promise<void>((resolve) => {
      begun = resolve
    })
    await client.call('releaseInto', released)
    const running = codeOf(
      client.call('countForEver', undefined, {
        onProgress: (step) => {
          steps.push(step)
          begun()
        },
      }),
    )
    await first
    await client.close()
    expect(await running).toBe('CANCELLED')
    expect(steps.length).toBeGreaterThan(0)
    expect(Atomics.load(released, 0)).toBe(1)
  })

  test('ends a call that was given up at its next report, and goes on with the next', async () => {
    const client = startFinishing()
    const abort = new AbortController()
    const running = client.call('countForEver', undefined, {
      signal: abort.signal,
      onProgress: () => abort.abort(),
    })
    expect(await codeOf(running)).toBe('CANCELLED')
    expect(await client.call('echo', 'next')).toBe('hi next')
  })
})

test('one call in a thread of its own', async () => {
  const input = { name: 'echo', module, onClose: 'finish' as const, input: { greeting: 'once' } }
  const answer = await runInWorker<TestCalls, 'echo'>(input, modules, { method: 'echo', input: 'more' })
  expect(answer).toBe('once more')
})
