import { aiDecoders } from './ai.ts'
import { consensusDecoders } from './consensus.ts'
import type { FuzzedDecoder } from './fuzz.ts'
import { networkDecoders } from './network.ts'
import { settingsDecoders } from './settings.ts'
import { signerDecoders } from './signer.ts'
import { storedDecoders } from './stored.ts'
import { syncDecoders } from './sync.ts'
import { transactionDecoders } from './transactions.ts'

/** Every decoder of bytes that somebody else wrote, in groups that CI runs side by side. */
export const decoderGroups = {
  consensus: consensusDecoders,
  network: networkDecoders,
  transactions: transactionDecoders,
  ai: aiDecoders,
  settings: settingsDecoders,
  stored: storedDecoders,
  sync: syncDecoders,
  signer: signerDecoders,
} as const satisfies Record<string, () => Promise<FuzzedDecoder[]>>

export type DecoderGroup = keyof typeof decoderGroups
