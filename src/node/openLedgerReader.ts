import type { OpenLedgerReader } from '../rpc/ports.ts'

export function openLedgerReader(): OpenLedgerReader {
  return {
    datanet: async () => undefined,
    adapter: async () => undefined,
    receipt: async () => undefined,
    attribution: async () => undefined,
  }
}
