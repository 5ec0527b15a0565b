// Plain arithmetic in fields of a prime that is 3 modulo 4, to make points that are on a curve and in no subgroup.

export type Fp2 = readonly [real: bigint, imaginary: bigint]

export function modulo(value: bigint, p: bigint): bigint {
  const rest = value % p
  return rest < 0n ? rest + p : rest
}

export function power(base: bigint, exponent: bigint, p: bigint): bigint {
  let result = 1n % p
  let square = modulo(base, p)
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % p
    square = (square * square) % p
  }
  return result
}

export function squareRoot(value: bigint, p: bigint): bigint | undefined {
  const root = power(value, (p + 1n) / 4n, p)
  return (root * root) % p === modulo(value, p) ? root : undefined
}

export const add = (a: Fp2, b: Fp2, p: bigint): Fp2 => [modulo(a[0] + b[0], p), modulo(a[1] + b[1], p)]
export const multiply = (a: Fp2, b: Fp2, p: bigint): Fp2 => [
  modulo(a[0] * b[0] - a[1] * b[1], p),
  modulo(a[0] * b[1] + a[1] * b[0], p),
]

/** By the norm: the real part's square is half of the value's real part plus the norm's root. */
export function squareRootFp2(value: Fp2, p: bigint): Fp2 | undefined {
  const norm = squareRoot(value[0] * value[0] + value[1] * value[1], p)
  if (norm === undefined) return undefined
  const half = (p + 1n) / 2n
  for (const root of [norm, p - norm]) {
    const real = squareRoot((value[0] + root) * half, p)
    if (real === undefined || real === 0n) continue
    const candidate: Fp2 = [real, modulo(value[1] * power(2n * real, p - 2n, p), p)]
    const square = multiply(candidate, candidate, p)
    if (square[0] === modulo(value[0], p) && square[1] === modulo(value[1], p)) return candidate
  }
  return undefined
}
