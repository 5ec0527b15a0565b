import { join } from 'node:path'
import { limits } from '../../../src/config/limits.ts'
import { checkCertificate, decodeCertificate } from '../../../src/ledger/certificate.ts'
import { readGenesisFile } from '../../../src/node/genesisFile.ts'
import { LevelStore } from '../../../src/storage/levelStore.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { decodeRangeResponse, encodeRangeRequest } from '../../../src/sync/codec.ts'
import { pairRange } from '../../../src/sync/range.ts'
import { serveRanges } from '../../../src/sync/rangeServer.ts'
import { TestChain } from '../../support/chain.ts'
import { syncAppOf } from '../../support/sync/peerNet.ts'
import { consensusApp } from './chainFolder.ts'

/**
 * Takes all blocks of a folder as a joining node does, without network, log and disk: what is left is the work of one
 * core, which a busy machine does not change.
 */
export async function replayFolder(dataDir: string): Promise<{ blocks: number; cpuMsPerBlock: number }> {
  const kv = await LevelStore.open(join(dataDir, 'chain'))
  const { json: genesis } = await readGenesisFile('genesis/devnet.json')
  const served = await TestChain.open({ genesis, kv })
  let serve: (bytes: Uint8Array) => Promise<Uint8Array> = () => Promise.reject(new Error('not served'))
  serveRanges(syncAppOf(served.chain), {
    request: () => Promise.reject(new Error('not used')),
    handle: (_protocol, handler) => {
      serve = (bytes) => handler('us', bytes)
      return () => undefined
    },
  })
  const store = new MemoryStore()
  const joining = await TestChain.open({ genesis, kv: store })
  const { app } = consensusApp(joining, store)
  const { chain } = joining
  let cpuMicroseconds = 0
  while (chain.head.height < served.chain.head.height) {
    const request = {
      fromHeight: chain.head.height + 1,
      count: limits.syncRangeEnvelopes,
      maxBytes: limits.syncRangeBytes,
    }
    const answer = await serve(encodeRangeRequest(request))
    const before = process.cpuUsage()
    for (const { envelope, certificate } of pairRange(request, decodeRangeResponse(answer))) {
      const decoded = decodeCertificate(certificate)
      app.blockHashOf(envelope)
      checkCertificate(chain.signingDomain, chain.head.nextSet, decoded)
      await app.commit(envelope, decoded)
    }
    const { user, system } = process.cpuUsage(before)
    cpuMicroseconds += user + system
  }
  const blocks = chain.head.height
  await served.chain.close()
  await kv.close()
  return { blocks, cpuMsPerBlock: cpuMicroseconds / 1_000 / blocks }
}
