import { expect, it } from 'vitest'
import { timeoutMs } from '../../../../src/consensus/core/timeouts.ts'
import type { Step } from '../../../../src/consensus/core/types.ts'

it('each step has a timeout of its own, which grows by the same amount with each round', () => {
  const timeouts = { proposeMs: 1_000, prevoteMs: 200, precommitMs: 30, perRoundMs: 4 }
  const steps: readonly Step[] = ['propose', 'prevote', 'precommit']
  const inRound = (round: number) => steps.map((step) => timeoutMs(timeouts, step, round))
  expect(inRound(0)).toEqual([1_000, 200, 30])
  expect(inRound(1)).toEqual([1_004, 204, 34])
  expect(inRound(10)).toEqual([1_040, 240, 70])
})
