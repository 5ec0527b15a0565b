import { z } from 'zod'
import { invalidParams } from '../../errors.ts'
import { defineMethod, optional } from '../../method.ts'
import { logFilter } from '../../schemas/logFilter.ts'
import type { SubscriptionTopic } from '../../subscriptions.ts'

const topic = z.enum(['newHeads', 'logs', 'newPendingTransactions', 'syncing'])

export const ethSubscribe = defineMethod({
  name: 'eth_subscribe',
  summary: 'Begins to push newHeads, logs, newPendingTransactions or syncing over this WebSocket',
  params: { topic, options: z.unknown().optional() },
  result: 'Subscription id; notifications follow as eth_subscription',
  needsSession: true,
  handler: ({ topic, options }, _context, session) => session?.subscribe(topicOf(topic, options)),
})

function topicOf(name: z.output<typeof topic>, options: unknown): SubscriptionTopic {
  switch (name) {
    case 'newHeads':
    case 'syncing':
      return { type: name }
    case 'newPendingTransactions':
      return { type: name, full: parse(optional(z.boolean()), options) ?? false }
    case 'logs': {
      const { addresses, topics } = parse(logFilter, options ?? {})
      return { type: name, criteria: { addresses, topics } }
    }
  }
}

function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw invalidParams(`invalid argument 1 (options): ${parsed.error.issues[0]?.message ?? 'not valid'}`)
}
