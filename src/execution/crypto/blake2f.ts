import { blake2Memory, instantiateBlake2 } from './blake2Module.ts'
import { precompileAddress, type StandardPrecompile } from './standardPrecompile.ts'

/** 4 bytes of rounds, 64 of state, 128 of message, 16 of offset, and whether the block is the last. */
const INPUT_BYTES = 213
const STATE_BYTES = 64
/** Rounds in one call of the module: a multiple of ten, and a tenth of a millisecond. */
const PART_ROUNDS = 10_000
/** Enough for the engine to compile the module anew, as fast code, before a block asks for it. */
const WARM_UP_ROUNDS = 200_000

/** EIP-152. */
export async function openBlake2f(): Promise<StandardPrecompile> {
  const module = await instantiateBlake2()
  const heap = new Uint8Array(module.memory.buffer)
  const mix = (rounds: number) => {
    for (let left = rounds; left > 0; left -= PART_ROUNDS) module.mix(Math.min(left, PART_ROUNDS))
  }
  mix(WARM_UP_ROUNDS)
  return {
    name: 'blake2f',
    address: precompileAddress(0x09),
    gas: (input) => (input.length === INPUT_BYTES ? BigInt(roundsOf(input)) : 0n),
    run: (input) => {
      const isLast = input[INPUT_BYTES - 1] ?? 0
      if (input.length !== INPUT_BYTES || isLast > 1) return undefined
      heap.set(input.subarray(4, INPUT_BYTES - 1), blake2Memory.state)
      heap.fill(isLast === 1 ? 0xff : 0, blake2Memory.lastBlock, blake2Memory.work)
      module.start()
      mix(roundsOf(input))
      module.finish()
      return heap.slice(blake2Memory.state, blake2Memory.state + STATE_BYTES)
    },
  }
}

function roundsOf(input: Uint8Array): number {
  return new DataView(input.buffer, input.byteOffset, input.length).getUint32(0)
}
