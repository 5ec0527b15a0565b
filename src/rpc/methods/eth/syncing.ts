import { defineMethod } from '../../method.ts'
import { encodeProgress } from '../../subscriptionHub.ts'

export const ethSyncing = defineMethod({
  name: 'eth_syncing',
  summary: 'Whether the node is catching up',
  params: {},
  result: 'False, or startingBlock, currentBlock and highestBlock',
  handler: (_params, context) => {
    const progress = context.sync.progress()
    return progress === undefined ? false : encodeProgress(progress)
  },
})
