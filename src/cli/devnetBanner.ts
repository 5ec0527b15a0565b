import { getAddress } from 'viem'
import type { DevnetFolder } from '../node/devnet/folder.ts'
import { DEVNET_MNEMONIC, devnetAccounts } from '../node/devnet/keys.ts'
import { LOOPBACK } from '../node/devnet/network.ts'
import type { Output } from './output.ts'

export interface BannerFacts {
  readonly folder: DevnetFolder
  readonly rpcPorts: readonly number[]
  readonly inferencePort: number | undefined
}

/** What a newcomer needs to connect: accounts, keys, endpoints. */
export function showBanner(output: Output, facts: BannerFacts): void {
  const accounts = devnetAccounts()
  const rpc = facts.rpcPorts.map((port) => `http://${LOOPBACK}:${port}`)
  const inference =
    facts.inferencePort === undefined ? undefined : `http://${LOOPBACK}:${facts.inferencePort}`
  output.emit('ready', {
    rpc,
    webSocket: facts.rpcPorts.map((port) => `ws://${LOOPBACK}:${port}`),
    ...(inference === undefined ? {} : { inference }),
    dataDir: facts.folder.path,
    accounts: accounts.map(({ address, privateKey }) => ({ address: getAddress(address), privateKey })),
  })
  const lines = [
    '',
    facts.folder.isNew ? 'openledger devnet' : 'openledger devnet, going on from where it stopped',
    '',
    'Accounts, 10,000 OPEN each at genesis',
    ...accounts.map(({ address }, index) => `  (${index}) ${getAddress(address)}`),
    '',
    'Private keys',
    ...accounts.map(({ privateKey }, index) => `  (${index}) ${privateKey}`),
    '',
    `Mnemonic: ${DEVNET_MNEMONIC}`,
    'THESE KEYS ARE PUBLIC. Whatever is sent to them on a real network is lost.',
    '',
    'Chain id: 161212',
    `JSON-RPC (HTTP and WebSocket): ${rpc.join('  ')}`,
    ...(inference === undefined ? [] : [`Inference API: ${inference}`]),
    `Data and logs: ${facts.folder.path}`,
    '',
    'Stop with Ctrl-C.',
  ]
  output.say(lines.join('\n'))
}
