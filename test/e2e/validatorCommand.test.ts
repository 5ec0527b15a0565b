import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { runCli } from '../../src/cli/program.ts'
import { nodeSettings, readSettings } from '../../src/config/settings.ts'
import { createNode } from '../../src/node/compose.ts'
import {
  devnetGenesisAccounts,
  devnetGenesisValidators,
  devnetValidator,
} from '../../src/node/devnet/keys.ts'
import { withConstructedAlloc, writeGenesisFile } from '../../src/node/genesisFile.ts'
import { writeKeyFile } from '../../src/node/keyFile.ts'
import { RevealChain } from '../../src/node/revealChain.ts'
import { hexToBytes } from '../../src/primitives/hex.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { devnetGenesis } from '../support/chain.ts'
import { freePortBase } from './support/devnet.ts'

const OPEN = 10n ** 18n
/** One validator runs; the second joins, and leaves before the epoch in which it would vote. */
const first = devnetValidator(0)
const second = devnetValidator(1)
const rotated = devnetValidator(2)

let folder: string
let rpc: string
let node: Awaited<ReturnType<typeof createNode>>
const file = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openledger-e2e-'))
  const base = devnetGenesis()
  const genesis = await withConstructedAlloc(
    {
      ...base,
      staking: { ...base.staking, minimumStakeWei: (1_000n * OPEN).toString() },
      // the first block on a busy machine takes longer than the devnet's budget
      builderBudgetMs: 10_000,
      consensus: { ...base.consensus, epochBlocks: 500 },
      validators: devnetGenesisValidators(1),
      accounts: {
        ...devnetGenesisAccounts(1),
        [second.operator.address]: { balanceWei: (5_000n * OPEN).toString() },
      },
    },
    'test',
  )
  await writeGenesisFile(file('genesis.json'), genesis)
  for (const [index, one] of [first, second].entries()) {
    // the second validator never builds: short hash chains do
    const reveal = { revealSeed: one.revealSeed, ...(index === 0 ? {} : { revealLength: 1_024 }) }
    const keys = { operator: one.operator.address, ...reveal }
    await writeKeyFile(file(`operator-${index}.json`), { privateKey: one.operator.privateKey })
    await writeKeyFile(file(`validator-${index}.json`), { ...keys, privateKey: one.consensus.privateKey })
  }
  await writeKeyFile(file('rotated.json'), {
    privateKey: rotated.consensus.privateKey,
    operator: second.operator.address,
    revealSeed: second.revealSeed,
    revealLength: 1_024,
  })
  const rpcPort = await freePortBase()
  rpc = `http://127.0.0.1:${rpcPort}`
  const flags = { dataDir: file('data'), genesis: file('genesis.json'), rpcPort, single: true }
  const settings = readSettings(nodeSettings, { ...flags, validatorKey: file('validator-0.json') }, {})
  node = await createNode(settings, silentLogger)
  await node.start()
})

afterAll(async () => {
  await node.stop()
  await rm(folder, { recursive: true, force: true })
})

afterEach(() => vi.restoreAllMocks())

/** Runs `openledger validator …` with --json; its exit code and what it wrote. */
async function validator(...args: string[]) {
  const printed: Record<string, unknown>[] = []
  const errors: string[] = []
  vi.spyOn(console, 'log').mockImplementation((line: string) => printed.push(JSON.parse(line)))
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => errors.push(String(text)) > 0)
  const exitCode = await runCli(['validator', ...args, '--rpc', rpc, '--json'])
  vi.restoreAllMocks()
  return { exitCode, event: printed[0], error: errors.join('') }
}
const asSecond = (name: string, ...args: string[]) =>
  validator(name, ...args, '--key', file('operator-1.json'))
const status = async () => (await validator('status', '--validator-key', file('validator-1.json'))).event

describe('openledger validator', () => {
  it('joins, with the key proof made here and the tip of the seed', async () => {
    expect(await status()).toMatchObject({ state: 'unknown', stakeWei: '0' })
    const { feeRecipient } = second
    const join = ['--stake', '2000', '--fee-recipient', feeRecipient.address]
    const wrong = await asSecond('join', ...join, '--validator-key', file('validator-0.json'))
    expect([wrong.exitCode, wrong.event]).toEqual([2, undefined])
    const low = await asSecond(
      'join',
      '--stake',
      '999',
      ...join.slice(2),
      '--validator-key',
      file('validator-1.json'),
    )
    expect(low.exitCode).toBe(1)
    expect(low.error).toContain('StakeTooLow')
    const joined = await asSecond('join', ...join, '--validator-key', file('validator-1.json'))
    expect(joined).toMatchObject({ exitCode: 0, event: { event: 'join', operator: second.operator.address } })
    expect(await status()).toMatchObject({
      state: 'candidate',
      consensusKey: second.consensus.address,
      feeRecipient: feeRecipient.address,
      stakeWei: (2_000n * OPEN).toString(),
    })
  })

  it('moves stake in and out', async () => {
    expect((await asSecond('add-stake', '500.5')).exitCode).toBe(0)
    expect((await asSecond('unbond', '100')).exitCode).toBe(0)
    expect(await status()).toMatchObject({
      stakeWei: ((24_005n * OPEN) / 10n).toString(),
      unbonding: [{ amountWei: (100n * OPEN).toString() }],
    })
    expect((await asSecond('withdraw')).error).toContain('NotYetWithdrawable')
    expect((await asSecond('claim-rewards')).error).toContain('NothingToWithdraw')
    for (const amount of ['1e3', '-5', '0x10', '1.0000000000000000001']) {
      expect((await asSecond('unbond', amount)).exitCode).toBe(2)
    }
  })

  it('changes the fee recipient, the key and the hash chain', async () => {
    const elsewhere = `0x${'42'.repeat(20)}`
    expect((await asSecond('set-fee-recipient', elsewhere)).exitCode).toBe(0)
    expect((await asSecond('set-fee-recipient', '0x42')).exitCode).toBe(2)
    // the operator's machine has none of the node's keys
    const { event: proof } = await validator('prove', '--validator-key', file('rotated.json'))
    expect((await asSecond('rotate-key')).exitCode).toBe(2)
    const stolen = JSON.stringify({ ...proof, operator: first.operator.address })
    expect((await asSecond('rotate-key', '--proof', stolen)).exitCode).toBe(2)
    expect((await asSecond('rotate-key', '--proof', '{}')).exitCode).toBe(2)
    expect((await asSecond('rotate-key', '--proof', JSON.stringify(proof))).exitCode).toBe(0)
    const known = await asSecond('set-randomness', '--validator-key', file('validator-1.json'))
    expect([known.exitCode, known.error.includes('already')]).toEqual([2, true])
    const keys = ['--key', file('operator-0.json'), '--validator-key', file('validator-0.json')]
    expect((await validator('set-randomness', ...keys)).exitCode).toBe(0)
    expect((await asSecond('unjail')).error).toContain('NotJailed')
    expect(await status()).toMatchObject({ feeRecipient: elsewhere, consensusKey: rotated.consensus.address })
  })

  it('counts what a running validator’s hash chain has left', async () => {
    const args = ['--validator-key', file('validator-0.json')]
    const { event } = await validator('status', ...args)
    const { length } = { length: new RevealChain(hexToBytes(first.revealSeed)).remaining }
    expect(event).toMatchObject({ state: 'member', revealGeneration: 0 })
    expect(event?.revealsLeft).toBe(length - Number(event?.height))
  })

  it('leaves, which the last validator cannot', async () => {
    expect((await asSecond('leave')).exitCode).toBe(0)
    expect(await status()).toMatchObject({ state: 'left', stakeWei: '0' })
    const last = await validator('leave', '--key', file('operator-0.json'))
    expect([last.exitCode, last.error.includes('LastValidator')]).toEqual([1, true])
  })

  it('says what is missing, and where it asked', async () => {
    expect((await validator('leave')).exitCode).toBe(2)
    const nobody = await runQuietly([
      'validator',
      'status',
      '--operator',
      second.operator.address,
      '--rpc',
      'http://127.0.0.1:1',
    ])
    expect(nobody).toBe(1)
    expect(await runQuietly(['validator', 'join', '--help'])).toBe(0)
  })
})

async function runQuietly(args: string[]): Promise<number> {
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true)
  return runCli(args)
}
