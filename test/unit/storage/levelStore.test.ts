import { type ChildProcess, spawn } from 'node:child_process'
import { on, once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isNodeError } from '../../../src/errors/errors.ts'
import type { KvStore } from '../../../src/storage/kv.ts'
import { LevelStore } from '../../../src/storage/levelStore.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'openledger-level-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const key = Uint8Array.of(1)
const value = Uint8Array.of(2)

async function withStore<T>(use: (store: KvStore) => Promise<T> | T): Promise<T> {
  const store = await LevelStore.open(folder)
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

async function openCode(path = folder): Promise<unknown> {
  try {
    await (await LevelStore.open(path)).close()
  } catch (error) {
    return isNodeError(error) ? error.code : error
  }
  return 'opened'
}

/** Runs plain JavaScript in another process with the native library; `say` in it prints a line. */
function otherProcess(script: string): { child: ChildProcess; line: () => Promise<string> } {
  const head = "const { Level } = require('level'); const say = (text) => process.stdout.write(text + '\\n');"
  const child = spawn(process.execPath, ['-e', head + script, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  return { child, line: async () => (await lines.next()).value ?? '' }
}

describe('LevelStore', () => {
  test('keeps what was written over a restart', async () => {
    await withStore((store) => store.write([{ type: 'put', key, value }], { sync: true }))
    expect(await withStore((store) => store.get(key))).toEqual(value)
  })

  test('refuses a folder that this thread has open, under any spelling, and leaves it usable', async () => {
    await withStore(async (store) => {
      expect(await openCode()).toBe('DATA_DIR_LOCKED')
      expect(await openCode(relative(process.cwd(), folder))).toBe('DATA_DIR_LOCKED')
      expect(await openCode(join(folder, '..', folder.split('/').at(-1)!))).toBe('DATA_DIR_LOCKED')
      await store.write([{ type: 'put', key, value }], { sync: true })
      expect(store.get(key)).toEqual(value)
    })
    expect(await openCode()).toBe('opened')
  })

  test('refuses a folder that another process has open', async () => {
    const { child, line } = otherProcess(
      "const db = new Level(process.argv[1]); db.open().then(() => say('open')); process.stdin.on('end', () => db.close()).resume()",
    )
    expect(await line()).toBe('open')
    expect(await openCode()).toBe('DATA_DIR_LOCKED')
    child.stdin!.end()
    await once(child, 'exit')
    expect(await openCode()).toBe('opened')
  })

  test('holds its lock against another process, also after a refused second opening here', async () => {
    await withStore(async () => {
      await openCode()
      const { child, line } = otherProcess(
        "new Level(process.argv[1]).open().then(() => say('open'), (error) => say(error.cause.code))",
      )
      expect(await line()).toBe('LEVEL_LOCKED')
      if (child.exitCode === null) await once(child, 'exit')
    })
  })

  test('a worker thread opens the same folder and reads a frozen view while this thread writes', async () => {
    await withStore(async (store) => {
      await store.write([{ type: 'put', key, value }], { sync: true })
      const script = new URL('support/snapshotReader.ts', import.meta.url)
      const load = `import('tsx/esm/api').then(({ register }) => { register(); return import('${script}') })`
      const worker = new Worker(load, { eval: true, workerData: folder })
      const answers = on(worker, 'message')
      const next = async () => (await answers.next()).value?.[0]
      expect(await next()).toBe(2)
      await store.write([{ type: 'put', key, value: Uint8Array.of(3) }], { sync: true })
      worker.postMessage('read')
      expect(await next()).toEqual({ snapshot: 2, newest: 3 })
      await once(worker, 'exit')
      expect(store.get(key)).toEqual(Uint8Array.of(3))
    })
  })

  test('reports damage, and a path that is no folder', async () => {
    const fileNamed = (pattern: RegExp) =>
      join(folder, readdirSync(folder).find((name) => pattern.test(name))!)
    await withStore((store) => store.write([{ type: 'put', key, value }], { sync: true }))
    writeFileSync(fileNamed(/^MANIFEST/), 'not a manifest')
    expect(await openCode()).toBe('DATA_CORRUPT')
    rmSync(fileNamed(/^MANIFEST/))
    expect(await openCode()).toBe('DATA_CORRUPT')
    writeFileSync(join(folder, 'CURRENT'), '')
    expect(await openCode()).toBe('DATA_CORRUPT')
    expect(await openCode(join(folder, 'CURRENT'))).toBe('STORAGE_FAILED')
  })

  test('killed in the middle of writes, it holds exactly one whole batch, none older than the last synced', async () => {
    const script = join(import.meta.dirname, 'support', 'batchWriter.ts')
    const child = spawn(process.execPath, ['--import', 'tsx', script, folder, '500'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let synced = 0
    for await (const line of createInterface({ input: child.stdout })) {
      synced = Number(line)
      if (synced === 40) child.kill('SIGKILL')
    }
    const batches = await withStore((store) => {
      const numbers = Array.from({ length: 500 }, (_, i) => {
        const found = store.get(Uint8Array.of(i >> 8, i & 0xff))!
        return new DataView(found.buffer, found.byteOffset).getUint32(0)
      })
      return new Set(numbers)
    })
    expect(batches.size).toBe(1)
    expect([...batches][0]).toBeGreaterThanOrEqual(synced)
    expect(synced).toBeGreaterThanOrEqual(40)
  })

  test('closing waits for the writes under way', async () => {
    const store = await LevelStore.open(folder)
    const written = store.write([{ type: 'put', key, value }], { sync: true })
    await store.close()
    await written
    expect(await withStore((reopened) => reopened.get(key))).toEqual(value)
  })
})
