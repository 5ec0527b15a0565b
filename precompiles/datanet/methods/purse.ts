import type { Methods } from '../../shared/dispatch.ts'
import { refOf } from '../../shared/money.ts'
import { minimum } from '../../shared/shares.ts'
import {
  blockOf,
  type DatanetAbi,
  type DatanetCall,
  emit,
  existingDatanet,
  fail,
  ownedDatanet,
} from '../call.ts'
import { creditReason } from '../layout.ts'

export const purseMethods: Methods<DatanetAbi, DatanetCall, 'fund' | 'requestPurse' | 'withdrawPurse'> = {
  fund: {
    gas: 0n,
    run(call, { datanetId }) {
      const { host, money } = call
      const datanet = existingDatanet(call, datanetId)
      const amountWei = host.valueWei
      if (amountWei === 0n) fail('ZeroAmount')
      datanet.set('purseWei', datanet.get('purseWei') + amountWei)
      money.receive('potsWei', amountWei)
      emit(host, 'PurseFunded', { datanetId, from: host.caller, amountWei })
    },
  },

  requestPurse: {
    gas: 0n,
    run(call, { datanetId, amountWei }) {
      const { host, parameters } = call
      const datanet = ownedDatanet(call, datanetId)
      if (amountWei === 0n) fail('ZeroAmount')
      const maximumWei = datanet.get('purseWei')
      if (amountWei > maximumWei) fail('AmountTooHigh', { amountWei, maximumWei })
      const purseWithdrawableBlock = blockOf(call) + parameters.purseExitBlocks
      datanet.update({ purseLeavingWei: amountWei, purseWithdrawableBlock })
      emit(host, 'PurseRequested', { datanetId, amountWei, withdrawableBlock: purseWithdrawableBlock })
      return purseWithdrawableBlock
    },
  },

  withdrawPurse: {
    gas: 0n,
    run(call, { datanetId }) {
      const { host, money } = call
      const datanet = ownedDatanet(call, datanetId)
      const { purseWei, purseLeavingWei, purseWithdrawableBlock } = datanet.values()
      if (purseLeavingWei === 0n) fail('NothingRequested')
      if (blockOf(call) < purseWithdrawableBlock)
        fail('TooEarly', { fromBlock: BigInt(purseWithdrawableBlock) })
      const amountWei = minimum(purseLeavingWei, purseWei)
      datanet.update({ purseWei: purseWei - amountWei, purseLeavingWei: 0n, purseWithdrawableBlock: 0 })
      money.credit('potsWei', host.caller, creditReason.purse, refOf(datanetId), amountWei)
      emit(host, 'PurseWithdrawn', { datanetId, owner: host.caller, amountWei })
      return amountWei
    },
  },
}
