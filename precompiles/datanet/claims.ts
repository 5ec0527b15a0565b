import { iDatanetRegistryAbi } from '../../contracts/generated/IDatanetRegistry.ts'
import { invariant } from '../../src/errors/errors.ts'
import { bigIntToBytes, concatBytes } from '../../src/primitives/bytes.ts'
import { type Address, type Hash, hexToBytes, ZERO_HASH } from '../../src/primitives/hex.ts'
import { bounds } from '../bounds.ts'
import { tupleCodec } from '../shared/abiCodec.ts'
import { encodeParameters } from '../shared/abiEncode.ts'
import type { InputsOf } from '../shared/abiTypes.ts'
import { type DatanetAbi, type DatanetCall, fail } from './call.ts'
import { contributionKind } from './layout.ts'
import { SIGNATURE_BYTES } from './novelty.ts'

/** What a contributor says about its content when it reveals it. */
export type Claim = InputsOf<DatanetAbi, 'revealContribution'>['claim']

const reveal = iDatanetRegistryAbi.find(
  (item) => item.type === 'function' && item.name === 'revealContribution',
)
const claimTuple = reveal?.inputs.find((input) => input.name === 'claim')
invariant(claimTuple !== undefined && 'components' in claimTuple, 'revealContribution takes a claim')
const receiptsFields = tupleCodec(claimTuple.components.filter(({ name }) => name === 'receipts')).fields

const word = (value: bigint | number | string) => bigIntToBytes(BigInt(value), 32)

/** Sizes that every claim must keep to. */
export function checkClaim({ kind, minhash, recordCount, byteCount, contentRoot }: Claim): void {
  if (kind > contributionKind.feedback) fail('InvalidKind', { kind })
  if (minhash.length !== SIGNATURE_BYTES) fail('InvalidSignatureLength', { length: BigInt(minhash.length) })
  if (recordCount === 0 || byteCount === 0n || contentRoot === ZERO_HASH) fail('EmptyContribution')
  checkAtMost(BigInt(recordCount), BigInt(bounds.recordsPerContribution))
  checkAtMost(byteCount, bounds.contributionBytes)
}

export function checkAtMost(value: bigint, maximum: bigint): void {
  if (value > maximum) fail('BoundExceeded', { length: value, maximum })
}

/** The commitment that a claim opens. */
export function commitmentOf(
  { host }: DatanetCall,
  contributor: Address,
  datanetId: bigint,
  claim: Claim,
  minhashHash: Hash,
): Hash {
  const receiptsHash =
    claim.kind === contributionKind.feedback
      ? host.keccak(encodeParameters(receiptsFields, claim))
      : ZERO_HASH
  return host.keccak(
    concatBytes(
      word(contributor),
      word(datanetId),
      word(claim.kind),
      word(claim.targetId),
      hexToBytes(claim.contentRoot),
      word(claim.recordCount),
      word(claim.byteCount),
      hexToBytes(minhashHash),
      hexToBytes(receiptsHash),
      hexToBytes(claim.salt),
    ),
  )
}
