import { describe, expect, it } from 'vitest'
import { makeCertificate } from '../../src/ledger/certificate.ts'
import { checkVoteSignature, type UnsignedVote, type Vote, voteDigest } from '../../src/ledger/vote.ts'
import { utf8ToBytes } from '../../src/primitives/bytes.ts'
import { keccakHex } from '../../src/primitives/keccak.ts'
import { privateKeyToAddress, sign } from '../../src/primitives/secp256k1.ts'
import type { Behaviour } from './lib/byzantine.ts'
import { Cluster } from './lib/cluster.ts'
import { CoreWorld } from './lib/coreWorld.ts'
import { proveFork } from './lib/forkProof.ts'
import { SimFailure } from './lib/safety.ts'
import { setAt } from './lib/simApp.ts'

const keys = [1, 2, 3, 4].map((each) => utf8ToBytes(String(each).repeat(32)))
const addresses = keys.map(privateKeyToAddress)
const domain = { genesisHash: keccakHex(utf8ToBytes('genesis')), chainId: 1n }
const set = setAt(addresses, 1)
const [v, w] = [keccakHex(utf8ToBytes('v')), keccakHex(utf8ToBytes('w'))]

function vote(index: number, fields: Pick<UnsignedVote, 'type' | 'round' | 'blockHash'>): Vote {
  const unsigned = { ...fields, height: 1, validator: addresses[index]! }
  return { ...unsigned, signature: sign(voteDigest(domain, unsigned), keys[index]!) }
}

function certificate(blockHash: typeof v, round: number, signers: readonly number[]) {
  return makeCertificate(
    set,
    signers.map((index) => vote(index, { type: 'precommit', round, blockHash })),
  )
}

describe('more than f faulty validators', () => {
  it('make a fork, which is found and proven against them alone', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const world = new CoreWorld({ validators: 4 })
      const faulty = [0, 1].map((index) => [index, ['equivocateProposals']] as [number, Behaviour[]])
      const cluster = new Cluster({ seed, world, byzantine: new Map(faulty), expectsForks: true })
      cluster.network.partition([[2], [3]])
      cluster.startAll()
      expect(await cluster.runUntil(() => cluster.monitor.forks.length > 0, 60_000)).toBe(true)
      const fork = cluster.monitor.forks[0]!
      const proof = proveFork({ domain: world.domain, set: fork.set }, [fork.first, fork.second])
      expect(proof.kind).toBe('equivocation')
      expect(fork.set.isHonestSupport(proof.power)).toBe(true)
      const guilty = proof.culprits.map(({ first }) => first.validator)
      expect(new Set(guilty)).toEqual(new Set(world.addresses.slice(0, 2)))
      for (const { first, second } of proof.culprits) {
        for (const each of [first, second]) checkVoteSignature(world.domain, each)
        expect([first.validator, first.height, first.round, first.type]).toEqual([
          second.validator,
          second.height,
          second.round,
          second.type,
        ])
        expect(first.blockHash).not.toBe(second.blockHash)
      }
    }
  })
})

describe('the proof of a fork', () => {
  const prevotes = [0, 1, 3].map((index) => vote(index, { type: 'prevote', round: 2, blockHash: w }))

  it('names those who precommitted one block and made the first later polka for another', () => {
    const certificates = [certificate(v, 0, [0, 1, 2]), certificate(w, 3, [0, 1, 2, 3])] as const
    const proof = proveFork({ domain, set }, [...certificates], prevotes)
    expect(proof.kind).toBe('amnesia')
    expect(proof.culprits.map(({ first }) => first.validator)).toEqual([addresses[0], addresses[1]])
    expect(proof.culprits.map(({ second }) => second.type)).toEqual(['prevote', 'prevote'])
  })

  it('is the same whichever certificate is first', () => {
    const certificates = [certificate(w, 3, [0, 1, 3]), certificate(v, 0, [0, 1, 2])] as const
    expect(proveFork({ domain, set }, [...certificates], prevotes).culprits).toHaveLength(2)
  })

  it('fails without the prevotes, for one block, and for a certificate that is none', () => {
    const one = certificate(v, 0, [0, 1, 2])
    const other = certificate(w, 3, [0, 1, 3])
    expect(() => proveFork({ domain, set }, [one, other])).toThrow(SimFailure)
    expect(() => proveFork({ domain, set }, [one, certificate(v, 0, [1, 2, 3])])).toThrow(SimFailure)
    expect(() => proveFork({ domain, set }, [one, certificate(w, 0, [0, 3])])).toThrow(
      expect.objectContaining({ code: 'BAD_CERTIFICATE' }),
    )
  })
})
