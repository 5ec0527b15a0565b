import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

export interface GuardOptions {
  /** Host names under which the server may be addressed, beside IP addresses and localhost; `*` for any. */
  readonly allowedHosts: readonly string[]
  /** Origins of web pages that may use the server; `*` for any. */
  readonly corsOrigins: readonly string[]
}

/**
 * Against DNS rebinding: a web page may point a name of its own at this machine, but its requests then carry that
 * name. IP addresses are safe, because a browser does not resolve them.
 */
export function isAllowedHost(headers: IncomingHttpHeaders, options: GuardOptions): boolean {
  const name = hostName(headers.host)
  if (name === undefined) return false
  if (name === 'localhost' || isIP(name) !== 0) return true
  return options.allowedHosts.some((allowed) => allowed === '*' || allowed.toLowerCase() === name)
}

/** Programs send no origin; a browser always tells it. */
export function isAllowedOrigin(headers: IncomingHttpHeaders, options: GuardOptions): boolean {
  return headers.origin === undefined || corsOrigin(headers, options) !== undefined
}

/** What `access-control-allow-origin` should say to this request; undefined for nothing. */
export function corsOrigin(headers: IncomingHttpHeaders, options: GuardOptions): string | undefined {
  const { origin } = headers
  if (options.corsOrigins.includes('*')) return '*'
  return origin !== undefined && options.corsOrigins.includes(origin) ? origin : undefined
}

/** The name in a Host header, lower case, without port and brackets. */
function hostName(host: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+))(?::\d{1,5})?$/.exec(host ?? '')
  return (match?.[1] ?? match?.[2])?.toLowerCase()
}
