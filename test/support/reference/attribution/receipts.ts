import { bigIntToBytes, bytesToBigInt, concatBytes } from '../../../../src/primitives/bytes.ts'
import { bytesToHex, type Hex, hexToBytes, ZERO_ADDRESS } from '../../../../src/primitives/hex.ts'
import type { Dice } from '../../callFuzzer.ts'
import {
  type Account,
  type MadeReceipt,
  makeQuery,
  OPEN,
  type Terms,
  testHash,
} from '../../precompileWorld.ts'
import { APPLICATION, HOSTS, K, type Known, REQUESTERS, SIGNERS, STRANGER } from './people.ts'
import type { AttributionStart } from './start.ts'

export interface ReceiptPlace {
  readonly adapterId: bigint
  readonly version: number
  readonly block: number
  readonly nonce: bigint
}

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const atAll = (value: number) => Uint8Array.from(Int8Array.from({ length: K }, () => value))
/** Its squares add up to exactly what is allowed. */
const LONGEST = 64

/** A query row: any, at the bound of its length, without content, or wrong. */
function queryRow(dice: Dice): Uint8Array {
  const positive = () => dice.bytes(K).map((value) => 1 + (value % 60))
  switch (dice.below(24)) {
    case 0:
      return atAll(LONGEST)
    case 1:
      return atAll(0)
    case 2:
      return atAll(LONGEST).with(3, LONGEST + 1)
    case 3:
      return atAll(1).with(dice.below(K), 0x80)
    case 4:
      return atAll(2).subarray(dice.below(2))
    case 5:
      return concatBytes(atAll(2), Uint8Array.of(1))
    default:
      return dice.below(2) === 0 ? positive() : makeQuery(K, dice.below(1_000_000))
  }
}

/** A receipt that settles, most of the time. */
export function makeReceipt(dice: Dice, { world }: AttributionStart, place: ReceiptPlace): Known {
  const rarely = <T>(usual: T, ...others: readonly T[]): T =>
    dice.below(24) === 0 ? dice.one(others) : usual
  const first = dice.below(8) > 0 ? 0 : 1
  const [requester, host] = [REQUESTERS[first], HOSTS[dice.below(6) > 0 ? 0 : 1]] as [Account, Account]
  const signer = (host === HOSTS[0] ? SIGNERS[0] : host) ?? host
  const { stakingAddress, treasuryAddress } = world.parameters
  const terms: Terms = {
    requester,
    host: rarely(host, STRANGER),
    signer: rarely(signer, STRANGER, host),
    adapterId: rarely(place.adapterId, 0n, 99n),
    adapterVersion: rarely(place.version, 0, 1, 2, 3),
    application: dice.one([
      ZERO_ADDRESS,
      APPLICATION.address,
      APPLICATION.address,
      stakingAddress,
      treasuryAddress,
    ]),
    queryRow: queryRow(dice),
    nonce: place.nonce,
    profileHash: rarely(world.profileHash, testHash('another')),
    maxFeeWei: rarely(
      OPEN,
      0n,
      1n,
      OPEN / 200n,
      OPEN / 100n,
      2n ** 256n - 1n,
      12n * 10n ** 13n,
      12n * 10n ** 13n - 1n,
    ),
    inputTokens: dice.one([0, 1, 999, 500, 20_000]),
    outputTokens: dice.one([0, 1, 250, 20_000, dice.below(60) === 0 ? 2 ** 32 - 1 : 3]),
    deadlineBlock: BigInt(place.block + rarely(20, -1, 0, 1, 2)),
    auditClass: dice.one([0, 0, 0, 0, 1, 2, rarely(0, 3)]),
    method: rarely(0, 1, 2),
    genesisHash: rarely(world.chain.genesisHash, testHash('another chain')),
  }
  const made = world.makeReceipt(terms)
  const { application = ZERO_ADDRESS } = terms
  return {
    ...made,
    signed: signedOtherwise(dice, made),
    requester: requester.address,
    application,
    host: host.address,
  }
}

/** Another form of a signature, that holds or does not; or something changed after it was signed. */
function signedOtherwise(dice: Dice, { signed }: MadeReceipt): Record<string, unknown> {
  const which = dice.one(['requesterSignature', 'hostSignature'])
  const signature = hexToBytes(signed[which] as Hex)
  const v = signature[64] ?? 27
  const replaced = (bytes: Uint8Array) => ({ ...signed, [which]: bytesToHex(bytes) })
  switch (dice.below(40)) {
    case 0:
      return replaced(signature.with(64, v - 27))
    case 1:
      return replaced(signature.with(64, v === 27 ? 28 : 27))
    case 2:
      return replaced(signature.with(64, dice.one([2, 26, 29, 255])))
    case 3:
      return replaced(highS(signature))
    case 4:
      return replaced(signature.subarray(0, 64))
    case 5:
      return replaced(concatBytes(signature, Uint8Array.of(0)))
    case 6:
      return replaced(new Uint8Array(65))
    case 7:
      return { ...signed, outputTokens: 7 }
    case 8:
      return { ...signed, request: { ...(signed.request as object), requester: ZERO_ADDRESS } }
    case 9:
      return { ...signed, request: { ...(signed.request as object), maxFeeWei: OPEN + 1n } }
    default:
      return signed
  }
}

/** The other signature that holds for the same key, which is refused everywhere. */
function highS(signature: Uint8Array): Uint8Array {
  const s = ORDER - bytesToBigInt(signature.subarray(32, 64))
  const v = signature[64] === 27 ? 28 : 27
  return concatBytes(signature.subarray(0, 32), bigIntToBytes(s, 32), Uint8Array.of(v))
}
