import type { TypedTransaction } from '@ethereumjs/tx'
import { encodeFunctionData, getContractAddress } from 'viem'
import { counterAbi, counterCreationCode } from '../../../../contracts/generated/Counter.ts'
import { iDatanetRegistryAbi } from '../../../../contracts/generated/IDatanetRegistry.ts'
import { iProofOfAttributionAbi } from '../../../../contracts/generated/IProofOfAttribution.ts'
import { ATTRIBUTION_ADDRESS, DATANET_ADDRESS } from '../../../../precompiles/addresses.ts'
import { type Address, type Hex, ZERO_ADDRESS } from '../../../../src/primitives/hex.ts'
import { account, type TestChain } from '../../../support/chain.ts'
import {
  claimOf,
  contribution,
  contributionCommitmentOf,
  datanetTerms,
  OPEN,
} from '../../../support/precompileWorld.ts'

const receiver: Address = `0x${'42'.repeat(20)}`
const deployer = account(2)
const contributor = account(4)
const counter = getContractAddress({ from: deployer.address, nonce: 0n }).toLowerCase() as Address

/** Blocks of the story: it deploys code, writes slots and takes them back, and calls native precompiles. */
export const STORY_BLOCKS = 6

export function storyBlock(test: TestChain, height: number): TypedTransaction[] {
  const pay = (value: bigint) => test.transaction(account(0), { to: receiver, value })
  const deploy = () => test.transaction(deployer, { data: counterCreationCode })
  switch (height) {
    case 1:
      return [pay(1n), pay(2n), deploy(), createDatanet(test)]
    case 2:
      return [deposit(test), commitContribution(test), setNumber(test, 7n)]
    case 3:
      return [setNumber(test, 0n)]
    case 4:
      return [revealContribution(test), pay(3n)]
    case 5:
      return [setNumber(test, 7n), deploy()]
    default:
      return [pay(4n)]
  }
}

function setNumber(test: TestChain, value: bigint): TypedTransaction {
  const data = encodeFunctionData({ abi: counterAbi, functionName: 'setNumber', args: [value] })
  return test.transaction(account(0), { to: counter, data })
}

function deposit(test: TestChain): TypedTransaction {
  const data = encodeFunctionData({
    abi: iProofOfAttributionAbi,
    functionName: 'deposit',
    args: [ZERO_ADDRESS],
  })
  return test.transaction(account(3), { to: ATTRIBUTION_ADDRESS, data, value: OPEN })
}

function toDatanets(test: TestChain, from: typeof deployer, data: Hex, value = 0n): TypedTransaction {
  return test.transaction(from, { to: DATANET_ADDRESS, data, value, gasLimit: 3_000_000n })
}

function createDatanet(test: TestChain): TypedTransaction {
  const data = encodeFunctionData({
    abi: iDatanetRegistryAbi,
    functionName: 'createDatanet',
    args: ['Weaknesses', 0, 1, 'CC0-1.0', 'bafymeta', datanetTerms()],
  })
  return toDatanets(test, account(1), data)
}

const offered = contribution(1, { key: new Uint8Array(), address: contributor.address })

function commitContribution(test: TestChain): TypedTransaction {
  const data = encodeFunctionData({
    abi: iDatanetRegistryAbi,
    functionName: 'commitContribution',
    args: [1n, contributionCommitmentOf(1n, offered)],
  })
  return toDatanets(test, contributor, data, OPEN)
}

/** Its minhash becomes a blob. */
function revealContribution(test: TestChain): TypedTransaction {
  const data = encodeFunctionData({
    abi: iDatanetRegistryAbi,
    functionName: 'revealContribution',
    args: [1n, { ...claimOf(offered), receipts: [] }],
  })
  return toDatanets(test, contributor, data)
}
