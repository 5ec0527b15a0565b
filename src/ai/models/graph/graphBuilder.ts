import type { ElementType, Shape, Tensor } from './tensor.ts'

export type AttributeValue = number | readonly number[]
export type Attributes = Readonly<Record<string, AttributeValue>>

export interface GraphNode {
  readonly operator: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Attributes
}

export type ConstantData =
  | { readonly elementType: 'float'; readonly data: Float32Array }
  | { readonly elementType: 'int64'; readonly data: readonly number[] }

export interface GraphConstant {
  readonly name: string
  readonly shape: readonly number[]
  readonly value: ConstantData
}

/**
 * Gradients of a node's inputs, given those of its outputs (undefined where nothing flows back), in input order.
 * An entry may stay undefined for an input that needs none.
 */
export type GradientRule = (
  outputGradients: readonly (Tensor | undefined)[],
) => readonly (Tensor | undefined)[]

export interface TapeEntry {
  readonly outputs: readonly Tensor[]
  readonly inputs: readonly Tensor[]
  readonly rule: GradientRule
}

export const ONNX_OPSET = 17

/**
 * Collects the nodes of one ONNX graph and, beside them, a tape of gradient rules. `backward` plays the tape in
 * reverse and emits the gradient as further ONNX nodes, so that forward and backward run in the same runtime.
 * Names are numbered in building order: the same calls give the same bytes.
 */
export class GraphBuilder {
  readonly name: string
  readonly nodes: GraphNode[] = []
  readonly constants: GraphConstant[] = []
  readonly inputs: Tensor[] = []
  readonly outputs: Tensor[] = []
  readonly tape: TapeEntry[] = []
  #count = 0
  readonly #shared = new Map<string, Tensor>()

  constructor(name: string) {
    this.name = name
  }

  /** An input of the graph; `trainable` makes the gradient flow back to it. */
  input(
    name: string,
    shape: Shape,
    options: { elementType?: ElementType; trainable?: boolean } = {},
  ): Tensor {
    const tensor: Tensor = {
      name,
      shape,
      elementType: options.elementType ?? 'float',
      needsGradient: options.trainable ?? false,
    }
    this.inputs.push(tensor)
    return tensor
  }

  /** A frozen weight. */
  weight(name: string, data: Float32Array, shape: readonly number[]): Tensor {
    this.constants.push({ name, shape, value: { elementType: 'float', data } })
    return { name, shape, elementType: 'float', needsGradient: false }
  }

  /** A small list of integers (axes, shapes), stored once however often it is used. */
  integers(values: readonly number[]): Tensor {
    return this.#constant(`int_${values.join('_')}`, [values.length], { elementType: 'int64', data: values })
  }

  scalar(value: number): Tensor {
    const data = Float32Array.of(value)
    return this.#constant(`scalar_${value}`, [], { elementType: 'float', data })
  }

  /** One node with one output, outside the tape. */
  node(
    operator: string,
    inputs: readonly Tensor[],
    shape: Shape,
    options: { attributes?: Attributes; elementType?: ElementType } = {},
  ): Tensor {
    const name = this.#nextName(operator)
    this.#push(operator, inputs, [name], options.attributes ?? {})
    return { name, shape, elementType: options.elementType ?? 'float', needsGradient: false }
  }

  /** One node with several outputs, outside the tape. */
  multiNode(
    operator: string,
    inputs: readonly Tensor[],
    shapes: readonly Shape[],
    attributes: Attributes,
  ): Tensor[] {
    const outputs = shapes.map(
      (shape): Tensor => ({
        name: this.#nextName(operator),
        shape,
        elementType: 'float',
        needsGradient: false,
      }),
    )
    const names = outputs.map((output) => output.name)
    this.#push(operator, inputs, names, attributes)
    return outputs
  }

  /** Puts `outputs` on the tape with their rule when any input needs a gradient; returns them marked so. */
  record(outputs: readonly Tensor[], inputs: readonly Tensor[], rule: GradientRule): readonly Tensor[] {
    if (!inputs.some((input) => input.needsGradient)) return outputs
    const marked = outputs.map((output): Tensor => ({ ...output, needsGradient: true }))
    this.tape.push({ outputs: marked, inputs, rule })
    return marked
  }

  /** Names `tensor` as an output of the graph. */
  output(tensor: Tensor, name: string): void {
    this.#push('Identity', [tensor], [name], {})
    this.outputs.push({ ...tensor, name })
  }

  #push(
    operator: string,
    inputs: readonly Tensor[],
    outputs: readonly string[],
    attributes: Attributes,
  ): void {
    this.nodes.push({ operator, inputs: inputs.map((input) => input.name), outputs, attributes })
  }

  #constant(name: string, shape: readonly number[], value: ConstantData): Tensor {
    const known = this.#shared.get(name)
    if (known !== undefined) return known
    this.constants.push({ name, shape, value })
    const tensor: Tensor = { name, shape, elementType: value.elementType, needsGradient: false }
    this.#shared.set(name, tensor)
    return tensor
  }

  #nextName(prefix: string): string {
    this.#count += 1
    return `${prefix}_${this.#count}`
  }
}
