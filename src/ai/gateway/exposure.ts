import type { Address } from '../../primitives/hex.ts'

/** Fees of answers that were given, or are being worked on, and that no block has settled yet. */
export class Exposure {
  readonly #byRequester = new Map<Address, bigint>()
  #totalWei = 0n

  get totalWei(): bigint {
    return this.#totalWei
  }

  of(requester: Address): bigint {
    return this.#byRequester.get(requester) ?? 0n
  }

  add(requester: Address, feeWei: bigint): void {
    this.#change(requester, feeWei)
  }

  remove(requester: Address, feeWei: bigint): void {
    this.#change(requester, -feeWei)
  }

  #change(requester: Address, byWei: bigint): void {
    const nowWei = this.of(requester) + byWei
    if (nowWei === 0n) this.#byRequester.delete(requester)
    else this.#byRequester.set(requester, nowWei)
    this.#totalWei += byWei
  }
}
