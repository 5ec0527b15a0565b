import { encodeAbiParameters, keccak256, parseAbiParameters } from 'viem'
import { iProofOfAttributionAbi } from '../../../../contracts/generated/IProofOfAttribution.ts'
import type { PrecompileParameters } from '../../../../precompiles/parameters.ts'
import { type Address, bytesToHex, type Hash } from '../../../../src/primitives/hex.ts'
import {
  type Account,
  account,
  contribution,
  type MadeReceipt,
  makeQuery,
  makeRow,
  OPEN,
  type Terms,
  testHash,
  testParameters,
  World,
} from '../../../support/precompileWorld.ts'

export const owner = account(1)
export const scorer = account(2)
export const contributors = [account(3), account(4), account(5)] as const
export const requester = account(6)
export const host = account(7)
export const hostSigner = account(8)
export const settler = account(9)
export const auditors = [account(10), account(11), account(12), account(13)] as const
export const application = account(14)
export const stranger = account(15)

/** The addresses as setGrantedAuditors takes them. */
export const ascending = (list: readonly Account[]): Address[] =>
  list.map(({ address }) => address).sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))

/** All who are ever an elector in these tests. */
const voters: readonly Account[] = [
  ...auditors,
  requester,
  host,
  hostSigner,
  stranger,
  ...Array.from({ length: 80 }, (_, n) => account(200 + n)),
]

export function voteCommitmentOf(auditor: Account, ids: readonly Hash[], verdicts: readonly number[]): Hash {
  const types = parseAbiParameters('address, bytes32[], uint8[], bytes32')
  return keccak256(encodeAbiParameters(types, [auditor.address, ids, verdicts, testHash('audit salt')]))
}

export interface Options {
  readonly parameters?: Partial<PrecompileParameters>
  readonly members?: number
  readonly k?: number
  readonly withAuditors?: boolean
  readonly hostBondWei?: bigint
}

/** A running chain: an active adapter, a bonded host, a funded requester, and auditors. */
export class Fixture {
  readonly world: World
  readonly adapterId: bigint
  readonly baseModelId: bigint
  readonly k: number
  readonly rows: readonly Uint8Array[]
  readonly datanetId: bigint
  #nonce = 0n

  constructor(options: Options = {}) {
    const { parameters = {}, members = 6, k = 16, withAuditors = true, hostBondWei = 1000n * OPEN } = options
    this.world = new World({ ...testParameters, ...parameters })
    this.k = k
    const specs = Array.from({ length: members }, (_, n) =>
      contribution(n, contributors[n % contributors.length]!),
    )
    this.datanetId = this.world.frozenDatanet(owner, scorer, specs)
    this.baseModelId = this.world.registerBaseModel(owner)
    this.rows = specs.map((_, n) => makeRow(k, n))
    const { attribution } = this.world
    if (withAuditors) {
      auditors.forEach((auditor, index) => {
        const valueWei = BigInt(10 + index) * OPEN
        attribution.send('registerAuditor', [this.baseModelId], { from: auditor.address, valueWei })
      })
    }
    this.adapterId = this.world.activeAdapter(owner, this.baseModelId, [this.datanetId], this.rows, { k })
    attribution.send('registerHost', [hostSigner.address, 'https://host.example'], {
      from: host.address,
      valueWei: hostBondWei,
    })
    attribution.send('deposit', [`0x${'00'.repeat(20)}`], { from: requester.address, valueWei: 100n * OPEN })
  }

  get attribution() {
    return this.world.attribution
  }

  get chain() {
    return this.world.chain
  }

  receipt(overrides: Partial<Terms> = {}): MadeReceipt {
    this.#nonce += 1n
    return this.world.makeReceipt({
      requester,
      host,
      signer: hostSigner,
      adapterId: this.adapterId,
      queryRow: makeQuery(this.k, Number(this.#nonce)),
      nonce: this.#nonce,
      profileHash: this.world.profileHash,
      ...overrides,
    })
  }

  settle(...receipts: MadeReceipt[]): number[] {
    return this.world.settle(receipts, settler)
  }

  statusOf(receiptId: Hash): number {
    return this.attribution.read('getReceipt', [receiptId]).status
  }

  draw(...receipts: MadeReceipt[]): number[] {
    const ids = receipts.map((receipt) => receipt.receiptId)
    return [...this.attribution.send('drawAudits', [ids], { from: stranger.address }).value]
  }

  committee(receipt: MadeReceipt): Account[] {
    const accounts = this.attribution.read('committee', [receipt.receiptId]).map((a) => a.toLowerCase())
    return accounts.map((address) => voters.find((auditor) => auditor.address === address)!)
  }

  commitmentOf(
    auditor: Account,
    ids: readonly Hash[],
    verdicts: readonly number[],
    digests: readonly Hash[],
  ): Hash {
    const reveal = iProofOfAttributionAbi.find(
      (item) => item.type === 'function' && item.name === 'revealAudit',
    )
    const inputs = [{ name: 'auditor', type: 'address' }, ...(reveal?.inputs ?? [])]
    const values = [auditor.address, ids, verdicts, digests, testHash('audit salt')]
    return keccak256(encodeAbiParameters(inputs as never, values as never))
  }

  commitVerdict(auditor: Account, receipt: MadeReceipt, verdict: number, digest = testHash('digest')): void {
    const commitment = this.commitmentOf(auditor, [receipt.receiptId], [verdict], [digest])
    this.attribution.send('commitAudit', [[receipt.receiptId], commitment], { from: auditor.address })
  }

  revealVerdict(auditor: Account, receipt: MadeReceipt, verdict: number, digest = testHash('digest')) {
    const args = [[receipt.receiptId], [verdict], [digest], testHash('audit salt')]
    return this.attribution.send('revealAudit', args, { from: auditor.address })
  }

  /** A whole audit, one verdict for each seat; a zero neither commits nor reveals. */
  audit(receipt: MadeReceipt, verdicts: readonly number[]): Account[] {
    if (this.statusOf(receipt.receiptId) === 1) {
      this.chain.advance()
      this.draw(receipt)
    }
    const committee = this.committee(receipt)
    const voting = committee.flatMap((auditor, seat) =>
      verdicts[seat] === 0 ? [] : [{ auditor, verdict: verdicts[seat]! }],
    )
    for (const { auditor, verdict } of voting) this.commitVerdict(auditor, receipt, verdict)
    if (voting.length < committee.length) this.chain.advance(this.world.parameters.auditCommitBlocks + 1)
    for (const { auditor, verdict } of voting) this.revealVerdict(auditor, receipt, verdict)
    return committee
  }

  /** What the auditor has bonded, also after it left. */
  bondOf(auditor: Account): bigint {
    return this.attribution.read('auditorInfo', [auditor.address, this.baseModelId]).bondWei
  }

  factsOf(receipt: MadeReceipt) {
    return this.world.factsOf(receipt.receiptId)
  }

  challenge(
    receipt: MadeReceipt,
    by: Account = stranger,
    valueWei = this.world.parameters.receiptChallengeBondWei,
  ) {
    return this.attribution.try('challengeReceipt', [this.factsOf(receipt)], { from: by.address, valueWei })
  }

  appeal(receipt: MadeReceipt, by: Account = stranger, valueWei = this.world.parameters.appealBondWei) {
    return this.attribution.try('appealReceipt', [this.factsOf(receipt)], { from: by.address, valueWei })
  }

  openAppeals(...receipts: MadeReceipt[]): number[] {
    const facts = receipts.map((receipt) => this.factsOf(receipt))
    return [...this.attribution.send('openAppeal', [facts], { from: stranger.address }).value]
  }

  electors(receipt: MadeReceipt): Account[] {
    const { electors } = this.attribution.read('getAppeal', [receipt.receiptId])
    return electors.map((address) => voters.find((one) => one.address === address.toLowerCase())!)
  }

  commitVote(by: Account, receipt: MadeReceipt, verdict: number): void {
    const commitment = voteCommitmentOf(by, [receipt.receiptId], [verdict])
    this.attribution.send('commitAppeal', [[receipt.receiptId], commitment], { from: by.address })
  }

  revealVote(by: Account, receipt: MadeReceipt, verdict: number) {
    const args = [[receipt.receiptId], [verdict], testHash('audit salt')]
    return this.attribution.send('revealAppeal', args, { from: by.address })
  }

  /** Votes of all electors, in their order; who has a zero neither commits nor reveals. */
  vote(receipt: MadeReceipt, verdicts: readonly number[]): Account[] {
    const electors = this.electors(receipt)
    const voting = electors.flatMap((by, n) => (verdicts[n] === 0 ? [] : [{ by, verdict: verdicts[n]! }]))
    for (const { by, verdict } of voting) this.commitVote(by, receipt, verdict)
    if (voting.length < electors.length) this.chain.advance(this.world.parameters.auditCommitBlocks + 1)
    for (const { by, verdict } of voting) this.revealVote(by, receipt, verdict)
    return electors
  }

  pastChallenge(): void {
    const { challengeWindowBlocks, auditCommitBlocks, auditRevealBlocks } = this.world.parameters
    this.chain.advance(challengeWindowBlocks + auditCommitBlocks + auditRevealBlocks + 2)
  }

  finalize(receipts: readonly MadeReceipt[], withRows = false) {
    const facts = receipts.map((receipt) => this.world.factsOf(receipt.receiptId))
    const rows = receipts.map((receipt) => (withRows ? receipt.signed.queryRow : '0x'))
    return this.attribution.send('finalize', [facts, rows], { from: stranger.address })
  }

  /** Settles receipts, has every committee find them right, and finalises them. */
  finalReceipts(receipts: readonly MadeReceipt[]): void {
    this.settle(...receipts)
    this.chain.advance()
    this.draw(...receipts)
    for (const receipt of receipts) this.audit(receipt, [1, 1, 1])
    this.pastChallenge()
    this.finalize(receipts)
  }

  close(maxWork = 100_000) {
    return this.attribution.send('closeWindow', [this.adapterId, maxWork], { from: stranger.address })
  }

  credits(who: Account): bigint {
    return this.attribution.read('credits', [who.address])
  }

  /** The balance is what the books say, bucket by bucket. */
  booksBalance(): bigint {
    const totals = this.attribution.read('totals')
    const sum = totals.depositsWei + totals.pendingWei + totals.potsWei + totals.creditsWei + totals.bondsWei
    return this.chain.balanceOf(this.attribution.address) - sum
  }
}

export function rowHex(bytes: Uint8Array) {
  return bytesToHex(bytes)
}
