import type { Address } from '../../../src/primitives/hex.ts'
import { type Account, OPEN, type World } from '../precompileWorld.ts'

/** A chain in which a call of one method succeeds. */
export interface Scene {
  readonly world: World
  readonly args: readonly unknown[]
  readonly from: Account
  readonly valueWei?: bigint
}

/** Makes a scene; each is made anew, so none sees what another did. */
export type SceneMaker = () => Scene

/** Scenes by method; those after the first are further cases worth a look, told apart by what is in brackets. */
export type Scenes = Readonly<Record<string, SceneMaker>>

/** For reads, which change nothing: made at the first use, then shared. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** The six methods of IClaimable, in a world in which `creditor` has something to claim at the address. */
export function claimScenes(
  address: Address,
  open: () => { readonly world: World; readonly creditor: Account; readonly stranger: Account },
): Scenes {
  return {
    credits: () => {
      const { world, creditor, stranger } = open()
      return { world, args: [creditor.address], from: stranger }
    },
    totals: () => {
      const { world, stranger } = open()
      return { world, args: [], from: stranger }
    },
    claim: () => {
      const { world, creditor } = open()
      return { world, args: [], from: creditor }
    },
    claimFor: () => {
      const { world, creditor, stranger } = open()
      return { world, args: [creditor.address], from: stranger }
    },
    claimMany: () => {
      const { world, creditor, stranger } = open()
      return { world, args: [[stranger.address, creditor.address]], from: stranger }
    },
    sweepSurplus: () => {
      const { world, stranger } = open()
      world.chain.fund(address, OPEN + 12_345n)
      return { world, args: [], from: stranger }
    },
  }
}
