import { describe, expect, it } from 'vitest'
import { cidOf, cidOfDigest } from '../../../../src/ai/hashes.ts'
import { NodeError } from '../../../../src/errors/errors.ts'
import { fetchAdapterFiles } from '../../../../src/node/ai/adapterFiles.ts'
import { utf8ToBytes } from '../../../../src/primitives/bytes.ts'
import { adapterFiles } from '../../../support/fakeEncoder.ts'
import { codeOf } from '../../../support/network/outcome.ts'

const { signal } = new AbortController()
const { weights, config, hash } = adapterFiles('weights')

/** Fetches from a store of these contents by their CIDs. */
function fetchFrom(card: string | Uint8Array, contents: readonly Uint8Array[] = [weights, config]) {
  const bytes = typeof card === 'string' ? utf8ToBytes(card) : card
  const store = new Map([bytes, ...contents].map((content) => [cidOf(content), content]))
  const signals: AbortSignal[] = []
  const fetch = async (cid: string, given: AbortSignal) => {
    signals.push(given)
    const found = store.get(cid)
    if (found === undefined) throw new NodeError('NOT_FOUND', cid)
    return found
  }
  const files = fetchAdapterFiles({ weightsHash: hash, metadataCid: cidOf(bytes) }, fetch, signal)
  return { files, signals }
}

const card = (fields: object) => JSON.stringify({ format: 1, config: cidOf(config), ...fields })

describe('an adapter’s files', () => {
  it('are the weights that the chain names and the configuration that the card names', async () => {
    const { files, signals } = fetchFrom(card({ more: 'is allowed' }))
    expect(await files).toEqual({ weights, config })
    expect(signals).toEqual([signal, signal, signal])
  })

  it('are not taken from the card where the chain names them', async () => {
    const other = utf8ToBytes('other weights')
    const { files } = fetchFrom(card({ weights: cidOf(other) }), [weights, other, config])
    expect((await files).weights).toEqual(weights)
    expect(cidOfDigest(hash)).toBe(cidOf(weights))
  })

  it('cannot be had while one of them is missing', async () => {
    expect(await codeOf(fetchFrom(card({}), [weights]).files)).toBe('NOT_FOUND')
    expect(await codeOf(fetchFrom(card({}), [config]).files)).toBe('NOT_FOUND')
  })

  it.each<[string, string | Uint8Array]>([
    ['no JSON', 'config'],
    ['no UTF-8', Uint8Array.of(0xff, 0xfe)],
    ['no object', '[]'],
    ['of another format', card({ format: 2 })],
    ['without a configuration', card({ config: undefined })],
    ['with an empty configuration', card({ config: '' })],
    ['with a configuration that is no CID', card({ config: 'x'.repeat(129) })],
  ])('are refused when the card is %s', async (_what, content) => {
    expect(await codeOf(fetchFrom(content).files)).toBe('BAD_MODEL')
  })
})
