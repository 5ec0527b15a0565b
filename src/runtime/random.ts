import { randomBytes } from 'node:crypto'

/** The node's only source of randomness; tests and the simulator pass a seeded one. */
export interface Random {
  bytes(length: number): Uint8Array
}

export const systemRandom: Random = {
  bytes: (length) => Uint8Array.from(randomBytes(length)),
}
