import { createHash } from 'node:crypto'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { keccak256 } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Link, type LinkQuality, seededRandom } from '../../../scripts/lib/perturb/link.ts'
import { signedTransfer } from '../../../scripts/lib/perturb/load.ts'
import { devnetAccounts } from '../../../src/node/devnet/keys.ts'

const HOST = '127.0.0.1'
let echo: Server
const links: Link[] = []

beforeEach(async () => {
  echo = createServer((socket) => void socket.on('error', () => undefined).pipe(socket))
  await new Promise<void>((resolve) => echo.listen(0, HOST, resolve))
})

afterEach(async () => {
  await Promise.all(links.splice(0).map((link) => link.close()))
  await new Promise((resolve) => echo.close(resolve))
})

const portOf = (server: Server) => (server.address() as { port: number }).port

async function through(quality: LinkQuality): Promise<Socket> {
  const link = new Link({ host: HOST, port: portOf(echo) }, quality, seededRandom(7))
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, HOST, resolve))
  const port = portOf(probe)
  await new Promise((resolve) => probe.close(resolve))
  await link.listen(port)
  links.push(link)
  return connect({ host: HOST, port })
}

/** All that comes back, once the other side has said that it is all. */
function collect(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    socket.on('data', (bytes) => parts.push(bytes))
    socket.once('end', () => resolve(Buffer.concat(parts)))
    socket.once('error', reject)
  })
}

describe('a link', () => {
  it.each<[string, LinkQuality]>([
    ['as it is', { delayMs: 0, loss: 0 }],
    ['late', { delayMs: 3, loss: 0 }],
    ['with losses', { delayMs: 1, loss: 0.01 }],
  ])('hands on every byte in its order, %s', async (_, quality) => {
    const socket = await through(quality)
    const received = collect(socket)
    const sent = createHash('sha256')
    // small pieces at odd moments: timers that overtake each other would show here
    for (let index = 0; index < 300; index++) {
      const piece = Buffer.alloc(1 + ((index * 37) % 2_000), index)
      sent.update(piece)
      socket.write(piece)
      if (index % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 0))
    }
    socket.end()
    const bytes = await received
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sent.digest('hex'))
  })

  it('delays each way', async () => {
    const socket = await through({ delayMs: 30, loss: 0 })
    await new Promise((resolve) => socket.once('connect', resolve))
    const startMs = performance.now()
    const answered = new Promise((resolve) => socket.once('data', resolve))
    socket.write('x')
    await answered
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(58)
    socket.destroy()
  })

  it('carries nothing while it is cut', async () => {
    const socket = await through({ delayMs: 0, loss: 0 })
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => undefined)
    links[0]?.cut(true)
    await closed
    expect(links[0]?.connections).toBeLessThanOrEqual(1)
  })
})

describe('seeded numbers', () => {
  it('are the same for a seed, others for another, and spread evenly', () => {
    const take = (seed: number) => Array.from({ length: 2_000 }, seededRandom(seed))
    expect(take(1)).toEqual(take(1))
    expect(take(1)).not.toEqual(take(2))
    const numbers = take(1)
    const mean = numbers.reduce((sum, one) => sum + one, 0) / numbers.length
    expect(mean).toBeGreaterThan(0.47)
    expect(mean).toBeLessThan(0.53)
  })
})

describe('a transfer of the load', () => {
  it('is what viem makes of the same fields', async () => {
    const [account] = devnetAccounts()
    for (const nonce of [0, 1, 300]) {
      const { raw, hash } = signedTransfer(161_212, nonce, account!.privateKey)
      const theirs = await privateKeyToAccount(account!.privateKey).signTransaction({
        ...{ type: 'eip1559', chainId: 161_212, nonce, gas: 21_000n, value: 1n },
        ...{
          to: `0x${'42'.repeat(20)}`,
          maxFeePerGas: 100_000_000_000n,
          maxPriorityFeePerGas: 1_000_000_000n,
        },
      })
      expect([raw, hash]).toEqual([theirs, keccak256(theirs)])
    }
  })
})
