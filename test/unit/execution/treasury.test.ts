import { decodeErrorResult, encodeFunctionData } from 'viem'
import { describe, expect, it } from 'vitest'
import { treasuryAbi } from '../../../contracts/generated/Treasury.ts'
import { MONEY_SLOT, moneyLayout } from '../../../precompiles/shared/money.ts'
import { nativeAddresses, predeploys } from '../../../src/chainspec/addresses.ts'
import { type AccountOverride, CallRunner } from '../../../src/execution/calls.ts'
import { bigIntToBytes, bytesToBigInt, concatBytes } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256 } from '../../../src/primitives/keccak.ts'
import { account, devnetGenesis, TestChain } from '../../support/chain.ts'

const { datanetRegistry, adapterRegistry, proofOfAttribution } = nativeAddresses

const slotHash = (slot: bigint): Hash => bytesToHex(bigIntToBytes(slot, 32))

/** A precompile's account that owes the treasury some wei, and has them. */
function owing(amountWei: bigint): AccountOverride {
  const { credits, creditsWei } = moneyLayout.places
  const mapping = bigIntToBytes(MONEY_SLOT + credits.slot, 32)
  const ofTreasury = keccak256(concatBytes(new Uint8Array(12), hexToBytes(predeploys.treasury), mapping))
  return {
    balanceWei: amountWei,
    stateDiff: new Map([
      [slotHash(bytesToBigInt(ofTreasury)), amountWei],
      [slotHash(MONEY_SLOT + creditsWei.slot), amountWei << creditsWei.offset],
    ]),
  }
}

/** Wei that `pull` says came in, or its error's name. */
async function pull(test: TestChain, owed: readonly [Address, bigint][]) {
  const { spec, genesisHash, precompiles, head } = test.chain
  const runner = new CallRunner({ spec, genesisHash }, { precompiles })
  const data = hexToBytes(encodeFunctionData({ abi: treasuryAbi, functionName: 'pull' }))
  const outcome = await runner.run(
    { from: account(0).address, to: predeploys.treasury, data, gasLimit: 1_000_000n },
    {
      block: head.block,
      state: head.state,
      stateOverrides: new Map(owed.map(([address, amountWei]) => [address, owing(amountWei)])),
    },
  )
  if (outcome.failure === undefined) return bytesToBigInt(outcome.output)
  return decodeErrorResult({ abi: treasuryAbi, data: bytesToHex(outcome.output) }).errorName
}

describe('the treasury', () => {
  it.each([[datanetRegistry], [adapterRegistry], [proofOfAttribution]])(
    'pulls what %s owes it alone',
    async (address) => {
      expect(await pull(await TestChain.open(), [[address, 5n]])).toBe(5n)
    },
  )

  it('pulls from all three at once', async () => {
    const owed: [Address, bigint][] = [
      [datanetRegistry, 1n],
      [adapterRegistry, 2n],
      [proofOfAttribution, 4n],
    ]
    expect(await pull(await TestChain.open(), owed)).toBe(7n)
  })

  it('says so when there is nothing', async () => {
    expect(await pull(await TestChain.open(), [])).toBe('NothingToPull')
  })

  it('is not stopped by a precompile out of service, whose account takes all gas that it gets', async () => {
    const genesis = devnetGenesis()
    const inService = genesis.precompiles.filter(({ name }) => name !== 'datanetRegistry')
    const test = await TestChain.open({ genesis: { ...genesis, precompiles: inService } })
    const owed: [Address, bigint][] = [
      [datanetRegistry, 1n],
      [adapterRegistry, 2n],
      [proofOfAttribution, 4n],
    ]
    expect(await pull(test, owed)).toBe(6n)
  })
})
