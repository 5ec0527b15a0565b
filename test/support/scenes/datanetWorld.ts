import { encodeAbiParameters, hashTypedData, keccak256, parseAbiParameters } from 'viem'
import { DATANET_ADDRESS } from '../../../precompiles/addresses.ts'
import { bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import { Fixture as Receipts, requester } from '../../unit/precompiles/proofOfAttribution/fixture.ts'
import {
  type Account,
  account,
  contribution,
  datanetTerms,
  nearMinhash,
  OPEN,
  signHex,
  testHash,
  testParameters,
  World,
} from '../precompileWorld.ts'
import type { Scene } from './scene.ts'

export const [owner, scorer, alice, bob, stranger] = [
  account(1),
  account(2),
  account(3),
  account(4),
  account(5),
] as const
export const spec = contribution(1, alice)
export const salt = testHash('salt')
export const LONG_TEXT = 'a text that is longer than what fits one slot'
/** As long as an uncompressed point. */
export const PUBLIC_KEY = bytesToHex(Uint8Array.from({ length: 65 }, (_, n) => (n === 0 ? 4 : n)))
/** Terms with pay. */
export const TERMS = datanetTerms({ bountyPerRecordWei: OPEN / 100n, scorerPayWei: OPEN / 50n })

/** Those who hold bonds in the open Datanet. */
export const bonded = Array.from({ length: 4 }, (_, n) => account(20 + n))

/** An open Datanet, and a curated one with a scorer. */
export class Datanets {
  readonly world = new World()
  readonly curated = this.world.createDatanet(owner)
  readonly open = this.world.createDatanet(owner, { policy: 0 })

  constructor() {
    this.send('appointScorer', [this.curated, scorer.address], owner)
  }

  send(method: string, args: readonly unknown[], by: Account, valueWei = 0n): void {
    this.world.datanets.send(method as never, args, { from: by.address, valueWei })
  }

  join(...who: readonly Account[]): void {
    for (const each of who) this.send('joinScorers', [this.open], each, testParameters.scorerBondWei)
  }

  /** Gives a Datanet terms with pay, and something in its purse. */
  pay(datanetId: bigint): void {
    this.send('setTerms', [datanetId, TERMS], owner)
    this.send('fund', [datanetId], stranger, OPEN)
  }
}

interface Made {
  readonly args: readonly unknown[]
  readonly from?: Account
  readonly valueWei?: bigint
}

/** A call on a chain with an open and a curated Datanet; a stranger's where nothing else is said. */
export function on(prepare: (f: Datanets) => Made): () => Scene {
  return () => {
    const f = new Datanets()
    return { from: stranger, ...prepare(f), world: f.world }
  }
}

/** Three accepted contributions, still within their challenge period. */
export function accepted(f: Datanets): readonly bigint[] {
  const specs = [1, 2, 3].map((n) => contribution(n, alice))
  const ids = f.world.contribute(f.curated, specs)
  f.world.score(ids, [scorer], () => specs.map((one) => f.world.report(one)))
  return ids
}

export function pastChallenge({ world }: Datanets): void {
  world.chain.advance(testParameters.contributionChallengeBlocks + 1)
}

/** Two contributions whose scores are committed; the second is a near-duplicate of the first. */
export function scoreCommitted(f: Datanets) {
  const specs = [spec, contribution(2, bob, { minhash: nearMinhash(spec.minhash, 10) })]
  const ids = f.world.contribute(f.curated, specs)
  const reports = specs.map((one) => f.world.report(one))
  const commitment = f.world.scoreCommitment(scorer, ids, reports, salt)
  f.send('commitScores', [ids, commitment], scorer)
  return { ids, reports }
}

/** A contribution to the open Datanet that waits for its panel. */
export function waiting(f: Datanets): bigint {
  f.join(...bonded)
  return f.world.contribute(f.open, [spec])[0]!
}

/** A private Datanet. */
export const privateDatanet = ({ world }: Datanets) => world.createDatanet(owner, { policy: 2 })

/** One that Bob has access to. */
export function granted(f: Datanets): bigint {
  const datanetId = privateDatanet(f)
  f.send('grantAccess', [datanetId, bob.address, 1000, '0x'], owner)
  return datanetId
}

const commitTypes = {
  Commit: [
    { name: 'datanetId', type: 'uint64' },
    { name: 'commitment', type: 'bytes32' },
    { name: 'sponsor', type: 'address' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadlineBlock', type: 'uint64' },
    { name: 'genesisHash', type: 'bytes32' },
  ],
} as const

/** The arguments of a commit by Alice that Bob pays. */
export function signedCommit(f: Datanets, deadlineBlock = 1000n): readonly unknown[] {
  const commitment = f.world.commitmentOf(f.curated, spec)
  const digest = hashTypedData({
    domain: { ...f.world.domain, verifyingContract: DATANET_ADDRESS },
    types: commitTypes,
    primaryType: 'Commit',
    message: {
      datanetId: f.curated,
      commitment,
      sponsor: bob.address,
      nonce: 0n,
      deadlineBlock,
      genesisHash: f.world.chain.genesisHash,
    },
  })
  return [f.curated, alice.address, commitment, deadlineBlock, signHex(digest, alice)]
}

/** What opens a known answer, and the commitment to it. */
export function answerOf(by: Account, id: bigint): { args: readonly unknown[]; commitment: Hash } {
  const range = [7000, 9000] as const
  const types = parseAbiParameters('address, uint64, uint16, uint16, bytes32')
  const commitment = keccak256(encodeAbiParameters(types, [by.address, id, ...range, salt]))
  return { args: [id, ...range, salt], commitment }
}

/** Committed feedback on two final receipts, that may be revealed. */
export function feedback() {
  const receipts = new Receipts()
  const { world, datanetId } = receipts
  const made = [receipts.receipt(), receipts.receipt()]
  receipts.finalReceipts(made)
  const given = contribution(900, requester, {
    kind: 3,
    recordCount: made.length,
    receipts: made.map(({ receiptId }) => world.factsOf(receiptId)),
  })
  const id = world.commit(datanetId, given)
  world.chain.advance(testParameters.revealMinBlocks)
  return { world, id, given, receiptId: made[0]!.receiptId }
}
