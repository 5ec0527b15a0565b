import type { ConsensusEngine } from '../consensus/engine.ts'
import type { ChainView } from '../execution/chainView.ts'
import { decodeCertificate, encodeCertificate } from '../ledger/certificate.ts'
import type { SyncApp } from '../sync/ports.ts'
import { readDecided } from './consensusApp.ts'

/** The chain as sync serves it, and consensus as the one that takes what sync brings. */
export function syncApp(chain: ChainView, engine: ConsensusEngine): SyncApp {
  return {
    headHeight: () => chain.head.height,
    firstHeight: () => Math.max(1, chain.store.firstHeight),
    readEnvelopes: (fromHeight, count, maxBytes) => {
      const envelopes: Uint8Array[] = []
      let bytes = 0
      for (let height = fromHeight; height < fromHeight + count && height <= chain.head.height; height++) {
        const decided = readDecided(chain, height)
        if (decided === null) break
        bytes += decided.envelope.length
        if (envelopes.length > 0 && bytes > maxBytes) break
        envelopes.push(decided.envelope)
      }
      return envelopes
    },
    seenCertificate: () => {
      const { certificate } = chain.head
      return certificate === null ? undefined : encodeCertificate(certificate)
    },
    submitDecided: (envelope, certificate) => engine.submitDecided(envelope, decodeCertificate(certificate)),
  }
}
