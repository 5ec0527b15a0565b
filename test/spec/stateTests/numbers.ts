/** The value of a number of a test file; of more than 256 bits when it is marked so. */
export function toBigInt(text: string): bigint {
  const digits = text.replace('0x:bigint ', '')
  return digits === '0x' ? 0n : BigInt(digits)
}
