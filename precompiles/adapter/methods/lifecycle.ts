import type { Methods } from '../../shared/dispatch.ts'
import { refOf } from '../../shared/money.ts'
import {
  type AdapterAbi,
  type AdapterCall,
  type AdapterRef,
  blockOf,
  emit,
  existingAdapter,
  fail,
  ownedAdapter,
  requireLiving,
  requireUnchallenged,
} from '../call.ts'
import { type AdapterStatus, adapterStatus, creditReason } from '../layout.ts'
import { type Price, risesAbove } from '../price.ts'
import { priceAt } from '../read.ts'

function requireStatus(call: AdapterCall, adapter: AdapterRef, wanted: AdapterStatus): void {
  const status = call.reader.statusAt(adapter, blockOf(call))
  if (status !== wanted) fail('WrongStatus', { status })
}

export const lifecycleMethods: Methods<
  AdapterAbi,
  AdapterCall,
  'pause' | 'unpause' | 'deprecate' | 'topUpBond' | 'releaseBond' | 'setPrice'
> = {
  pause: {
    gas: 0n,
    run(call, { adapterId }) {
      const adapter = ownedAdapter(call, adapterId)
      requireStatus(call, adapter, adapterStatus.active)
      adapter.set('status', adapterStatus.paused)
      emit(call.host, 'AdapterPaused', { adapterId })
    },
  },

  unpause: {
    gas: 0n,
    run(call, { adapterId }) {
      const adapter = ownedAdapter(call, adapterId)
      requireStatus(call, adapter, adapterStatus.paused)
      adapter.set('status', adapterStatus.active)
      emit(call.host, 'AdapterUnpaused', { adapterId })
    },
  },

  deprecate: {
    gas: 0n,
    run(call, { adapterId }) {
      const adapter = ownedAdapter(call, adapterId)
      requireLiving(adapter)
      requireUnchallenged(call, adapterId)
      const bondReleaseBlock = blockOf(call) + call.parameters.adapterExitBlocks
      adapter.update({ status: adapterStatus.deprecated, bondReleaseBlock })
      emit(call.host, 'AdapterDeprecated', { adapterId, bondReleaseBlock })
      return bondReleaseBlock
    },
  },

  topUpBond: {
    gas: 0n,
    run(call, { adapterId }) {
      const { host, money } = call
      const adapter = existingAdapter(call, adapterId)
      requireLiving(adapter)
      const amountWei = host.valueWei
      if (amountWei === 0n) fail('ZeroAmount')
      const bondWei = adapter.get('bondWei') + amountWei
      adapter.set('bondWei', bondWei)
      money.receive('bondsWei', amountWei)
      emit(host, 'BondAdded', { adapterId, amountWei, bondWei })
      return bondWei
    },
  },

  releaseBond: {
    gas: 0n,
    run(call, { adapterId }) {
      const adapter = existingAdapter(call, adapterId)
      const { status, bondReleaseBlock, bondWei, owner } = adapter.values()
      if (status !== adapterStatus.deprecated || bondWei === 0n) {
        fail('WrongStatus', { status: call.reader.statusAt(adapter, blockOf(call)) })
      }
      if (blockOf(call) < bondReleaseBlock) fail('BondLocked', { releaseBlock: bondReleaseBlock })
      adapter.set('bondWei', 0n)
      call.money.credit('bondsWei', owner, creditReason.bondReturned, refOf(adapterId), bondWei)
      return bondWei
    },
  },

  setPrice: {
    gas: 0n,
    run(call, { adapterId, price }) {
      const adapter = ownedAdapter(call, adapterId)
      requireLiving(adapter)
      if (price.baseWei === 0n) fail('InvalidPrice')
      const block = blockOf(call)
      const current = priceAt(adapter, block)
      const rises = risesAbove(price, current)
      const fromBlock = rises ? block + call.parameters.priceRiseDelayBlocks : block
      adapter.update(rises ? current : price)
      setNextPrice(adapter, rises ? price : undefined, rises ? fromBlock : 0)
      emit(call.host, 'PriceSet', { adapterId, ...price, fromBlock })
      return fromBlock
    },
  },
}

function setNextPrice(adapter: AdapterRef, price: Price | undefined, nextPriceBlock: number): void {
  adapter.update({
    nextBaseWei: price?.baseWei ?? 0n,
    nextPerThousandInputWei: price?.perThousandInputWei ?? 0n,
    nextPerThousandOutputWei: price?.perThousandOutputWei ?? 0n,
    nextPriceBlock,
  })
}
