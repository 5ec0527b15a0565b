import { alice, bob, type Case, committed, owner } from './fixture.ts'

export const versionCases: readonly Case[] = [
  {
    error: 'MissingRole',
    what: 'a freeze by a stranger',
    run: ({ curated }) => ({ method: 'freezeVersion', args: [curated, 5], from: bob }),
  },
  {
    error: 'NothingAccepted',
    what: 'a freeze of nothing',
    run: ({ curated }) => ({ method: 'freezeVersion', args: [curated, 5], from: owner }),
  },
  {
    error: 'UnknownVersion',
    what: 'version 1 before it is frozen',
    run: ({ curated }) => ({ method: 'getVersion', args: [curated, 1], from: owner }),
  },
  {
    error: 'NotContributor',
    what: 'a tombstone by the owner',
    run(f) {
      return { method: 'tombstone', args: [committed(f)], from: owner }
    },
  },
  {
    error: 'AlreadyTombstoned',
    what: 'a second tombstone',
    run(f) {
      const id = committed(f)
      f.world.datanets.send('tombstone', [id], { from: alice.address })
      return { method: 'tombstone', args: [id], from: alice }
    },
  },
  {
    error: 'UnknownContribution',
    what: 'a tombstone for nothing',
    run: () => ({ method: 'isTombstoned', args: [9n], from: alice }),
  },
  {
    error: 'UnknownVersion',
    what: 'version 0',
    run: ({ curated }) => ({ method: 'versionMembers', args: [curated, 0, 0, 5], from: owner }),
  },
  {
    error: 'BoundExceeded',
    what: 'a page of 257',
    run: ({ curated }) => ({ method: 'contributionsOf', args: [curated, 0n, 257], from: owner }),
  },
]
