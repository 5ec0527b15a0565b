import type { Methods } from '../../shared/dispatch.ts'
import { type GovernedRules, outOfBounds } from '../../shared/governed.ts'
import { type AttributionAbi, type AttributionCall, emit, fail } from '../call.ts'

type Values = ReturnType<typeof valuesOf>

export const governedMethods: Methods<AttributionAbi, AttributionCall, 'setGoverned' | 'governed'> = {
  setGoverned: {
    gas: 500n,
    run(call, { values }) {
      const { host, parameters, governed, store } = call
      if (host.caller !== parameters.governanceAddress || isNobody(host.caller)) {
        fail('NotGovernance', { caller: host.caller })
      }
      const rules = rulesOf(values)
      const field = outOfBounds(rules)
      if (field !== undefined) fail('OutOfBounds', { field })
      const fromBlock = governed.set(store, rules)
      emit(host, 'GovernedSet', { values, fromBlock })
      return fromBlock
    },
  },

  governed: {
    gas: 500n,
    run({ governed }) {
      const { current, next, nextFromBlock } = governed.schedule()
      return { current: valuesOf(current), next: valuesOf(next), nextFromBlock }
    },
  },
}

const isNobody = (account: string) => BigInt(account) === 0n

function rulesOf(values: Values): GovernedRules {
  const { contributorsBps, ownerBps, hostBps, stakersBps, applicationBps, treasuryBps, ...rest } = values
  const split = {
    contributors: contributorsBps,
    owner: ownerBps,
    host: hostBps,
    stakers: stakersBps,
    application: applicationBps,
    treasury: treasuryBps,
  }
  return { ...rest, split, settlementGas: BigInt(values.settlementGas) }
}

function valuesOf({ split, settlementGas, ...rules }: GovernedRules) {
  const { settlerCapBps, finalizerCapBps, auditorPayBps, auditRateBps, closerCapBps } = rules
  const { hostSlashBps, windowReceipts, windowAgeBlocks } = rules
  return {
    contributorsBps: split.contributors,
    ownerBps: split.owner,
    hostBps: split.host,
    stakersBps: split.stakers,
    applicationBps: split.application,
    treasuryBps: split.treasury,
    settlerCapBps,
    finalizerCapBps,
    auditorPayBps,
    auditRateBps,
    closerCapBps,
    hostSlashBps,
    windowReceipts,
    windowAgeBlocks,
    settlementGas: Number(settlementGas),
  }
}
