import type { DurableMap, StoredEntry } from '../ai/receipts/ports.ts'
import { serviceKey, serviceNameOfKey, serviceRange } from '../storage/keys.ts'
import type { KvStore } from '../storage/kv.ts'

/** A namespace of the node's store for one of its services. Writes are synced: they are promises to others. */
export function durableMap(kv: KvStore, namespace: string): DurableMap {
  return {
    get: (key) => kv.get(serviceKey(namespace, key)),
    async *entries(): AsyncIterable<StoredEntry> {
      for await (const [key, value] of kv.iterate(serviceRange(namespace))) {
        yield { key: serviceNameOfKey(namespace, key), value }
      }
    },
    write: (ops) =>
      kv.write(
        ops.map((op) => ({ ...op, key: serviceKey(namespace, op.key) })),
        { sync: true },
      ),
  }
}
