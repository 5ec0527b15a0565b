import { bounds } from '../../bounds.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { type AttributionAbi, type AttributionCall, adapterWindowsAt, checkCount, fail } from '../call.ts'
import { closeOldest } from '../closing.ts'
import { windowState } from '../layout.ts'

export const windowMethods: Methods<AttributionAbi, AttributionCall, 'closeWindow' | 'closeWindows'> = {
  closeWindow: {
    gas: 0n,
    run(call, { adapterId, maxWork }) {
      if (maxWork === 0) fail('ZeroWork')
      if (call.adapters.adapter(adapterId) === undefined) fail('UnknownAdapter', { adapterId })
      const step = closeOldest(call, adapterId, maxWork)
      if (step !== undefined) return step
      const windowIndex = adapterWindowsAt(call, adapterId).get('closed') + 1n
      return fail('WindowNotReady', { adapterId, windowIndex })
    },
  },

  closeWindows: {
    gas: 0n,
    run(call, { adapterIds, maxWork }) {
      checkCount(adapterIds.length, bounds.adaptersPerClose)
      if (maxWork === 0) fail('ZeroWork')
      let left = maxWork
      const windowIndices: bigint[] = []
      const states: number[] = []
      for (const adapterId of adapterIds) {
        const step = left > 0 ? closeOldest(call, adapterId, left) : undefined
        left -= step?.work ?? 0
        windowIndices.push(step?.windowIndex ?? 0n)
        states.push(step?.state ?? windowState.none)
      }
      return { windowIndices, states }
    },
  },
}
