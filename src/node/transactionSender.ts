import { createFeeMarket1559Tx } from '@ethereumjs/tx'
import { createAddressFromString } from '@ethereumjs/util'
import type { ChainView } from '../execution/chainView.ts'
import type { Mempool } from '../mempool/mempool.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../primitives/hex.ts'
import { privateKeyToAddress } from '../primitives/secp256k1.ts'

export interface TransactionRequest {
  readonly to: Address
  readonly data: Hex
  readonly valueWei?: bigint
  readonly gasLimit: bigint
}

/** Base fee at most doubles in 35 full blocks at 1/50 a block: a cap of twice the present one lasts that long. */
const FEE_CAP_MULTIPLE = 2n
const TIP_WEI = 1_000_000_000n

/** Sends this node's own transactions through its own pool. */
export class TransactionSender {
  readonly address: Address
  readonly #privateKey: Uint8Array
  readonly #chain: ChainView
  readonly #mempool: Mempool

  constructor(options: { privateKey: Uint8Array }, modules: { chain: ChainView; mempool: Mempool }) {
    this.#privateKey = options.privateKey
    this.address = privateKeyToAddress(options.privateKey)
    this.#chain = modules.chain
    this.#mempool = modules.mempool
  }

  /** Fails with a TX_ code when the pool refuses it: no balance for gas and value, most of all. */
  send(request: TransactionRequest): Hash {
    const { spec } = this.#chain
    const tx = createFeeMarket1559Tx(
      {
        chainId: spec.chainId,
        nonce: this.#mempool.pendingNonce(this.address),
        to: createAddressFromString(request.to),
        data: hexToBytes(request.data) as Uint8Array<ArrayBuffer>,
        value: request.valueWei ?? 0n,
        gasLimit: request.gasLimit,
        maxFeePerGas: this.#mempool.head.nextBaseFeeWei * FEE_CAP_MULTIPLE + TIP_WEI,
        maxPriorityFeePerGas: TIP_WEI,
      },
      { common: spec.common },
    ).sign(this.#privateKey)
    this.#mempool.add(tx.serialize())
    return bytesToHex(tx.hash())
  }
}
