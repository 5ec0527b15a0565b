import type { Methods } from '../../shared/dispatch.ts'
import { minimum } from '../../shared/shares.ts'
import { type AttributionAbi, type AttributionCall, blockOf, depositAt, emit, fail } from '../call.ts'

export const depositMethods: Methods<
  AttributionAbi,
  AttributionCall,
  'deposit' | 'requestWithdraw' | 'withdraw' | 'depositOf'
> = {
  deposit: {
    gas: 0n,
    run(call, { host: forHost }) {
      const { host, money } = call
      const amountWei = host.valueWei
      if (amountWei === 0n) fail('ZeroAmount')
      const deposit = depositAt(call, host.caller, forHost)
      deposit.set('balanceWei', deposit.get('balanceWei') + amountWei)
      money.receive('depositsWei', amountWei)
      emit(host, 'Deposited', { requester: host.caller, host: forHost, amountWei })
    },
  },

  requestWithdraw: {
    gas: 0n,
    run(call, { host: forHost, amountWei }) {
      const { host, parameters } = call
      if (amountWei === 0n) fail('ZeroAmount')
      const deposit = depositAt(call, host.caller, forHost)
      const balanceWei = deposit.get('balanceWei')
      if (amountWei > balanceWei) fail('AmountTooHigh', { amountWei, maximumWei: balanceWei })
      const withdrawableBlock = blockOf(call) + parameters.withdrawDelayBlocks
      deposit.update({ leavingWei: amountWei, withdrawableBlock })
      emit(host, 'WithdrawalRequested', {
        requester: host.caller,
        host: forHost,
        amountWei,
        withdrawableBlock,
      })
      return withdrawableBlock
    },
  },

  withdraw: {
    gas: 0n,
    run(call, { host: forHost }) {
      const { host, money } = call
      const deposit = depositAt(call, host.caller, forHost)
      const { balanceWei, leavingWei, withdrawableBlock } = deposit.values()
      if (leavingWei === 0n) fail('NothingRequested')
      if (blockOf(call) < withdrawableBlock) fail('TooEarly', { fromBlock: BigInt(withdrawableBlock) })
      const amountWei = minimum(leavingWei, balanceWei)
      deposit.update({ balanceWei: balanceWei - amountWei, leavingWei: 0n, withdrawableBlock: 0 })
      money.payOut('depositsWei', host.caller, amountWei)
      emit(host, 'Withdrawn', { requester: host.caller, host: forHost, amountWei })
      return amountWei
    },
  },

  depositOf: {
    gas: 0n,
    run: (call, { requester, host }) => depositAt(call, requester, host).values(),
  },
}
