import {
  type DataRecord,
  nativeAddresses,
  type PaidPrediction,
  predict,
  proofOfAttributionAbi,
} from 'openledger/sdk'
import { BaseError, ContractFunctionRevertedError, parseEther } from 'viem'
import { allDone, type DemoAccount, type DemoNetwork, pause } from './network.ts'
import type { Reporter } from './reporter.ts'

const attribution = { to: nativeAddresses.proofOfAttribution, abi: proofOfAttributionAbi } as const
const view = { address: nativeAddresses.proofOfAttribution, abi: proofOfAttributionAbi } as const

const DEPOSIT_WEI = parseEther('20')
const MAX_FEE_WEI = parseEther('0.2')
const AT_ONCE = 4
const FINAL = 4

export interface Asked {
  readonly record: DataRecord
  readonly answer: PaidPrediction
}

/** Waits until the host lists the adapter. */
export async function waitForHost(endpoint: string, adapterId: bigint): Promise<void> {
  for (let tries = 0; tries < 240; tries++) {
    const response = await fetch(new URL('/v1/models', endpoint))
    const text = await response.text()
    if (response.ok && text.includes(`"id":"${adapterId}"`)) return
    await pause(500)
  }
  throw new Error('the host does not serve the adapter')
}

export async function deposit(network: DemoNetwork, requester: DemoAccount): Promise<void> {
  await allDone(network, [
    await requester.send({ ...attribution, functionName: 'deposit', args: [zero], valueWei: DEPOSIT_WEI }),
  ])
}

const zero = `0x${'00'.repeat(20)}` as const

/** Buys an answer for each record, a few at a time. */
export async function ask(
  endpoint: string,
  requester: DemoAccount,
  adapterId: bigint,
  records: readonly DataRecord[],
): Promise<Asked[]> {
  const asked: Asked[] = []
  const pending = records.entries()
  const worker = async () => {
    for (const [index, record] of pending) {
      const answer = await predict({
        endpoint,
        chainId: 161212,
        adapterId,
        text: record.text,
        account: requester.account,
        maxFeeWei: MAX_FEE_WEI,
      })
      asked[index] = { record, answer }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return asked
}

/** Waits until every receipt has a block, and says in how many. */
export async function waitSettled(network: DemoNetwork, asked: readonly Asked[]): Promise<void> {
  await waitForAll(network, asked, (status) => status !== 0)
}

export async function waitFinal(
  network: DemoNetwork,
  asked: readonly Asked[],
  reporter: Reporter,
): Promise<void> {
  let reported = 0
  await waitForAll(
    network,
    asked,
    (status) => status >= FINAL,
    (done) => {
      if (performance.now() - reported < 5_000) return
      reported = performance.now()
      reporter.say(`${done} of ${asked.length} receipts are final`)
    },
  )
}

async function waitForAll(
  network: DemoNetwork,
  asked: readonly Asked[],
  isDone: (status: number) => boolean,
  tell: (done: number) => void = () => undefined,
): Promise<void> {
  const open = new Set(asked.map(({ answer }) => answer.receiptId))
  for (let tries = 0; tries < 600; tries++) {
    for (const receiptId of [...open]) {
      const status = await statusOf(network, receiptId)
      if (!isDone(status)) break
      open.delete(receiptId)
    }
    tell(asked.length - open.size)
    if (open.size === 0) return
    await pause(500)
  }
  throw new Error(`${open.size} of ${asked.length} receipts are still open`)
}

/** Zero while no block has settled it. */
async function statusOf(network: DemoNetwork, receiptId: PaidPrediction['receiptId']): Promise<number> {
  try {
    const { status } = await network
      .client()
      .readContract({ ...view, functionName: 'getReceipt', args: [receiptId] })
    return status
  } catch (error) {
    if (error instanceof BaseError && error.walk((cause) => cause instanceof ContractFunctionRevertedError))
      return 0
    throw error
  }
}

/** Waits until every window of the adapter is closed; returns how many there are. */
export async function waitClosed(network: DemoNetwork, adapterId: bigint): Promise<bigint> {
  for (let tries = 0; tries < 600; tries++) {
    const [newest, closed] = await network
      .client()
      .readContract({ ...view, functionName: 'windowsOf', args: [adapterId] })
    if (newest > 0n && newest === closed) return newest
    await pause(500)
  }
  throw new Error('the windows of the adapter did not close')
}
