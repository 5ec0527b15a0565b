import {
  type Abi,
  decodeErrorResult,
  decodeFunctionData,
  decodeFunctionResult,
  encodeFunctionData,
} from 'viem'
import { callTreeAbi } from '../../../contracts/generated/reference/CallTree.ts'
import { type Address, bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { interfaces } from '../precompileTargets.ts'

/** One call of an account. */
export interface Message {
  readonly to: Address
  readonly valueWei: bigint
  readonly data: Uint8Array
}

export type CallKind = 'plain' | 'statically' | 'delegated' | 'code'
const KINDS: readonly CallKind[] = ['plain', 'statically', 'delegated', 'code']

/** Calls that a CallTree makes, and takes back where it is told so. */
export interface Branch {
  /** The CallTree. */
  readonly to: Address
  readonly valueWei: bigint
  readonly children: readonly Child[]
  readonly undo: boolean
}

export interface Child {
  readonly kind: CallKind
  readonly node: Node
}

export type Node = Message | Branch

export const isBranch = (node: Node): node is Branch => 'children' in node

/** One transaction or outermost frame, some blocks after the one before. */
export interface Step {
  readonly advance: number
  readonly from: Address
  readonly way: 'frame' | 'static' | 'transaction'
  readonly node: Node
}

export function inputOf(node: Node): Uint8Array {
  if (!isBranch(node)) return node.data
  const steps = node.children.map(({ kind, node: child }) => ({
    kind: KINDS.indexOf(kind),
    to: child.to,
    valueWei: child.valueWei,
    data: bytesToHex(inputOf(child)),
  }))
  return hexToBytes(encodeFunctionData({ abi: callTreeAbi, functionName: 'run', args: [steps, node.undo] }))
}

/** All interfaces; no two of their methods share a selector with different arguments. */
const allMethods: Abi = Object.values(interfaces).flat() as never

export interface NamedCall {
  readonly method: string
  readonly args: readonly unknown[]
}

/** Method and arguments; undefined for what no interface decodes. */
export function decodedCall({ data }: Message): NamedCall | undefined {
  try {
    const { functionName, args = [] } = decodeFunctionData({ abi: allMethods, data: bytesToHex(data) })
    return { method: functionName, args }
  } catch {
    return undefined
  }
}

/** How one call of a step ended. */
export interface Ending {
  readonly message: Message
  readonly ok: boolean
  /** The custom error's name, if it failed with one. */
  readonly error?: string
}

interface Output {
  readonly ok: boolean
  readonly output: Uint8Array
}

/** The endings of all calls that are no branches, also of those that were taken back. */
export function endingsOf(node: Node, { ok, output }: Output): readonly Ending[] {
  if (!isBranch(node)) return [{ message: node, ok, ...(ok ? {} : errorOf(output)) }]
  const results = resultsOf({ ok, output })
  return node.children.flatMap(({ node: child }, index) => {
    const result = results[index]
    return result === undefined ? [] : endingsOf(child, { ok: result.ok, output: hexToBytes(result.output) })
  })
}

function resultsOf({
  ok,
  output,
}: Output): readonly { readonly ok: boolean; readonly output: `0x${string}` }[] {
  const data = bytesToHex(output)
  try {
    if (ok) return decodeFunctionResult({ abi: callTreeAbi, functionName: 'run', data })
    return decodeErrorResult({ abi: callTreeAbi, data }).args[0]
  } catch {
    // a branch that could not run at all, for want of money
    return []
  }
}

function errorOf(output: Uint8Array): { readonly error?: string } {
  try {
    return { error: decodeErrorResult({ abi: allMethods, data: bytesToHex(output) }).errorName }
  } catch {
    return {}
  }
}

const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)

/** One line for each call, branches indented. */
export function describeNode(node: Node, indent = '    '): string {
  const value = node.valueWei === 0n ? '' : ` with ${node.valueWei} wei`
  if (!isBranch(node)) {
    const call = decodedCall(node)
    const input = bytesToHex(node.data)
    const shown =
      call === undefined
        ? input
        : `${call.method}(${call.args.map(textOf).join(', ')})\n${indent}  = ${input}`
    return `${node.to}${value} ${shown}`
  }
  const inner = node.children.map(
    ({ kind, node: child }) => `${indent}  ${kind} ${describeNode(child, `${indent}  `)}`,
  )
  return [`${node.to}${value} calls${node.undo ? ', then takes back' : ''}`, ...inner].join('\n')
}

const textOf = (value: unknown) => JSON.stringify(value, plain)

export function describeStep({ advance, from, way, node }: Step, index: number): string {
  return `  ${index}. after ${advance} blocks, ${way} from ${from} to ${describeNode(node)}`
}
