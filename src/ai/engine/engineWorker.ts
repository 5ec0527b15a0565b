// The worker thread of the models: reads the base model, checks it, answers calls.
import { serveWorker, workerInput } from '../../runtime/workerThread.ts'
import { EncoderRuntime } from '../lora/encoderRuntime.ts'
import { checkGolden } from '../models/golden.ts'
import { ensureBaseModel, readBaseModel } from '../models/modelFolder.ts'
import type { EngineCalls, EngineInput } from './calls.ts'
import { engineHandlers } from './service.ts'

const { modelFolder } = workerInput() as EngineInput
ensureBaseModel(modelFolder)
const runtime = new EncoderRuntime(readBaseModel(modelFolder))
await checkGolden(runtime)
serveWorker<EngineCalls>(engineHandlers(runtime), () => runtime.close())
