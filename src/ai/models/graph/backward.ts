import type { GraphBuilder } from './graphBuilder.ts'
import { plainAdd } from './plain.ts'
import type { Tensor } from './tensor.ts'

/**
 * Emits the nodes of the gradient of Σ `seed` · `output` with respect to each of `parameters` (reverse mode).
 * A parameter that `output` does not depend on has no gradient; asking for one is a mistake in the graph.
 */
export function backward(
  g: GraphBuilder,
  output: Tensor,
  seed: Tensor,
  parameters: readonly Tensor[],
): readonly Tensor[] {
  const gradients = new Map<string, Tensor>([[output.name, seed]])
  for (const entry of [...g.tape].reverse()) {
    const flowing = entry.outputs.map((tensor) => gradients.get(tensor.name))
    if (flowing.every((gradient) => gradient === undefined)) continue
    const inputGradients = entry.rule(flowing)
    entry.inputs.forEach((input, i) => {
      const gradient = inputGradients[i]
      if (gradient === undefined || !input.needsGradient) return
      const known = gradients.get(input.name)
      gradients.set(input.name, known === undefined ? gradient : plainAdd(g, known, gradient))
    })
  }
  return parameters.map((parameter) => {
    const gradient = gradients.get(parameter.name)
    if (gradient === undefined) throw new TypeError(`${output.name} does not depend on ${parameter.name}.`)
    return gradient
  })
}
