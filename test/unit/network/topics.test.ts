import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { messageId, protocolId, topicTable } from '../../../src/network/topics.ts'
import { thrownCode } from '../../support/network/outcome.ts'
import { testChain, testHash } from '../../support/network/testNode.ts'

const topics = topicTable(testChain)
const bytes = (...values: number[]) => Uint8Array.from(values)
const hex = (id: Uint8Array) => Buffer.from(id).toString('hex')
const message = { data: bytes(1), author: bytes(2), sequence: bytes(3) }

describe('topics', () => {
  it('name the chain and its genesis', () => {
    expect(topics.vote.id).toBe('/openledger/161299/abababababababab/vote/1')
    expect(topicTable({ ...testChain, genesisHash: testHash(1) }).vote.id).not.toBe(topics.vote.id)
    expect(protocolId(testChain, 'sync/1')).toBe('/openledger/161299/abababababababab/request/sync/1')
  })

  it('have room for the largest of what they carry', () => {
    expect(topics.proposal.maxBytes).toBeGreaterThanOrEqual(limits.gossipEnvelopeBytes + limits.voteBytes)
    expect(topics.tx.maxBytes).toBeGreaterThan(limits.transactionBytes)
    expect(topics.vote.maxBytes).toBe(limits.voteBytes)
    expect(topics.evidence.maxBytes).toBeGreaterThanOrEqual(2 * limits.voteBytes)
    const largest = Math.max(...Object.values(topics).map(({ maxBytes }) => maxBytes))
    expect(limits.gossipFrameBytes).toBeGreaterThan(8 * largest)
    expect(limits.gossipPendingBytesPerPeer).toBeGreaterThanOrEqual(8 * largest)
  })

  it.each(['sync', 'Sync/1', '../1', 'a/b/1', 'sync/', `${'x'.repeat(40)}/1`])(
    'refuse %j as the name of a protocol',
    (name) => {
      expect(thrownCode(() => protocolId(testChain, name))).toBe('BAD_CONFIG')
    },
  )
})

describe('the id of a message', () => {
  it.each(['tx', 'receipt', 'evidence'] as const)('of %s is that of its content', (name) => {
    const id = hex(messageId(topics[name], message))
    expect(hex(messageId(topics[name], { ...message, author: bytes(9), sequence: bytes(9) }))).toBe(id)
    expect(hex(messageId(topics[name], { ...message, data: bytes(9) }))).not.toBe(id)
  })

  it.each(['vote', 'proposal'] as const)('of %s is that of one publication', (name) => {
    const id = hex(messageId(topics[name], message))
    expect(hex(messageId(topics[name], { ...message, sequence: bytes(9) }))).not.toBe(id)
    expect(hex(messageId(topics[name], { ...message, author: bytes(9) }))).not.toBe(id)
    expect(hex(messageId(topics[name], message))).toBe(id)
  })

  it('differs between topics', () => {
    expect(hex(messageId(topics.tx, message))).not.toBe(hex(messageId(topics.receipt, message)))
    expect(messageId(topics.tx, message).length).toBe(20)
  })
})
