import { type Fault, faultsOf, tests } from './fault.ts'

const VOTES = 'src/consensus/core/voteKeeper.ts'

/** Every threshold, one unit of power less and one more. */
export const quorumFaults: readonly Fault[] = [
  ...faultsOf('src/ledger/validators.ts', tests.quorums, [
    [
      '2/3: one less',
      'return power * 3n > this.totalPower * 2n',
      'return (power + 1n) * 3n > this.totalPower * 2n',
    ],
    [
      '2/3: one more',
      'return power * 3n > this.totalPower * 2n',
      'return (power - 1n) * 3n > this.totalPower * 2n',
    ],
    ['2/3: exactly is enough', 'power * 3n > this.totalPower * 2n', 'power * 3n >= this.totalPower * 2n'],
    [
      '1/3: one less',
      'return power * 3n > this.totalPower\n',
      'return (power + 1n) * 3n > this.totalPower\n',
    ],
    [
      '1/3: one more',
      'return power * 3n > this.totalPower\n',
      'return (power - 1n) * 3n > this.totalPower\n',
    ],
    [
      '1/3: exactly is enough',
      'return power * 3n > this.totalPower\n',
      'return power * 3n >= this.totalPower\n',
    ],
    [
      '2/3 of the validators, not of the power',
      'power * 3n > this.totalPower * 2n',
      'power * 3n > BigInt(this.size) * 2n',
    ],
  ]),
  ...faultsOf(VOTES, tests.votes, [
    [
      'a quorum for a choice: one less',
      'return this.#set.isQuorum(power)',
      'return this.#set.isQuorum(power + 1n)',
    ],
    [
      'a quorum for a choice: one more',
      'return this.#set.isQuorum(power)',
      'return this.#set.isQuorum(power - 1n)',
    ],
    [
      'the choice of a quorum: one less',
      'if (this.#set.isQuorum(power)) return choice',
      'if (this.#set.isQuorum(power + 1n)) return choice',
    ],
    [
      'the choice of a quorum: one more',
      'if (this.#set.isQuorum(power)) return choice',
      'if (this.#set.isQuorum(power - 1n)) return choice',
    ],
    [
      'a quorum for ∗: one less',
      '?.[type].totalPower ?? 0n)',
      '?.[type].totalPower ?? 0n) || this.#set.isQuorum((this.#tallies.get(round)?.[type].totalPower ?? 0n) + 1n)',
    ],
    [
      'a quorum for ∗: one more',
      'return this.#set.isQuorum(this.#tallies.get(round)?.[type].totalPower ?? 0n)',
      'return this.#set.isQuorum((this.#tallies.get(round)?.[type].totalPower ?? 0n) - 1n)',
    ],
    [
      'support of a later round: one less',
      'if (this.#set.isHonestSupport(power)) return round',
      'if (this.#set.isHonestSupport(power + 1n)) return round',
    ],
    [
      'support of a later round: one more',
      'if (this.#set.isHonestSupport(power)) return round',
      'if (this.#set.isHonestSupport(power - 1n)) return round',
    ],
    [
      'support of a second vote: one less',
      'isHonestSupport(tally.firstPower.get(choice) ?? 0n)',
      'isHonestSupport((tally.firstPower.get(choice) ?? 0n) + 1n)',
    ],
    [
      'support of a second vote: one more',
      'isHonestSupport(tally.firstPower.get(choice) ?? 0n)',
      'isHonestSupport((tally.firstPower.get(choice) ?? 0n) - 1n)',
    ],
  ]),
  ...faultsOf('src/ledger/certificate.ts', tests.certificate, [
    ['a certificate: one less', 'if (!set.isQuorum(power)) fail', 'if (!set.isQuorum(power + 1n)) fail'],
    ['a certificate: one more', 'if (!set.isQuorum(power)) fail', 'if (!set.isQuorum(power - 1n)) fail'],
  ]),
  ...faultsOf('src/consensus/futureMessages.ts', tests.future, [
    [
      'support of a later height: one less',
      'if (set.isHonestSupport(power)) return',
      'if (set.isHonestSupport(power + 1n)) return',
    ],
    [
      'support of a later height: one more',
      'if (set.isHonestSupport(power)) return',
      'if (set.isHonestSupport(power - 1n)) return',
    ],
  ]),
  ...faultsOf('src/consensus/proposer.ts', tests.proposer, [
    [
      'proposers: nobody gains its power',
      'at(priorities, index) + validator.power',
      'at(priorities, index) + 0n * validator.power',
    ],
    [
      'proposers: the elected one pays nothing',
      'priorities[best] = at(priorities, best) - set.totalPower',
      'priorities[best] = at(priorities, best)',
    ],
    [
      'proposers: the elected one pays its own power',
      'at(priorities, best) - set.totalPower',
      'at(priorities, best) - (set.at(best)?.power ?? 0n)',
    ],
    [
      'proposers: a tie goes to the first of the set',
      'if (mine !== other) return mine > other\n',
      'if (mine !== other || index > 0) return mine > other\n',
    ],
    [
      'proposers: no centring',
      'return priorities.map((priority) => priority - average)',
      'return priorities.map((priority) => priority - 0n * average)',
    ],
    [
      'proposers: the average is rounded towards zero',
      'return value % divisor < 0n ? quotient - 1n : quotient',
      'return quotient',
    ],
    [
      'proposers: no scaling',
      'if (window <= 0n || distance <= window) return',
      'if (window <= 0n || distance <= window || distance > window) return',
    ],
    [
      'proposers: the scale is rounded down',
      'const ratio = (distance + window - 1n) / window',
      'const ratio = distance / window',
    ],
    ['proposers: a window of one total', 'const WINDOW = 2n', 'const WINDOW = 1n'],
    [
      'proposers: who joins starts at zero',
      'return index === undefined ? entry : at(priorities, index)',
      'return index === undefined ? 0n * entry : at(priorities, index)',
    ],
    [
      'proposers: who joins starts at −1 × total',
      'const entry = -(nextSet.totalPower + (nextSet.totalPower >> 3n))',
      'const entry = -nextSet.totalPower',
    ],
    [
      'proposers: priorities stay with places, not validators',
      'const index = set.indexOf(validator.address)\n    return',
      'const place = nextSet.indexOf(validator.address) ?? 0\n    const index = set.indexOf(validator.address) === undefined || place >= set.size ? undefined : place\n    return',
    ],
    [
      'proposers: a change of power is no change',
      'next.address === validator.address && next.power === validator.power',
      'next.address === validator.address',
    ],
    [
      'proposers: a height consumes no turn',
      '  select(set, current)\n  return transfer',
      '  return transfer',
    ],
  ]),
]
