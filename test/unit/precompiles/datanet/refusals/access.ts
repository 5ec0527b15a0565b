import { DATANET_ADDRESS } from '../../../../../precompiles/addresses.ts'
import { bytesToHex } from '../../../../../src/primitives/hex.ts'
import { alice, bob, type Case, type Fixture, owner, type Refused } from './fixture.ts'

const privateDatanet = ({ world }: Fixture) => world.createDatanet(owner, { policy: 2 })

const keyOf = (first: number, length: number) => {
  const bytes = new Uint8Array(length)
  bytes[0] = first
  return bytesToHex(bytes)
}

function asked(f: Fixture, publicKey: string, purpose = ''): Refused {
  return { method: 'requestAccess', args: [privateDatanet(f), publicKey, purpose], from: bob }
}

function granted(f: Fixture, account: string, untilBlock = 9, bytes = 0): Refused {
  const args = [privateDatanet(f), account, untilBlock, bytesToHex(new Uint8Array(bytes))]
  return { method: 'grantAccess', args, from: owner }
}

export const accessCases: readonly Case[] = [
  ...[
    { what: 'no public key', first: 0, length: 0 },
    { what: 'a public key of 34 bytes', first: 2, length: 34 },
    { what: 'a compressed public key that begins with 4', first: 4, length: 33 },
    { what: 'an uncompressed public key that begins with 2', first: 2, length: 65 },
  ].map(({ what, first, length }) => ({
    error: 'InvalidPublicKey',
    what,
    run: (f: Fixture) => asked(f, keyOf(first, length)),
  })),
  {
    error: 'InvalidText',
    what: 'a purpose with a line break',
    run: (f) => asked(f, keyOf(4, 65), 'a\nb'),
  },
  {
    error: 'WrongPolicy',
    what: 'a request for a curated Datanet',
    run: ({ curated }) => ({ method: 'requestAccess', args: [curated, keyOf(2, 33), ''], from: bob }),
  },
  {
    error: 'BoundExceeded',
    what: 'a wrapped key of 513 bytes',
    run: (f) => granted(f, bob.address, 9, 513),
  },
  { error: 'InvalidExpiry', what: 'a grant that is over', run: (f) => granted(f, bob.address, 0) },
  { error: 'InvalidAccount', what: 'a grant for a precompile', run: (f) => granted(f, DATANET_ADDRESS) },
  {
    error: 'MissingRole',
    what: 'a grant by a stranger',
    run: (f) => ({ ...granted(f, bob.address), from: alice }),
  },
  {
    error: 'NoGrant',
    what: 'revoking what was not granted',
    run: (f) => ({ method: 'revokeAccess', args: [privateDatanet(f), bob.address], from: owner }),
  },
]
