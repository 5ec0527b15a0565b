/** Prices of an adapter, in wei, without any state. */
export interface Price {
  readonly baseWei: bigint
  readonly perThousandInputWei: bigint
  readonly perThousandOutputWei: bigint
}

export function risesAbove(next: Price, current: Price): boolean {
  return (
    next.baseWei > current.baseWei ||
    next.perThousandInputWei > current.perThousandInputWei ||
    next.perThousandOutputWei > current.perThousandOutputWei
  )
}

export function feeOf(price: Price, inputTokens: number, outputTokens: number): bigint {
  return (
    price.baseWei +
    (BigInt(inputTokens) * price.perThousandInputWei) / 1000n +
    (BigInt(outputTokens) * price.perThousandOutputWei) / 1000n
  )
}
