import { describe, expect, it } from 'vitest'
import { TransactionSender } from '../../../src/node/transactionSender.ts'
import { type Address, hexToBytes } from '../../../src/primitives/hex.ts'
import { account } from '../../support/chain.ts'
import { thrownCode } from '../../support/network/outcome.ts'
import { PoolNode } from '../../support/poolNode.ts'

const receiver: Address = `0x${'42'.repeat(20)}`
const request = { to: receiver, data: '0x', gasLimit: 21_000n } as const

async function open(privateKey = hexToBytes(account(3).privateKey)) {
  const node = await PoolNode.open()
  const sender = new TransactionSender({ privateKey }, { chain: node.test.chain, mempool: node.mempool })
  return { node, sender }
}

describe('a node’s own transactions', () => {
  it('go into its pool and run on the chain', async () => {
    const { node, sender } = await open()
    expect(sender.address).toBe(account(3).address)
    const hash = sender.send({ ...request, valueWei: 9n })
    expect(node.mempool.get(hash)?.sender).toBe(account(3).address)
    expect(await node.minePool()).toEqual([true])
    expect(node.test.chain.head.state.account(receiver)?.balanceWei).toBe(9n)
    expect(node.test.chain.store.transaction(hash)).toMatchObject({ height: 1, index: 0 })
  })

  it('follow each other by nonce, in the pool and after a block', async () => {
    const { node, sender } = await open()
    sender.send(request)
    sender.send({ ...request, data: '0x' })
    expect(await node.minePool()).toEqual([true, true])
    const third = sender.send(request)
    expect(node.mempool.get(third)?.nonce).toBe(2n)
  })

  it('carry no value unless it is given, and can pay twice the present base fee', async () => {
    const { node, sender } = await open()
    const { tx, feeCapWei } = node.mempool.get(sender.send(request))!
    expect(tx.value).toBe(0n)
    expect(feeCapWei).toBe(2n * node.mempool.head.nextBaseFeeWei + 10n ** 9n)
  })

  it('that the account cannot pay are refused, and the next one has the same nonce', async () => {
    const { node, sender } = await open(new Uint8Array(32).fill(7))
    expect(thrownCode(() => sender.send(request))).toBe('TX_INSUFFICIENT_FUNDS')
    await node.test.mine([
      node.test.transaction(account(0), { to: sender.address, value: 10n ** 18n, gasLimit: 21_000n }),
    ])
    expect(node.mempool.get(sender.send(request))?.nonce).toBe(0n)
  })
})
