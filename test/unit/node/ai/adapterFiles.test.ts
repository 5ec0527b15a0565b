import { describe, expect, it } from 'vitest'
import { cidOf, cidOfDigest, sha256 } from '../../../../src/ai/hashes.ts'
import { NodeError } from '../../../../src/errors/errors.ts'
import { fetchAdapterFiles } from '../../../../src/node/ai/adapterFiles.ts'
import { adapterFiles } from '../../../support/fakeEncoder.ts'
import { codeOf } from '../../../support/network/outcome.ts'

const { signal } = new AbortController()
const { weights, config, hash } = adapterFiles('weights')

/** Fetches from a store of these contents by their CIDs. */
function fetchFrom(contents: readonly Uint8Array[]) {
  const store = new Map(contents.map((content) => [cidOf(content), content]))
  const signals: AbortSignal[] = []
  const fetch = async (cid: string, given: AbortSignal) => {
    signals.push(given)
    const found = store.get(cid)
    if (found === undefined) throw new NodeError('NOT_FOUND', cid)
    return found
  }
  const files = fetchAdapterFiles({ weightsHash: hash, configHash: sha256(config) }, fetch, signal)
  return { files, signals }
}

describe('the files of a version', () => {
  it('are the weights and the configuration that the chain names', async () => {
    const { files, signals } = fetchFrom([weights, config])
    expect(await files).toEqual({ weights, config })
    expect(signals).toEqual([signal, signal])
    expect(cidOfDigest(hash)).toBe(cidOf(weights))
  })

  it('cannot be had while one of them is missing', async () => {
    expect(await codeOf(fetchFrom([weights]).files)).toBe('NOT_FOUND')
    expect(await codeOf(fetchFrom([config]).files)).toBe('NOT_FOUND')
  })
})
