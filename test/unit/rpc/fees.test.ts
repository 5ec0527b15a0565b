import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { FakeNode, GWEI, makeBlock, makeRpc, RECIPIENT, signedTx, wallet } from './fixtures.ts'

const transfer = (nonce: number, tipWei: bigint) =>
  signedTx(wallet(0), {
    type: 2,
    chainId: 161212,
    nonce,
    maxFeePerGas: 100n * GWEI,
    maxPriorityFeePerGas: tipWei,
    gasLimit: 21_000n,
    to: RECIPIENT,
  })

const block = (number: number, tips: bigint[]) =>
  makeBlock(
    number,
    tips.map((tip, index) => transfer(index, tip)),
  )

describe('eth_gasPrice and eth_maxPriorityFeePerGas', () => {
  it('suggest the default while blocks are empty', async () => {
    const { get } = makeRpc()
    expect(await get('eth_maxPriorityFeePerGas')).toBe('0x64')
    expect(await get('eth_gasPrice')).toBe(`0x${(GWEI + 100n).toString(16)}`)
    expect(await get('eth_baseFee')).toBe(`0x${GWEI.toString(16)}`)
    expect(await get('eth_blobBaseFee')).toBe('0x1')
  })

  it('suggest the 60th percentile of the three cheapest of each recent block', async () => {
    const node = new FakeNode([block(0, []), block(1, [900n, 10n, 30n, 20n]), block(2, [40n])])
    const { get } = makeRpc(node)
    // Samples 10, 20, 30, 40; position floor(3 · 0.6) = 1.
    expect(await get('eth_maxPriorityFeePerGas')).toBe('0x14')
    node.append(block(3, [50n, 60n, 70n]))
    // Samples 10 … 70; position floor(6 · 0.6) = 3.
    expect(await get('eth_maxPriorityFeePerGas')).toBe('0x28')
  })

  it('look back twenty blocks and no further', async () => {
    const old = [block(0, []), block(1, [7_000n])]
    const recent = Array.from({ length: 20 }, (_, index) => block(index + 2, []))
    expect(await makeRpc(new FakeNode([...old, ...recent])).get('eth_maxPriorityFeePerGas')).toBe('0x64')
    expect(
      await makeRpc(new FakeNode([...old, ...recent.slice(0, 19)])).get('eth_maxPriorityFeePerGas'),
    ).toBe('0x1b58')
  })
})

describe('eth_feeHistory', () => {
  it('has one entry a block, base fees for one more, and tips weighted by gas', async () => {
    const node = new FakeNode([block(0, []), block(1, [5n, 1n, 9n, 3n]), block(2, [])])
    node.nextBaseFee = 2n * GWEI
    const { get } = makeRpc(node)
    const base = `0x${GWEI.toString(16)}`
    expect(await get('eth_feeHistory', '0x2', 'latest', [0, 25, 26, 50, 75.5, 100])).toEqual({
      oldestBlock: '0x1',
      baseFeePerGas: [base, base, `0x${(2n * GWEI).toString(16)}`],
      gasUsedRatio: [84_000 / 30_000_000, 0],
      baseFeePerBlobGas: ['0x1', '0x1', '0x1'],
      blobGasUsedRatio: [0, 0],
      reward: [
        ['0x1', '0x1', '0x3', '0x3', '0x9', '0x9'],
        ['0x0', '0x0', '0x0', '0x0', '0x0', '0x0'],
      ],
    })
  })

  it('ends at genesis and leaves rewards out when none are asked for', async () => {
    const node = new FakeNode([block(0, []), block(1, [])])
    const { get, ask } = makeRpc(node)
    const history = (await get('eth_feeHistory', 1_000, '0x1')) as Record<string, unknown[]>
    expect(history.oldestBlock).toBe('0x0')
    expect(history.gasUsedRatio).toHaveLength(2)
    expect(history.reward).toBe(undefined)
    const long = new FakeNode(Array.from({ length: 140 }, (_, number) => block(number, [])))
    const ratios = async (...percentiles: number[]) =>
      ((await makeRpc(long).get('eth_feeHistory', '0x400', 'latest', percentiles)) as typeof history)
        .gasUsedRatio
    expect(await ratios()).toHaveLength(140)
    expect(await ratios(50)).toHaveLength(limits.rpcFeeRewardBlocks)
    for (const wrong of [
      ['0x0', 'latest', []],
      ['0x1', 'latest', [50, 40]],
      ['0x1', 'latest', [-1]],
      ['0x1', 'latest', [101]],
      ['0x1', 'latest', Array(101).fill(1)],
      [1.5, 'latest', []],
    ]) {
      expect((await ask('eth_feeHistory', ...wrong)).error?.code).toBe(-32602)
    }
    expect((await ask('eth_feeHistory', '0x1', '0x9', [])).error?.code).toBe(-32001)
  })
})
