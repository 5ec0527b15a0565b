import {
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  type Hex,
  http,
  type PublicClient,
  parseEther,
} from 'viem'
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { predeploys } from '../chainspec/addresses.ts'
import { messageOf, NodeError } from '../errors/errors.ts'
import { readPrivateKey } from '../node/keyFile.ts'
import { type Address, bytesToHex, isHexBytes } from '../primitives/hex.ts'
import { openledgerChain, stakingAbi } from '../sdk/index.ts'

/** How long a command waits for a node's answer, and for its transaction's block. */
const ANSWER_MS = 10_000
const BLOCK_MS = 60_000
const POLL_MS = 500

/** Methods of Staking that an operator calls. */
export type OperatorMethod =
  | 'join'
  | 'addStake'
  | 'unbond'
  | 'exit'
  | 'withdraw'
  | 'unjail'
  | 'rotateConsensusKey'
  | 'setFeeRecipient'
  | 'setRandomnessTip'
  | 'claimRewards'

export interface Sent {
  readonly hash: Hex
  readonly block: bigint
}

/** Staking as a command reaches it: over a node's JSON-RPC, with or without an operator's key. */
export class StakingClient {
  readonly chainId: number
  readonly #rpcUrl: string
  readonly #public: PublicClient
  readonly #operator: PrivateKeyAccount | undefined

  private constructor(rpcUrl: string, client: PublicClient, chainId: number, operator?: PrivateKeyAccount) {
    this.chainId = chainId
    this.#rpcUrl = rpcUrl
    this.#public = client
    this.#operator = operator
  }

  /** `keyFile` holds the operator's key; without it nothing can be sent. */
  static async open(rpcUrl: string, keyFile?: string, password?: string): Promise<StakingClient> {
    const client = createPublicClient({ transport: transportTo(rpcUrl), pollingInterval: POLL_MS })
    const key = keyFile === undefined ? undefined : bytesToHex(await readPrivateKey(keyFile, password))
    const chainId = await answered(rpcUrl, client.getChainId())
    return new StakingClient(rpcUrl, client, chainId, key && privateKeyToAccount(key))
  }

  get operator(): Address {
    return lower(this.#account().address)
  }

  read<T>(method: string, args: readonly unknown[] = []): Promise<T> {
    const call = { address: predeploys.staking, abi: stakingAbi, functionName: method, args }
    return answered(this.#rpcUrl, this.#public.readContract(call as never)) as Promise<T>
  }

  height(): Promise<bigint> {
    return answered(this.#rpcUrl, this.#public.getBlockNumber({ cacheTime: 0 }))
  }

  /** Tries the call first, so that what Staking would refuse costs nothing; then sends it and waits for its block. */
  async send(method: OperatorMethod, args: readonly unknown[] = [], valueWei = 0n): Promise<Sent> {
    const account = this.#account()
    const call = { address: predeploys.staking, abi: stakingAbi, functionName: method, args, value: valueWei }
    const chain = openledgerChain({ id: this.chainId, name: 'openledger', rpcUrl: this.#rpcUrl })
    const wallet = createWalletClient({ account, chain, transport: transportTo(this.#rpcUrl) })
    await answered(this.#rpcUrl, this.#public.simulateContract({ ...call, account } as never))
    const hash = await answered(this.#rpcUrl, wallet.writeContract(call as never))
    const waiting = this.#public.waitForTransactionReceipt({ hash, timeout: BLOCK_MS })
    const { status, blockNumber } = await answered(this.#rpcUrl, waiting)
    if (status !== 'success')
      throw new NodeError('TX_INVALID', `The transaction ${hash} failed in its block.`)
    return { hash, block: blockNumber }
  }

  #account(): PrivateKeyAccount {
    if (this.#operator === undefined)
      throw new NodeError('BAD_CONFIG', 'The operator’s key is missing: --key.')
    return this.#operator
  }
}

const transportTo = (rpcUrl: string) => http(rpcUrl, { timeout: ANSWER_MS, retryCount: 0 })

export const lower = (address: string): Address => address.toLowerCase() as Address

/** A refusal of Staking by its error's name; what else goes wrong names the node that was asked. */
async function answered<T>(rpcUrl: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    const reverted =
      error instanceof BaseError ? error.walk((one) => one instanceof ContractFunctionRevertedError) : null
    if (reverted instanceof ContractFunctionRevertedError && reverted.data !== undefined) {
      const { errorName, args = [] } = reverted.data
      throw new NodeError('TX_INVALID', `Staking refuses: ${errorName}(${args.join(', ')}).`, { errorName })
    }
    const reason = error instanceof BaseError ? error.shortMessage : messageOf(error)
    throw new NodeError('NOT_FOUND', `The node at ${rpcUrl} did not do it: ${reason}`, {}, error)
  }
}

/** An amount of OPEN, such as 10000 or 0.5, in wei. */
export function parseOpen(text: string): bigint {
  if (!/^(0|[1-9]\d{0,9})(\.\d{1,18})?$/.test(text)) {
    throw new NodeError('BAD_CONFIG', `"${text}" is no amount of OPEN; write 10000 or 0.5.`)
  }
  return parseEther(text)
}

export function parseAddress(text: string): Address {
  if (!isHexBytes(text, 20))
    throw new NodeError('BAD_CONFIG', `"${text}" is no address: 0x and 40 hex digits.`)
  return lower(text)
}
