import type { BlockSource, ContractReader, HeadReader, ReceiptRules } from '../../ai/receipts/ports.ts'
import type { ReceiptDomain } from '../../ai/receipts/typedData.ts'
import { ReceiptViews } from '../../ai/receipts/views.ts'
import { nativeAddresses } from '../../chainspec/addresses.ts'
import { isNodeError } from '../../errors/errors.ts'
import type { ChainView } from '../../execution/chainView.ts'
import { readNativeView } from '../../execution/nativeViews.ts'
import type { Mempool } from '../../mempool/mempool.ts'
import { bytesToHex, type Hex, hexToBytes } from '../../primitives/hex.ts'
import type { HeadState } from '../headState.ts'
import { precompileParameters } from '../precompiles.ts'

/** The chain as everything that works on receipts sees it. */
export interface ReceiptContext {
  readonly domain: ReceiptDomain
  readonly rules: ReceiptRules
  readonly views: ReceiptViews
  readonly head: HeadReader
  readonly blocks: BlockSource
}

export function receiptContext(modules: {
  chain: ChainView
  head: HeadState
  mempool: Mempool
}): ReceiptContext {
  const { chain, head, mempool } = modules
  return {
    domain: {
      chainId: chain.spec.chainId,
      genesisHash: chain.genesisHash,
      verifyingContract: nativeAddresses.proofOfAttribution,
    },
    rules: precompileParameters(chain.spec),
    views: new ReceiptViews(headReader(chain, head)),
    head: {
      get height() {
        return head.height
      },
      get nextBaseFeeWei() {
        return mempool.head.nextBaseFeeWei
      },
    },
    blocks: blockSource(chain),
  }
}

function headReader(chain: ChainView, head: HeadState): ContractReader {
  return {
    read: (address, data) => {
      try {
        const context = { block: chain.head.block, state: head.state }
        return { ok: true, output: readNativeView(chain, context, address, data) }
      } catch (error) {
        if (!isNodeError(error, 'BAD_REQUEST')) throw error
        return { ok: false, output: hexToBytes(error.details.data as Hex) }
      }
    },
  }
}

function blockSource(chain: ChainView): BlockSource {
  return {
    block: (number) => {
      const block = chain.store.block(number)
      const receipts = chain.store.receipts(number)
      if (block === undefined || receipts === undefined) return undefined
      return {
        number,
        transactions: block.transactions.map((tx, index) => ({
          hash: bytesToHex(tx.hash()),
          input: tx.data,
          logs: receipts[index]?.logs ?? [],
        })),
      }
    },
  }
}
