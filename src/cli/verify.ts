import { Command, InvalidArgumentError } from 'commander'
import { formatEther } from 'viem'
import { NodeError } from '../errors/errors.ts'
import { type Address, type Hash, isHexBytes, toAddress, toHash } from '../primitives/hex.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { httpLightRpc, type LightRpc } from '../sdk/proofs/lightRpc.ts'
import { type ProvenPayout, provePayout } from '../sdk/proofs/payout.ts'
import { exitCodes } from './exitCodes.ts'
import { createOutput, type Output } from './output.ts'

const HELP = `
What is proven: more than 2/3 of the validators' power decided the block; in its state the receipt has this status and
fee and belongs to this window; the window's pot was this large and is divided among these contributions as shown, each
share credited to its contributor when the window closed; and this is what each of them may claim at that block.

What is not: which claims were made, because a claim leaves no slot behind; who asked and what, because the chain keeps
only a hash of it; that the block is the newest there is, beyond its time (--max-age); and what the fee paid to host and
owner, which is in the same sums as all else they earned.

The trusted hash is of genesis or of the last block of an epoch. Take it from a source that you trust, and not older
than stakes stay bonded: it fixes who the validators are. The server is not trusted with anything: it can refuse to
answer, but not lie.

Exits with 0 when the credits are proven, with 1 when they are not (yet) or the server lies.

Example:
  openledger verify payout --receipt 0x… --trusted-hash 0x… --rpc http://127.0.0.1:8545`

interface PayoutFlags {
  readonly receipt: Hash
  readonly trustedHash: Hash
  readonly rpc: string
  readonly block?: bigint
  readonly contributor?: Address
  readonly maxAge: number
  readonly json?: boolean
}

/** `openledger verify`: proofs for people who do not trust a server. */
export function verifyCommand(done: (exitCode: number) => void): Command {
  const payout = new Command('payout')
    .description(
      'Prove from a trusted hash alone that the contributors behind a paid inference were credited',
    )
    .requiredOption('--receipt <id>', 'the receipt of the inference, 32 bytes in hex', hashOption)
    .requiredOption('--trusted-hash <hash>', 'a block hash that you trust', hashOption)
    .requiredOption('--rpc <url>', 'any JSON-RPC server of the network, trusted or not')
    .option('--block <number>', 'the block to look at (default: the newest)', blockOption)
    .option('--contributor <address>', 'fail unless this account was credited', addressOption)
    .option('--max-age <seconds>', 'refuse a newest block older than this; 0 takes any', secondsOption, 600)
    .option('--json', 'print one JSON object')
    .addHelpText('after', HELP)
    .action(async (flags: PayoutFlags) => {
      const output = createOutput(flags.json === true)
      done(await verifyPayout(flags, { rpc: httpLightRpc(flags.rpc), clock: systemClock, output }))
    })
  return new Command('verify').description('Check what a server says, without trusting it').addCommand(payout)
}

/** Returns the exit code. */
export async function verifyPayout(
  flags: Omit<PayoutFlags, 'rpc' | 'json'>,
  modules: { rpc: LightRpc; clock: Clock; output: Output },
): Promise<number> {
  const { receipt: receiptId, trustedHash, block, contributor, maxAge } = flags
  const question = { receiptId, trustedHash, ...(block === undefined ? {} : { block }) }
  const payout = await provePayout(question, modules)
  if (block === undefined && maxAge > 0) checkAge(payout, maxAge, modules.clock)
  const { output } = modules
  const mine = payout.shares.filter((share) => contributor === undefined || share.contributor === contributor)
  output.emit('payout', { ...payout, shares: mine })
  for (const line of describe(payout, mine)) output.say(line)
  if (mine.some(({ amountWei }) => amountWei > 0n)) return exitCodes.ok
  output.say(reasonFor(payout))
  return exitCodes.failed
}

function checkAge({ header }: ProvenPayout, maxAgeSeconds: number, clock: Clock): void {
  const ageSeconds = Math.floor(clock.nowMs() / 1000) - Number(header.timestamp)
  if (ageSeconds <= maxAgeSeconds) return
  throw new NodeError(
    'BAD_PROOF',
    `The newest block that the server shows is ${ageSeconds} seconds old: it stands still, or hides later blocks.`,
    { ageSeconds },
  )
}

function describe(payout: ProvenPayout, shares: ProvenPayout['shares']): string[] {
  const { header, status, feeWei, adapterId, adapterVersion, windowIndex, potWei, closersWei } = payout
  return [
    `block ${header.height} ${header.hash}: decided by more than 2/3, ${header.epochsWalked} epochs after the trusted hash`,
    `receipt ${payout.receiptId}: ${status}, fee ${formatEther(feeWei)} OPEN, adapter ${adapterId} version ${adapterVersion}, window ${windowIndex}`,
    `window: ${payout.isPaid ? 'closed' : 'open'}, pot ${formatEther(potWei)} OPEN, of which ${formatEther(closersWei)} paid for closing`,
    ...shares.map(
      ({ contributionId, contributor, amountWei, creditWei }) =>
        `contribution ${contributionId}: ${formatEther(amountWei)} OPEN to ${contributor}, who may claim ${formatEther(creditWei)} OPEN`,
    ),
    `${payout.proofs} proofs checked`,
  ]
}

function reasonFor({ status, isPaid, isAttributed, potWei }: ProvenPayout): string {
  if (!isPaid) return `Not credited yet: the receipt is ${status} and its window is not closed.`
  if (potWei === 0n) return 'Nothing was credited: the window closed without a pot.'
  if (!isAttributed) return 'Nothing was credited by score: no contribution scored above zero.'
  return 'Nothing was credited to this contributor in the window.'
}

function hashOption(value: string): Hash {
  if (!isHexBytes(value, 32)) throw new InvalidArgumentError('expected 0x and 64 hex digits.')
  return toHash(value)
}

function addressOption(value: string): Address {
  if (!isHexBytes(value, 20)) throw new InvalidArgumentError('expected 0x and 40 hex digits.')
  return toAddress(value)
}

function blockOption(value: string): bigint {
  if (!/^\d{1,15}$/.test(value)) throw new InvalidArgumentError('expected a block number.')
  return BigInt(value)
}

function secondsOption(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('expected a number of seconds.')
  return Number(value)
}
