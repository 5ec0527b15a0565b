// The calls thread: runs what JSON-RPC asks for and may take long. The other end is callsThread.ts.
import { createChainSpec } from '../../chainspec/chainSpec.ts'
import { serveWorker, workerInput } from '../../runtime/workerThread.ts'
import { LevelStore } from '../../storage/levelStore.ts'
import { precompilesOf } from '../precompiles.ts'
import { CallService } from './callService.ts'
import type { CallsInput, HeavyCalls } from './callsThread.ts'

const { folder, genesis } = workerInput() as CallsInput
const spec = createChainSpec(genesis)
const kv = await LevelStore.open(folder)
const service = new CallService({ spec, precompiles: precompilesOf(spec) }, { kv })

serveWorker<HeavyCalls>(
  {
    call: ({ request, target }, _report, signal) => service.call(request, target, signal),
    createAccessList: ({ request, target }, _report, signal) =>
      service.createAccessList(request, target, signal),
    logs: (query, _report, signal) => service.logs(query, signal),
    proof: ({ address, slots, blockNumber }) => service.proof(address, slots, blockNumber),
  },
  () => kv.close(),
)
