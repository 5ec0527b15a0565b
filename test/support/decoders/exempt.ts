const CALLDATA =
  'calldata and what calls stored: test/fuzz/precompiles.test.ts sends damaged calls to every method'

/** Functions that read bytes and are in no group of decoders, each with the reason. */
export const notFuzzedHere: Readonly<Record<string, string>> = {
  'precompiles/shared/abiDecode.ts#decodeParameters': CALLDATA,
  'precompiles/datanet/members.ts#decodeMembers': CALLDATA,
  'precompiles/proofOfAttribution/vectors.ts#decodeInt16s': CALLDATA,
  'precompiles/proofOfAttribution/vectors.ts#decodeScores': CALLDATA,
  'precompiles/proofOfAttribution/windowTombstones.ts#decodePlaces': CALLDATA,
}
