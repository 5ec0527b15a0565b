import { describe, expect, it } from 'vitest'
import { nextPriorities } from '../../../src/consensus/proposer.ts'
import { encodeRlp, fromInt } from '../../../src/primitives/rlp.ts'
import { metadataKey } from '../../../src/storage/keys.ts'
import type { KvOp } from '../../../src/storage/kv.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { ConsensusNode, validatorAddress } from '../../support/consensusNode.ts'
import { codeOf } from '../../support/network/outcome.ts'

const KEY = metadataKey('priorities')

/** A node at this height, and its store. */
async function nodeAt(height: number) {
  const node = await ConsensusNode.open({ validator: 0 })
  for (let n = 0; n < height; n++) await node.decide(await node.build())
  return node
}

const change = (kv: MemoryStore, op: KvOp) => kv.write([op], { sync: true })

describe('proposer priorities', () => {
  it('begin with zeros and move by one selection a block', async () => {
    const node = await nodeAt(0)
    const { priorities, set } = await node.app.context()
    expect(priorities).toEqual([0n, 0n, 0n, 0n])
    const after = await node.decide(await node.build())
    expect(after.priorities).toEqual(nextPriorities(set, priorities, set))
    expect(after.priorities).not.toEqual(priorities)
  })

  it('let validators of equal stake propose in turn', async () => {
    const node = await nodeAt(0)
    const proposers: string[] = []
    for (let n = 0; n < 8; n++) {
      proposers.push(node.app.nextProposer())
      await node.decide(await node.build())
    }
    const all = [0, 1, 2, 3].map(validatorAddress).sort()
    expect(proposers.slice(0, 4).sort()).toEqual(all)
    expect(proposers.slice(4)).toEqual(proposers.slice(0, 4))
  })

  it('are on disk with the head, and loaded again', async () => {
    const node = await nodeAt(3)
    const again = await ConsensusNode.open({ kv: node.kv })
    expect(await again.app.context()).toEqual(await node.app.context())
    expect(again.app.nextProposer()).toBe(node.app.nextProposer())
    // some of them are negative
    expect((await again.app.context()).priorities.some((one) => one < 0n)).toBe(true)
  })

  it('stay when the head could not be written', async () => {
    const node = await nodeAt(1)
    const before = await node.app.context()
    const value = await node.build()
    const certificate = node.certificate(value.blockHash)
    const write = node.kv.write.bind(node.kv)
    node.kv.write = async () => {
      throw new Error('the disk is gone')
    }
    await expect(node.app.commit(value.envelope, certificate)).rejects.toThrow()
    expect(await node.app.context()).toEqual(before)
    node.kv.write = write
    const again = await ConsensusNode.open({ kv: node.kv })
    expect(await again.app.context()).toEqual(before)
    const after = await again.app.commit(value.envelope, certificate)
    expect(after.priorities).toEqual(nextPriorities(before.set, before.priorities, after.set))
  })

  it('that are missing make the store corrupt', async () => {
    const { kv } = await nodeAt(1)
    await change(kv, { type: 'del', key: KEY })
    expect(await codeOf(ConsensusNode.open({ kv }))).toBe('DATA_CORRUPT')
  })

  it('of another height or another set make the store corrupt', async () => {
    const node = await nodeAt(1)
    const { kv } = node
    const old = kv.get(KEY)!
    await node.decide(await node.build())
    await change(kv, { type: 'put', key: KEY, value: old })
    expect(await codeOf(ConsensusNode.open({ kv }))).toBe('DATA_CORRUPT')
    const ofThree = encodeRlp([fromInt(3), [1, 2, 3].map((n) => new Uint8Array(32).fill(n))])
    await change(kv, { type: 'put', key: KEY, value: ofThree })
    expect(await codeOf(ConsensusNode.open({ kv }))).toBe('DATA_CORRUPT')
  })

  it('need not be there before the first block', async () => {
    const kv = new MemoryStore()
    await ConsensusNode.open({ kv })
    const again = await ConsensusNode.open({ kv })
    expect((await again.app.context()).priorities).toEqual([0n, 0n, 0n, 0n])
  })
})
