import { type Address, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { bounds } from '../../bounds.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { refOf } from '../../shared/money.ts'
import { textProblem } from '../../shared/text.ts'
import {
  type AttributionAbi,
  type AttributionCall,
  blockOf,
  emit,
  fail,
  type HostRef,
  hostById,
  hostIdSlot,
  hostOf,
} from '../call.ts'
import { creditReason, hostStatus } from '../layout.ts'

function checkFields({ parameters }: AttributionCall, signer: Address, endpoint: string): void {
  if (signer === ZERO_ADDRESS || parameters.systemAccounts.includes(signer)) fail('InvalidSigner', { signer })
  const problem = textProblem(endpoint, bounds.endpointBytes, false)
  if (problem?.kind === 'length') {
    fail('BoundExceeded', { length: BigInt(problem.bytes), maximum: BigInt(bounds.endpointBytes) })
  }
  if (problem !== undefined) fail('InvalidText')
}

/** The caller's registration, unless its bond has left. */
function ownHost(call: AttributionCall): { readonly hostId: number; readonly host: HostRef } {
  const own = hostOf(call, call.host.caller)
  if (own === undefined || own.host.get('status') === hostStatus.left) {
    return fail('NotRegistered', { account: call.host.caller })
  }
  return own
}

function activeHost(call: AttributionCall): { readonly hostId: number; readonly host: HostRef } {
  const own = ownHost(call)
  if (own.host.get('status') !== hostStatus.active) fail('NotRegistered', { account: call.host.caller })
  return own
}

export const hostMethods: Methods<
  AttributionAbi,
  AttributionCall,
  'registerHost' | 'updateHost' | 'addHostBond' | 'deregisterHost' | 'withdrawHostBond' | 'hostInfo'
> = {
  registerHost: {
    gas: 1_000n,
    run(call, { signer, endpoint }) {
      const { host, store, money, root, parameters } = call
      checkFields(call, signer, endpoint)
      const before = hostOf(call, host.caller)
      if (before !== undefined && before.host.get('status') !== hostStatus.left) {
        fail('AlreadyRegistered', { account: host.caller })
      }
      const bondWei = host.valueWei
      const minimumWei = parameters.hostBondMinWei
      if (bondWei < minimumWei) fail('BondTooLow', { bondWei, minimumWei })
      const hostId = root.get('hostCount') + 1
      root.set('hostCount', hostId)
      store.save(hostIdSlot(call, host.caller), BigInt(hostId))
      const entry = hostById(call, hostId)
      entry.update({ account: host.caller, bondWei, signer, status: hostStatus.active })
      entry.setText('endpoint', endpoint)
      money.receive('bondsWei', bondWei)
      emit(host, 'HostRegistered', { host: host.caller, hostId, signer, endpoint, bondWei })
      return hostId
    },
  },

  updateHost: {
    gas: 1_000n,
    run(call, { signer, endpoint }) {
      const { host } = activeHost(call)
      checkFields(call, signer, endpoint)
      host.set('signer', signer)
      host.setText('endpoint', endpoint)
      emit(call.host, 'HostUpdated', { host: call.host.caller, signer, endpoint })
    },
  },

  addHostBond: {
    gas: 0n,
    run(call) {
      const amountWei = call.host.valueWei
      if (amountWei === 0n) fail('ZeroAmount')
      const { host } = ownHost(call)
      host.set('bondWei', host.get('bondWei') + amountWei)
      call.money.receive('bondsWei', amountWei)
      emit(call.host, 'HostBondAdded', { host: call.host.caller, amountWei })
    },
  },

  deregisterHost: {
    gas: 0n,
    run(call) {
      const { host } = activeHost(call)
      const withdrawableBlock = blockOf(call) + call.parameters.hostExitBlocks
      host.update({ status: hostStatus.leaving, withdrawableBlock })
      emit(call.host, 'HostLeaving', { host: call.host.caller, withdrawableBlock })
      return withdrawableBlock
    },
  },

  withdrawHostBond: {
    gas: 0n,
    run(call) {
      const { host, hostId } = ownHost(call)
      const { status, withdrawableBlock, openFeesWei, bondWei } = host.values()
      if (status !== hostStatus.leaving || blockOf(call) < withdrawableBlock) {
        fail('BondLocked', { withdrawableBlock })
      }
      if (openFeesWei > 0n) fail('ReceiptsOpen', { openFeesWei })
      host.update({ status: hostStatus.left, bondWei: 0n })
      call.money.credit('bondsWei', call.host.caller, creditReason.hostBond, refOf(hostId), bondWei)
      emit(call.host, 'HostLeft', { host: call.host.caller, bondWei })
      return bondWei
    },
  },

  hostInfo: {
    gas: 0n,
    run(call, { host: account }) {
      const entry = hostOf(call, account)
      if (entry === undefined) return fail('NotRegistered', { account })
      return { ...entry.host.values(), hostId: entry.hostId, endpoint: entry.host.text('endpoint') }
    },
  },
}
