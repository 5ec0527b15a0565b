import { describe, expect, it } from 'vitest'
import { itExecutes, loop, openExecution, request, type Where, wanted } from '../../support/executionSuite.ts'
import { temporaryFolder } from '../../support/temporaryFolder.ts'

const folder = temporaryFolder()

/** Rounds of this thread's event loop while a block of 30 M gas of loops is built, which takes a second or more. */
async function roundsWhileBuilding(where: Where): Promise<number> {
  const world = await openExecution(where, folder())
  try {
    const isBuilt = { yes: false }
    const transactions = [loop(world, 0), loop(world, 1, { gasLimit: 13_000_000n })]
    const building = world.execution.build(request(world, transactions), wanted()).then((built) => {
      isBuilt.yes = true
      return built
    })
    let rounds = 0
    while (!isBuilt.yes) {
      await new Promise((resolve) => setImmediate(resolve))
      rounds++
    }
    expect((await building).faulty).toEqual([])
    return rounds
  } finally {
    await world.close()
  }
}

describe('execution in a thread of its own', () => {
  itExecutes('in another thread', folder)

  it('leaves the event loop to others while a block of 30 M gas of loops runs', async () => {
    expect(await roundsWhileBuilding('in another thread')).toBeGreaterThan(100)
  })

  it('is what makes the difference: in this thread everything waits', async () => {
    expect(await roundsWhileBuilding('in this thread')).toBeLessThan(10)
  })
})
