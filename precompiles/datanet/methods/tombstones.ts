import type { Methods } from '../../shared/dispatch.ts'
import { type DatanetAbi, type DatanetCall, emit, existingContribution, fail } from '../call.ts'
import { isTombstoned, setTombstone } from '../tombstones.ts'

export const tombstoneMethods: Methods<DatanetAbi, DatanetCall, 'tombstone' | 'isTombstoned'> = {
  tombstone: {
    gas: 0n,
    run(call, { contributionId }) {
      const { host, parameters } = call
      const contribution = existingContribution(call, contributionId)
      const { caller } = host
      if (caller !== contribution.get('contributor') && caller !== parameters.governanceAddress) {
        fail('NotContributor', { caller })
      }
      if (isTombstoned(call, contributionId)) fail('AlreadyTombstoned', { contributionId })
      setTombstone(call, contributionId)
      const datanetId = contribution.get('datanetId')
      emit(host, 'ContributionTombstoned', { contributionId, datanetId, by: caller })
    },
  },

  isTombstoned: {
    gas: 0n,
    run(call, { contributionId }) {
      existingContribution(call, contributionId)
      return isTombstoned(call, contributionId)
    },
  },
}
