import { encodeFunctionData } from 'viem'
import { hexToBytes } from '../../../src/primitives/hex.ts'
import type { Target } from '../precompileTargets.ts'
import { adapterScenes } from './adapter.ts'
import { attributionScenes } from './attribution.ts'
import { datanetScenes } from './datanet.ts'
import type { Scene, Scenes } from './scene.ts'

/** By precompile: a scene in which each of its methods succeeds. */
const scenes: Readonly<Record<string, { readonly file: string; readonly of: Scenes }>> = {
  datanetRegistry: { file: 'datanet.ts', of: datanetScenes },
  adapterRegistry: { file: 'adapter.ts', of: adapterScenes },
  proofOfAttribution: { file: 'attribution.ts', of: attributionScenes },
}

/** A scene with the method's name and its encoded call. */
export interface Staged extends Scene {
  readonly target: Target
  readonly name: string
  readonly input: Uint8Array
  readonly value: bigint
}

/** The names of a method's scenes; the first is the method's own. Fails with what to add when there is none. */
export function sceneNames({ precompile, item }: Target): readonly string[] {
  const found = scenes[precompile]
  const names = Object.keys(found?.of ?? {}).filter(
    (name) => name === item.name || name.startsWith(`${item.name} (`),
  )
  if (names.includes(item.name)) return names
  const file = `test/support/scenes/${found?.file ?? 'index.ts'}`
  throw new Error(
    `${precompile}.${item.name} has no scene: add one to ${file} in which a call of it succeeds.`,
  )
}

/** Sets the scene; without a name the method's own. */
export function stage(target: Target, name: string = target.item.name): Staged {
  if (!sceneNames(target).includes(name)) throw new Error(`${target.precompile} has no scene "${name}".`)
  const make = scenes[target.precompile]?.of[name]
  if (make === undefined) throw new Error(`${target.precompile} has no scene "${name}".`)
  const scene = make()
  const { abi, item } = target
  const call = { abi, functionName: item.name, args: scene.args }
  const input = hexToBytes(encodeFunctionData(call as never))
  return { ...scene, target, name: `${target.precompile}.${name}`, input, value: scene.valueWei ?? 0n }
}
