import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Contract, ContractFactory, parseEther as ethersParse, JsonRpcProvider, Wallet } from 'ethers'
import { parseEther } from 'viem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { counterAbi, counterCreationCode } from '../../contracts/generated/Counter.ts'
import { freePortBase, isAlive, RunningDevnet, runDevnet } from './support/devnet.ts'

const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'
const receiver = `0x${'42'.repeat(20)}` as const

describe('scripts/devnet', () => {
  let devnet: RunningDevnet
  let dataDir: string
  const pids: number[] = []

  beforeAll(async () => {
    dataDir = join(await mkdtemp(join(tmpdir(), 'openledger-e2e-')), 'devnet')
    devnet = await RunningDevnet.start(['--data-dir', dataDir])
    for (const event of devnet.events) if (event.pid !== undefined) pids.push(event.pid)
  })

  afterAll(async () => {
    await devnet.stop()
    await rm(join(dataDir, '..'), { recursive: true, force: true })
  })

  it('runs four validators and a host in processes of their own', () => {
    expect(devnet.rpc.length).toBe(4)
    expect(new Set(pids).size).toBe(5)
  })

  it('moves OPEN for viem, and every validator agrees', async () => {
    const hash = await devnet.wallet(0, 0).sendTransaction({ to: receiver, value: parseEther('2') })
    const receipt = await devnet.client(0).waitForTransactionReceipt({ hash })
    expect(receipt.status).toBe('success')
    for (let validator = 1; validator < 4; validator++) {
      const client = devnet.client(validator)
      await waitForBlock(client, receipt.blockNumber)
      expect(await client.getBalance({ address: receiver })).toBe(parseEther('2'))
      expect((await client.getBlock({ blockNumber: receipt.blockNumber })).hash).toBe(receipt.blockHash)
    }
  })

  it('deploys, calls, estimates, reads logs and decodes a custom error for viem', async () => {
    const wallet = devnet.wallet(1, 1)
    const client = devnet.client(2)
    const deployed = await devnet.client(1).waitForTransactionReceipt({
      hash: await wallet.deployContract({ abi: counterAbi, bytecode: counterCreationCode }),
    })
    const address = deployed.contractAddress
    if (!address) throw new Error('no contract was made')
    await waitForBlock(client, deployed.blockNumber)
    const contract = { address, abi: counterAbi } as const
    const { request } = await client.simulateContract({
      ...contract,
      functionName: 'setNumber',
      args: [7n],
      account: wallet.account,
    })
    const receipt = await client.waitForTransactionReceipt({ hash: await wallet.writeContract(request) })
    expect(await client.readContract({ ...contract, functionName: 'number' })).toBe(7n)
    const logs = await client.getContractEvents({ ...contract, eventName: 'NumberSet', fromBlock: 0n })
    expect(logs.map((log) => [log.args.by, log.args.number, log.blockNumber])).toEqual([
      [wallet.account.address, 7n, receipt.blockNumber],
    ])
    await expect(
      client.simulateContract({
        ...contract,
        functionName: 'setNumber',
        args: [1001n],
        account: wallet.account,
      }),
    ).rejects.toThrow(/TooLarge/)
  })

  it('tells a WebSocket subscriber of new heads', async () => {
    const client = devnet.socketClient(3)
    const numbers: bigint[] = []
    await new Promise<void>((resolve, reject) => {
      const stop = client.watchBlocks({
        onBlock: (block) => {
          numbers.push(block.number)
          if (numbers.length < 3) return
          stop()
          resolve()
        },
        onError: reject,
      })
    })
    const [first = 0n] = numbers
    expect(numbers).toEqual([first, first + 1n, first + 2n])
    ;(await client.transport.getRpcClient()).close()
  })

  it('serves ethers: transfer, deployment, call, event', async () => {
    const provider = new JsonRpcProvider(devnet.rpc[0], undefined, { pollingInterval: 200 })
    try {
      const wallet = new Wallet(KEY, provider)
      const transfer = await wallet.sendTransaction({ to: receiver, value: ethersParse('1') })
      expect((await transfer.wait())?.status).toBe(1)
      const factory = new ContractFactory(JSON.parse(JSON.stringify(counterAbi)), counterCreationCode, wallet)
      const deployed = await factory.deploy()
      await deployed.waitForDeployment()
      const counter = new Contract(await deployed.getAddress(), factory.interface, wallet)
      const sent = await counter.getFunction('setNumber')(9n)
      const receipt = await sent.wait()
      expect(receipt.logs.length).toBe(1)
      expect(await counter.getFunction('number')()).toBe(9n)
    } finally {
      provider.destroy()
    }
  })

  it('loses no block when a validator is killed: it comes back, catches up and votes again', async () => {
    const before = await devnet.client(0).getBlockNumber()
    const pid = devnet.pidOf('validator-2')
    process.kill(pid, 'SIGKILL')
    const hash = await devnet.wallet(3, 0).sendTransaction({ to: receiver, value: 1n })
    const receipt = await devnet.client(0).waitForTransactionReceipt({ hash })
    expect(receipt.blockNumber).toBeGreaterThan(before)
    await devnet.waitFor((event) => event.event === 'started' && event.name === 'validator-2', 2)
    expect(devnet.pidOf('validator-2')).not.toBe(pid)
    const restarted = devnet.client(2)
    await waitForBlock(restarted, receipt.blockNumber)
    expect((await restarted.getBlock({ blockNumber: receipt.blockNumber })).hash).toBe(receipt.blockHash)
    // with another validator halted the three others are just a quorum, so blocks need the one that came back
    process.kill(devnet.pidOf('validator-0'), 'SIGSTOP')
    try {
      const now = await restarted.getBlockNumber()
      await waitForBlock(restarted, now + 3n)
    } finally {
      process.kill(devnet.pidOf('validator-0'), 'SIGCONT')
    }
  })

  it('stalls with two of four validators halted and goes on when they return', async () => {
    const halted = ['validator-0', 'validator-1'].map((name) => devnet.pidOf(name))
    const client = devnet.client(3)
    for (const pid of halted) process.kill(pid, 'SIGSTOP')
    try {
      // what was under way may still be decided; after that nothing is
      const settled = await untilUnchanged(client)
      expect(await client.getBlockNumber({ cacheTime: 0 })).toBe(settled)
    } finally {
      for (const pid of halted) process.kill(pid, 'SIGCONT')
    }
    const stalledAt = await client.getBlockNumber({ cacheTime: 0 })
    await waitForBlock(client, stalledAt + 2n)
  })

  it('ends on Ctrl-C with code 0 and no process left, and goes on from the same head', async () => {
    const head = await devnet.client(0).getBlock()
    const all = devnet.events.flatMap((event) => event.pid ?? [])
    expect(await devnet.stop()).toBe(0)
    expect(all.filter(isAlive)).toEqual([])
    devnet = await RunningDevnet.start(['--data-dir', dataDir])
    const again = await devnet.client(0).getBlock({ blockNumber: head.number })
    expect(again.hash).toBe(head.hash)
    await waitForBlock(devnet.client(0), head.number + 2n)
  })

  it('refuses another number of validators on the same folder', async () => {
    const base = String(await freePortBase())
    const result = await runDevnet(['--data-dir', dataDir, '--validators', '3', '--port-base', base])
    expect(result.exitCode).toBe(1)
    expect(result.stderr).toMatch(/^openledger: .*devnet of 4 validators/m)
  })
})

describe('scripts/devnet refuses bad input before anything starts', () => {
  const oneSentence = /^openledger: [^\n]+\n$/

  it('an unknown flag', async () => {
    const result = await runDevnet(['--blocks', '3'])
    expect(result.exitCode).toBe(2)
    expect(result.stderr).toContain("unknown option '--blocks'")
  })

  it('a number out of range', async () => {
    const result = await runDevnet(['--validators', '0'])
    expect(result.exitCode).toBe(2)
    expect(result.stderr).toMatch(oneSentence)
  })

  it('a port in use', async () => {
    const base = await freePortBase()
    const server: Server = await new Promise((resolve) => {
      const one = createServer().listen(base + 10, '127.0.0.1', () => resolve(one))
    })
    try {
      const result = await runDevnet(['--port-base', String(base)])
      expect(result.exitCode).toBe(1)
      expect(result.stderr).toContain(`Port ${base + 10} is in use`)
    } finally {
      server.close()
    }
  })

  it('a folder of another network, and a genesis that fails its schema', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'openledger-e2e-'))
    try {
      await writeFile(join(folder, 'genesis.json'), '{"name":"other"}')
      const foreign = await runDevnet(['--data-dir', folder, '--port-base', String(await freePortBase())])
      expect(foreign.exitCode).toBe(1)
      expect(foreign.stderr).toMatch(oneSentence)
      const bad = await runDevnet([
        ...['--genesis', join(folder, 'genesis.json')],
        ...['--data-dir', join(folder, 'new')],
        ...['--port-base', String(await freePortBase())],
      ])
      expect(bad.exitCode).toBe(1)
      expect(bad.stderr).toMatch(oneSentence)
      expect(await readdir(folder)).toEqual(['genesis.json'])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe('scripts/devnet --single', () => {
  it('makes a block for each transaction and none while idle', async () => {
    const devnet = await RunningDevnet.start(['--single'])
    try {
      const client = devnet.client()
      expect(await client.getBlockNumber()).toBe(0n)
      const wallet = devnet.wallet()
      const hashes: `0x${string}`[] = []
      for (let i = 0; i < 3; i++) hashes.push(await wallet.sendTransaction({ to: receiver, value: 1n }))
      const receipts = await Promise.all(hashes.map((hash) => client.waitForTransactionReceipt({ hash })))
      expect(receipts.map((receipt) => receipt.blockNumber)).toEqual([1n, 2n, 3n])
      expect(await client.getBlockNumber({ cacheTime: 0 })).toBe(3n)
    } finally {
      expect(await devnet.stop()).toBe(0)
    }
  })
})

type Client = ReturnType<RunningDevnet['client']>

async function waitForBlock(client: Client, number: bigint): Promise<void> {
  while ((await client.getBlockNumber({ cacheTime: 0 })) < number) await pause(100)
}

/** The height, once it has not changed for five block intervals. */
async function untilUnchanged(client: Client): Promise<bigint> {
  let last = await client.getBlockNumber({ cacheTime: 0 })
  for (let same = 0; same < 25; ) {
    await pause(200)
    const now = await client.getBlockNumber({ cacheTime: 0 })
    same = now === last ? same + 1 : 0
    last = now
  }
  return last
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
