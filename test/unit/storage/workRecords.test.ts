import { describe, expect, it } from 'vitest'
import type { DurableMap } from '../../../src/ai/receipts/ports.ts'
import { HEAD_KEY, headerKey, kindRange } from '../../../src/storage/keys.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { WorkRecords } from '../../../src/storage/workRecords.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

async function all(map: DurableMap): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for await (const { key, value } of map.entries()) found[key] = new TextDecoder().decode(value)
  return found
}

describe('WorkRecords', () => {
  it('keeps what each service wrote, apart from the chain and from each other', async () => {
    const kv = new MemoryStore()
    await kv.write([{ type: 'put', key: HEAD_KEY, value: bytes('head') }], { sync: true })
    await kv.write([{ type: 'put', key: headerKey(1), value: bytes('header') }], { sync: true })
    const auditor: DurableMap = new WorkRecords({ area: 'auditor' }, { kv })
    const host: DurableMap = new WorkRecords({ area: 'host' }, { kv })
    await auditor.write([
      { type: 'put', key: 'verdict/1', value: bytes('right') },
      { type: 'put', key: 'batch/1', value: bytes('salt') },
    ])
    await host.write([{ type: 'put', key: 'verdict/1', value: bytes('an answer') }])
    expect(await all(auditor)).toEqual({ 'batch/1': 'salt', 'verdict/1': 'right' })
    expect(await all(host)).toEqual({ 'verdict/1': 'an answer' })
    await auditor.write([{ type: 'del', key: 'verdict/1' }])
    expect(auditor.get('verdict/1')).toBeUndefined()
    expect(host.get('verdict/1')).toEqual(bytes('an answer'))
    expect(kv.get(HEAD_KEY)).toEqual(bytes('head'))
    const headers = []
    for await (const entry of kv.iterate(kindRange('header'))) headers.push(entry)
    expect(headers).toHaveLength(1)
  })
})
