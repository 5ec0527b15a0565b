import type { z } from 'zod'
import { invalidParams } from './errors.ts'
import type { FeeOracle } from './fees/feeOracle.ts'
import type { FilterStore } from './filterStore.ts'
import type { RpcPorts } from './ports.ts'
import type { SubscriptionTopic } from './subscriptions.ts'

/** What a method handler may use. */
export interface RpcContext extends RpcPorts {
  readonly fees: FeeOracle
  readonly filters: FilterStore
}

/** The connection that a request came over, where it can push: only WebSockets have one. */
export interface RpcSession {
  subscribe(topic: SubscriptionTopic): string
  unsubscribe(id: string): boolean
}

/** Parameters by name, in the order they stand in a request. Those whose schema takes undefined may be left out. */
export type ParamSchemas = Readonly<Record<string, z.ZodType>>

export type ParamValues<P extends ParamSchemas> = { readonly [K in keyof P]: z.output<P[K]> }

export interface MethodDefinition<P extends ParamSchemas> {
  readonly name: string
  readonly summary: string
  readonly params: P
  /** What the result is, in words. */
  readonly result: string
  /** True for methods that need a connection to push over. */
  readonly needsSession?: boolean
  handler(params: ParamValues<P>, context: RpcContext, session: RpcSession | undefined): unknown
}

/** A method with its parameter types erased: what the registry holds. */
export interface RpcMethod {
  readonly name: string
  readonly namespace: string
  readonly summary: string
  readonly params: readonly { readonly name: string; readonly required: boolean }[]
  readonly result: string
  readonly needsSession: boolean
  /** Parses the parameters and runs the handler. */
  invoke(params: readonly unknown[], context: RpcContext, session?: RpcSession): unknown
}

/**
 * Declares a method.
 *
 * @example
 * export const ethGetBalance = defineMethod({
 *   name: 'eth_getBalance',
 *   summary: 'Balance of an account',
 *   params: { address, block: orLatest },
 *   result: 'Wei',
 *   handler: async ({ address, block }, context) => …,
 * })
 */
export function defineMethod<const P extends ParamSchemas>(definition: MethodDefinition<P>): RpcMethod {
  const schemas = Object.entries(definition.params)
  const params = schemas.map(([name, schema]) => ({ name, required: !schema.safeParse(undefined).success }))
  return {
    name: definition.name,
    namespace: definition.name.slice(0, definition.name.indexOf('_')),
    summary: definition.summary,
    params,
    result: definition.result,
    needsSession: definition.needsSession ?? false,
    invoke(values, context, session) {
      return definition.handler(parseParams<P>(schemas, params, values), context, session)
    },
  }
}

/** A parameter that may be left out or null. */
export function optional<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? undefined)
}

function parseParams<P extends ParamSchemas>(
  schemas: readonly (readonly [string, z.ZodType])[],
  params: RpcMethod['params'],
  values: readonly unknown[],
): ParamValues<P> {
  if (values.length > schemas.length) {
    throw invalidParams(`too many arguments, want at most ${schemas.length}`)
  }
  const parsed: Record<string, unknown> = {}
  for (const [index, [name, schema]] of schemas.entries()) {
    const value = values[index]
    if (value === undefined && params[index]?.required) {
      throw invalidParams(`missing value for required argument ${index} (${name})`)
    }
    const result = schema.safeParse(value)
    if (!result.success) throw invalidParams(`invalid argument ${index} (${name}): ${describe(result.error)}`)
    parsed[name] = result.data
  }
  return parsed as ParamValues<P>
}

function describe(error: z.ZodError): string {
  const [issue] = error.issues
  if (issue === undefined) return 'not valid'
  const path = issue.path.map(String).join('.').slice(0, 100)
  return path === '' ? issue.message : `${path}: ${issue.message}`
}
