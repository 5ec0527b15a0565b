import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { allPorts, devnetPorts } from '../../../../src/node/devnet/network.ts'
import { requireFreePorts } from '../../../../src/node/devnet/processes.ts'
import { codeOf } from '../../../support/network/outcome.ts'

/** As many as the command line takes. */
const COUNTS = Array.from({ length: 16 }, (_, index) => index + 1)

describe('the ports of a devnet', () => {
  it.each(COUNTS)('do not meet with %i validators', (validators) => {
    const ports = devnetPorts(8545, validators)
    const all = allPorts(ports)
    expect(all.length).toBe(2 * validators + 3)
    expect(new Set(all).size).toBe(all.length)
    expect([ports.rpc.length, ports.p2p.length]).toEqual([validators, validators])
  })

  it('begin at the base: JSON-RPC, peers beside it, and inference where the documents say', () => {
    expect(devnetPorts(8545, 2)).toEqual({
      rpc: [8545, 8555],
      p2p: [8546, 8556],
      inference: 8600,
      hostRpc: 8601,
      hostP2p: 8602,
    })
    expect(devnetPorts(20_000, 1).rpc).toEqual([20_000])
  })

  it('stay in the range for the largest base that the command line takes', () => {
    expect(Math.max(...allPorts(devnetPorts(65_000, 16)))).toBeLessThanOrEqual(65_535)
  })

  it('are refused when one of them is in use', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    expect(await codeOf(requireFreePorts([port]))).toBe('PORT_IN_USE')
    await new Promise((resolve) => server.close(resolve))
    expect(await codeOf(requireFreePorts([port]))).toBe('no error')
  })
})
