import { encodeLog } from '../../encode/receipt.ts'
import { findLogs } from '../../logSearch.ts'
import { defineMethod } from '../../method.ts'
import { logFilter } from '../../schemas/logFilter.ts'

export const ethGetLogs = defineMethod({
  name: 'eth_getLogs',
  summary: 'Logs of a range of blocks, or of one block by hash, by address and topics',
  params: { filter: logFilter },
  result: 'Logs in order',
  handler: async ({ filter }, { chain }) => (await findLogs(chain, filter)).map(encodeLog),
})
