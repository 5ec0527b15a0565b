import { type Chain, defineChain } from 'viem'

export interface OpenLedgerChainOptions {
  readonly id: number
  readonly name: string
  /** JSON-RPC over HTTP; the same port serves WebSocket. */
  readonly rpcUrl: string
}

/** A viem chain for a network of openledger nodes. The coin is OPEN, with 18 decimals. */
export function openledgerChain({ id, name, rpcUrl }: OpenLedgerChainOptions): Chain {
  return defineChain({
    id,
    name,
    nativeCurrency: { name: 'OPEN', symbol: 'OPEN', decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl], webSocket: [rpcUrl.replace(/^http/, 'ws')] } },
    contracts: { multicall3: { address: '0xcA11bde05977b3631167028862bE2a173976CA11' } },
  })
}

/** The devnet of `./scripts/devnet`. */
export const openledgerDevnet: Chain = openledgerChain({
  id: 161212,
  name: 'openledger devnet',
  rpcUrl: 'http://127.0.0.1:8545',
})
