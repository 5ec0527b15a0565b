import onnxProto from 'onnx-proto'
import { NodeError } from '../../errors/errors.ts'

const { onnx } = onnxProto

export interface Weight {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** The frozen float32 tensors of a base model, by name. */
export type Weights = ReadonlyMap<string, Weight>

/** Name of the position signal, [maxTokens, embedding width]. */
export const POSITIONS = 'positions'

/** The float32 initialisers of an ONNX model: what its adapter graphs are built from. */
export function weightsOfOnnx(bytes: Uint8Array): Weights {
  const weights = new Map<string, Weight>()
  for (const tensor of decodeModel(bytes).graph?.initializer ?? []) {
    if (tensor.dataType !== onnx.TensorProto.DataType.FLOAT) continue
    const shape = (tensor.dims ?? []).map(Number)
    const data = Uint8Array.from(tensor.rawData ?? [])
    if (data.length !== 4 * shape.reduce((product, size) => product * size, 1)) {
      throw new NodeError('BAD_MODEL', `The initialiser ${tensor.name} has a wrong length.`)
    }
    weights.set(tensor.name ?? '', { shape, data: new Float32Array(data.buffer) })
  }
  return weights
}

function decodeModel(bytes: Uint8Array): ReturnType<typeof onnx.ModelProto.decode> {
  try {
    return onnx.ModelProto.decode(bytes)
  } catch (error) {
    throw new NodeError('BAD_MODEL', 'The file is not an ONNX model.', {}, error)
  }
}
