import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { cidOf } from '../../../src/content/cid.ts'
import { ContentStore } from '../../../src/content/contentStore.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'

const text = (value: string) => new TextEncoder().encode(value)

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openledger-content-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const open = (quotaBytes = 1_000) => ContentStore.open({ folder, quotaBytes }, { logger: silentLogger })
const files = async () =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

describe('ContentStore', () => {
  it('gives back what was put, also after it is opened again', async () => {
    const store = await open()
    const cid = await store.put(text('an object'))
    expect(cid).toBe(cidOf(text('an object')))
    expect(await store.get(cid)).toEqual(Buffer.from('an object'))
    expect(store.usage).toEqual({ objects: 1, bytes: 9, quotaBytes: 1_000 })

    const again = await open()
    expect(again.has(cid)).toBe(true)
    expect(again.sizeOf(cid)).toBe(9)
    expect(Buffer.from((await again.get(cid))!)).toEqual(Buffer.from('an object'))
    expect(again.usage).toEqual({ objects: 1, bytes: 9, quotaBytes: 1_000 })
  })

  it('keeps one file for an object that is put many times at once, and counts it once', async () => {
    const store = await open(9)
    const cids = await Promise.all(Array.from({ length: 8 }, () => store.put(text('an object'))))
    expect(new Set(cids)).toEqual(new Set([cidOf(text('an object'))]))
    expect(await files()).toHaveLength(1)
    expect(store.usage).toMatchObject({ objects: 1, bytes: 9 })
  })

  it('holds empty objects', async () => {
    const store = await open()
    const cid = await store.put(new Uint8Array())
    expect(await store.get(cid)).toHaveLength(0)
    expect(await store.read(cid, 0, 10)).toHaveLength(0)
  })

  it('takes no byte above its quota, also from many puts at once, and takes more after a delete', async () => {
    const store = await open(25)
    const objects = Array.from({ length: 5 }, (_, n) => text(`object ${n}..`))
    const results = await Promise.allSettled(objects.map((bytes) => store.put(bytes)))
    const failed = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    expect(failed).toHaveLength(3)
    for (const error of failed) expect(error).toMatchObject({ code: 'QUOTA_EXCEEDED' })
    expect(store.usage).toMatchObject({ objects: 2, bytes: 20 })
    expect(await files()).toHaveLength(2)

    const kept = objects.find((bytes) => store.has(cidOf(bytes)))!
    expect(await store.delete(cidOf(kept))).toBe(true)
    expect(await store.delete(cidOf(kept))).toBe(false)
    expect(await store.get(cidOf(kept))).toBeUndefined()
    await store.put(text('0123456789'))
    expect(store.usage).toMatchObject({ objects: 2, bytes: 20 })
  })

  it('refuses an object above the largest size before it hashes it', async () => {
    const store = await open(Number.MAX_SAFE_INTEGER)
    const large = new Uint8Array(limits.contentObjectBytes + 1)
    await expect(store.put(large)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(store.usage.bytes).toBe(0)
  })

  it('reads parts', async () => {
    const store = await open()
    const cid = await store.put(text('0123456789'))
    expect(Buffer.from((await store.read(cid, 3, 4))!).toString()).toBe('3456')
    expect(Buffer.from((await store.read(cid, 8, 4))!).toString()).toBe('89')
    expect(await store.read(cid, 10, 4)).toHaveLength(0)
    expect(await store.read(cidOf(text('other')), 0, 4)).toBeUndefined()
  })

  it.each([
    ['other bytes', '012345678X'],
    ['fewer bytes', '01234'],
    ['more bytes', '0123456789abc'],
  ])('says that an object with %s is not there, and removes it', async (_name, spoiled) => {
    const cid = await (await open()).put(text('0123456789'))
    const [path] = await files()
    await writeFile(path!, spoiled)
    const store = await open()
    expect(await store.read(cid, 0, 4)).toBeUndefined()
    expect(store.has(cid)).toBe(false)
    expect(store.usage).toMatchObject({ objects: 0, bytes: 0 })
    expect(await files()).toEqual([])
    expect(await store.put(text('0123456789'))).toBe(cid)
  })

  it('removes what a crash left half written, and leaves alone what is not its own', async () => {
    await open()
    await writeFile(join(folder, 'temporary', '7'), 'half an obj')
    await mkdir(join(folder, 'objects', '00'), { recursive: true })
    await writeFile(join(folder, 'objects', '00', 'notes.txt'), 'not an object')
    await writeFile(join(folder, 'objects', '00', cidOf(text('misplaced'))), 'misplaced')
    const store = await open()
    expect(store.usage).toMatchObject({ objects: 0, bytes: 0 })
    expect(await readdir(join(folder, 'temporary'))).toEqual([])
    expect(await readFile(join(folder, 'objects', '00', 'notes.txt'), 'utf8')).toBe('not an object')
  })

  it('tells that the disk failed, and holds nothing of it', async () => {
    const store = await open()
    await rm(folder, { recursive: true })
    await writeFile(folder, 'now a file')
    await expect(store.put(text('x'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(store.usage).toMatchObject({ objects: 0, bytes: 0 })
  })
})
