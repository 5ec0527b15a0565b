import { bob, type Case, owner } from './fixture.ts'

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
