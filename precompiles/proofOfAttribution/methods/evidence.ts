import type { Hash } from '../../../src/primitives/hex.ts'
import type { VersionView } from '../../adapter/read.ts'
import { bounds } from '../../bounds.ts'
import type { InputsOf } from '../../shared/abiTypes.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { gasPrices, perEight } from '../../shared/gas.ts'
import { corpusLeaf, passageLeaf } from '../../shared/merkle.ts'
import { type AttributionAbi, type AttributionCall, checkCount, fail } from '../call.ts'
import { existingVersion, isProven } from '../proofs.ts'
import { endOf, type FoundSpan, findSpan, overlap } from '../spans.ts'
import { dot } from '../vectors.ts'

type SpanClaim = InputsOf<AttributionAbi, 'longerSpan'>['better']
type Passage = InputsOf<AttributionAbi, 'scorePassages'>['passages'][number]

export const evidenceMethods: Methods<
  AttributionAbi,
  AttributionCall,
  'scoreSpans' | 'longerSpan' | 'scorePassages'
> = {
  scoreSpans: {
    gas: 0n,
    run(call, { adapterId, version, outputTokens, spans }) {
      checkCount(outputTokens.length, bounds.outputTokens)
      checkCount(spans.length, bounds.spansPerCall)
      const view = existingVersion(call, adapterId, version)
      const found = spans.map((span, index) => {
        const before = spans[index - 1]
        if (before !== undefined && span.outputStart < endOf(before)) fail('SpanOverlap', { index })
        return provenSpan(call, view, outputTokens, span, index)
      })
      return { rows: found.map(({ row }) => row), weights: found.map(({ weight }) => weight) }
    },
  },

  longerSpan: {
    gas: 0n,
    run(call, { adapterId, version, outputTokens, claimed, better }) {
      checkCount(outputTokens.length, bounds.outputTokens)
      const view = existingVersion(call, adapterId, version)
      if (endOf(claimed) > outputTokens.length) fail('SpanMismatch', { index: 0 })
      provenSpan(call, view, outputTokens, better, 1)
      return better.length > claimed.length && overlap(claimed, better)
    },
  },

  scorePassages: {
    gas: 0n,
    run(call, { adapterId, version, queryEmbedding, passages }) {
      checkCount(passages.length, bounds.passagesPerCall)
      const view = existingVersion(call, adapterId, version)
      const dims = view.get('passageDims')
      const fits = passages.every(({ embedding }) => embedding.length === dims)
      if (queryEmbedding.length !== dims || !fits) fail('LengthMismatch')
      const query = int8(queryEmbedding)
      const products = passages.map((passage, index) => provenProduct(call, view, query, passage, index))
      const sorted = products.every((product, n) => {
        const before = products[n - 1]
        if (before === undefined || product < before) return true
        return product === before && (passages[n]?.index ?? 0) > (passages[n - 1]?.index ?? 0)
      })
      return { products: products.map(BigInt), sorted }
    },
  },
}

function provenSpan(
  call: AttributionCall,
  view: VersionView,
  output: readonly number[],
  span: SpanClaim,
  index: number,
): FoundSpan {
  if (span.length < bounds.spanTokens) fail('SpanTooShort', { index })
  const tokens = span.chunks.reduce((sum, chunk) => sum + chunk.tokens.length, 0)
  call.host.useGas(gasPrices.corpusToken * BigInt(tokens))
  const found = findSpan(output, span)
  if (found === undefined) return fail('SpanMismatch', { index })
  const [root, leaves] = [view.get('corpusRoot'), view.get('corpusChunks')]
  for (const chunk of span.chunks) {
    const { row, start, path } = chunk
    const pairs = chunk.tokens.map((token, at) => ({ token, rarity: chunk.rarities[at] ?? 0 }))
    const leaf = corpusLeaf({ row, start, tokens: pairs })
    const place = { index: chunk.index, leaves }
    if (leaf === undefined || !isProven(call, root, place, leaf, path)) fail('BadProof', { index })
  }
  return found
}

function provenProduct(
  call: AttributionCall,
  view: VersionView,
  query: Int8Array,
  { index: leafIndex, row, record, embedding, path }: Passage,
  index: number,
): number {
  const values = int8(embedding)
  const leaf = passageLeaf({ row, record, values })
  const place = { index: leafIndex, leaves: view.get('passages') }
  const root: Hash = view.get('passagesRoot')
  if (leaf === undefined || !isProven(call, root, place, leaf, path)) fail('BadProof', { index })
  call.host.useGas(perEight(values.length))
  return dot(query, values)
}

function int8(bytes: Uint8Array): Int8Array {
  return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}
