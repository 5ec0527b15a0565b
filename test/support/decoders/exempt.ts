const CALLDATA =
  'calldata and what calls stored: test/fuzz/precompiles.test.ts sends damaged calls to every method'
const COMMAND_LINE = 'the command line of the person who runs the program'

/** Functions that read bytes and are in no group of decoders, each with the reason. */
export const notFuzzedHere: Readonly<Record<string, string>> = {
  'precompiles/shared/abiDecode.ts#decodeParameters': CALLDATA,
  'precompiles/datanet/members.ts#decodeMembers': CALLDATA,
  'precompiles/proofOfAttribution/vectors.ts#decodeInt16s': CALLDATA,
  'precompiles/proofOfAttribution/vectors.ts#decodeScores': CALLDATA,
  'precompiles/proofOfAttribution/windowTombstones.ts#decodePlaces': CALLDATA,
  'cli/options.ts#parseOptions': COMMAND_LINE,
  'cli/stakingClient.ts#parseOpen': COMMAND_LINE,
  'cli/stakingClient.ts#parseAddress': COMMAND_LINE,
  'state/snapshot/subtrie.ts#parseNibbles': 'keys of tasks that this node itself stored',
}
