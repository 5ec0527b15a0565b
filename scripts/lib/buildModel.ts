// Builds the base model from its weights package, unless it is there: .cache/models, or the folder that is given.
import {
  BASE_MODEL,
  defaultModelFolder,
  ensureBaseModel,
  modelPath,
} from '../../src/ai/models/modelFolder.ts'

const folder = process.argv[2] ?? defaultModelFolder()
ensureBaseModel(folder)
process.stdout.write(`${modelPath(folder)} ${BASE_MODEL.onnxHash}\n`)
