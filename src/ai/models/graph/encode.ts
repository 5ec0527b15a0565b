import onnxProto, { type onnx as Onnx } from 'onnx-proto'
import { type Attributes, type GraphBuilder, type GraphConstant, ONNX_OPSET } from './graphBuilder.ts'
import type { Dimension, ElementType, Tensor } from './tensor.ts'

// a CommonJS package whose exports Node cannot list
const { onnx } = onnxProto

export type FloatWidth = 'float32' | 'float64'

const IR_VERSION = 8
const FLOAT32 = onnx.TensorProto.DataType.FLOAT
const FLOAT64 = onnx.TensorProto.DataType.DOUBLE

/**
 * The graph as ONNX bytes; the same graph gives the same bytes. `float64` widens every float, which makes a check
 * of gradients against finite differences sharp.
 */
export function encodeOnnx(g: GraphBuilder, width: FloatWidth = 'float32'): Uint8Array {
  const model = onnx.ModelProto.create({
    irVersion: IR_VERSION,
    producerName: 'openledger',
    opsetImport: [{ domain: '', version: ONNX_OPSET }],
    graph: {
      name: g.name,
      node: g.nodes.map((node, i) => ({
        opType: node.operator,
        name: `${node.operator}#${i}`,
        input: [...node.inputs],
        output: [...node.outputs],
        attribute: attributes(node.attributes, width),
      })),
      initializer: g.constants.map((constant) => initializer(constant, width)),
      input: g.inputs.map((tensor) => valueInfo(tensor, width)),
      output: g.outputs.map((tensor) => valueInfo(tensor, width)),
    },
  })
  return Uint8Array.from(onnx.ModelProto.encode(model).finish())
}

function attributes(values: Attributes, width: FloatWidth): Onnx.IAttributeProto[] {
  return Object.entries(values).map(([name, value]) => {
    if (typeof value !== 'number')
      return { name, type: onnx.AttributeProto.AttributeType.INTS, ints: [...value] }
    // a Cast to float follows the width of the graph
    const i = name === 'to' && width === 'float64' ? FLOAT64 : value
    return { name, type: onnx.AttributeProto.AttributeType.INT, i }
  })
}

function elementCode(elementType: ElementType, width: FloatWidth): number {
  switch (elementType) {
    case 'float':
      return width === 'float64' ? FLOAT64 : FLOAT32
    case 'int64':
      return onnx.TensorProto.DataType.INT64
    case 'bool':
      return onnx.TensorProto.DataType.BOOL
  }
}

function initializer(constant: GraphConstant, width: FloatWidth): Onnx.ITensorProto {
  const { value } = constant
  const data =
    value.elementType === 'int64'
      ? BigInt64Array.from(value.data, BigInt)
      : width === 'float64'
        ? Float64Array.from(value.data)
        : value.data
  return {
    name: constant.name,
    dims: [...constant.shape],
    dataType: elementCode(value.elementType, width),
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  }
}

function valueInfo(tensor: Tensor, width: FloatWidth): Onnx.IValueInfoProto {
  const dimension = (size: Dimension) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size })
  return {
    name: tensor.name,
    type: {
      tensorType: {
        elemType: elementCode(tensor.elementType, width),
        shape: { dim: tensor.shape.map(dimension) },
      },
    },
  }
}
