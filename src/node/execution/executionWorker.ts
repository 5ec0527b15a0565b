// The execution thread: the only one that runs blocks and writes their state. The other end is executionThread.ts.
import { createChainSpec } from '../../chainspec/chainSpec.ts'
import { InvariantError } from '../../errors/errors.ts'
import { systemClock } from '../../runtime/clock.ts'
import { createLogger } from '../../runtime/logger.ts'
import { serveWorker, workerInput } from '../../runtime/workerThread.ts'
import { LevelStore } from '../../storage/levelStore.ts'
import { precompilesOf } from '../precompiles.ts'
import type { ExecutionCalls, ExecutionInput } from './executionThread.ts'
import { type LocalExecution, openLocalExecution } from './localExecution.ts'

const { folder, genesis, keeping, log } = workerInput() as ExecutionInput

let kv: LevelStore | undefined
let execution: LocalExecution | undefined

function opened(): LocalExecution {
  if (execution === undefined) throw new InvariantError('The chain is opened first.')
  return execution
}

async function open(): Promise<undefined> {
  const logger = createLogger({ level: log.level, ...(log.file === undefined ? {} : { file: log.file }) })
  const spec = createChainSpec(genesis)
  kv = await LevelStore.open(folder)
  const options = { spec, precompiles: precompilesOf(spec), keeping }
  execution = (await openLocalExecution(options, { kv, clock: systemClock, logger })).execution
  return undefined
}

serveWorker<ExecutionCalls>(
  {
    open,
    build: (request, _report, signal) => opened().build(request, signal),
    validate: async (envelope, _report, signal) => {
      await opened().validate(envelope, signal)
      return undefined
    },
    commit: async ({ envelope, certificate }, _report, signal) => {
      await opened().commit(envelope, certificate, signal)
      return undefined
    },
  },
  async () => {
    await execution?.close()
    await kv?.close()
  },
)
