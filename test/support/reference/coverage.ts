import { errorsOf, targets } from '../precompileTargets.ts'
import { decodedCall, type Ending } from './message.ts'
import type { ReferenceRegistry } from './registries.ts'

/** What the calls of many sequences have reached in one registry. */
export class Coverage {
  readonly #registry: ReferenceRegistry
  readonly #succeeded = new Map<string, number>()
  readonly #errors = new Map<string, number>()
  calls = 0

  constructor(registry: ReferenceRegistry) {
    this.#registry = registry
  }

  observe({ message, ok, error }: Ending): void {
    if (message.to !== this.#registry.address) return
    this.calls += 1
    const method = decodedCall(message)?.method
    if (ok && method !== undefined) count(this.#succeeded, method)
    if (error !== undefined) count(this.#errors, error)
  }

  /** How often each method that writes has succeeded; the least first. */
  writes(): readonly (readonly [method: string, times: number])[] {
    return targets
      .filter(({ precompile, writes }) => precompile === this.#registry.name && writes)
      .map(({ item }) => [item.name, this.#succeeded.get(item.name) ?? 0] as const)
      .sort(([, a], [, b]) => a - b)
  }

  /** Custom errors of the interface that no call has ended in. */
  missingErrors(): readonly string[] {
    const names = errorsOf(this.#registry.abi).map(({ name }) => name)
    return names.filter((name) => !this.#errors.has(name)).sort()
  }

  report(): string {
    const counted = (entries: Iterable<readonly [string, number]>) =>
      [...entries].map(([name, times]) => `${name} ${times}`).join(', ')
    return [
      `${this.#registry.name}: ${this.calls} calls`,
      `  succeeded: ${counted(this.writes())}`,
      `  errors: ${counted([...this.#errors].sort())}`,
      `  errors never reached: ${this.missingErrors().join(', ') || 'none'}`,
    ].join('\n')
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
