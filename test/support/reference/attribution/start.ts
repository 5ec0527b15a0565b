import { encodeAbiParameters, keccak256 } from 'viem'
import { iProofOfAttributionAbi } from '../../../../contracts/generated/IProofOfAttribution.ts'
import { type Address, type Hash, ZERO_ADDRESS } from '../../../../src/primitives/hex.ts'
import { Corpus, Passages, text } from '../../corpus.ts'
import {
  account,
  contribution,
  type MadeReceipt,
  makeRow,
  nearMinhash,
  OPEN,
  testHash,
  testParameters,
  World,
} from '../../precompileWorld.ts'
import { TREES } from '../twinWorlds.ts'

export const K = 16

/** Texts and passages of the adapter in this place of the list. */
export const EVIDENCED = 5
export const CORPUS = new Corpus([text(1, 70), text(2, 23), text(3, 140)], [9, 16, 64, 3])
export const PASSAGES = new Passages(11, 8)

export const OWNER = account(1)
export const SCORER = account(2)
export const CONTRIBUTORS = [3, 4, 5].map(account)
export const REQUESTERS = [6, 16].map(account)
export const HOSTS = [7, 17].map(account)
export const SIGNERS = [8, 18].map(account)
export const SETTLER = account(9)
export const AUDITORS = [10, 11, 12, 13, 19].map(account)
export const APPLICATION = account(14)
export const STRANGER = account(15)
export const GOVERNANCE = account(20)

/** A receipt, with what finalize must be told of it. */
export interface Known extends MadeReceipt {
  readonly requester: Address
  readonly application: Address
  readonly host: Address
}

export interface AttributionStart {
  readonly world: World
  /** Of the model with enough auditors, and of one with too few. */
  readonly baseModelIds: readonly bigint[]
  readonly adapterIds: readonly bigint[]
  /** Receipts that are settled. */
  readonly receipts: readonly Known[]
  /** Commitments whose reveals have not come. */
  readonly committed: readonly Committed[]
}

const REVEAL = iProofOfAttributionAbi.find((item) => item.type === 'function' && item.name === 'revealAudit')

/** What an auditor will reveal. */
export interface Committed {
  readonly auditor: Address
  readonly receiptIds: readonly Hash[]
  readonly verdicts: readonly number[]
  readonly digests: readonly Hash[]
  readonly salt: Hash
}

export function commitmentOf({ auditor, receiptIds, verdicts, digests, salt }: Committed): Hash {
  const inputs = [{ name: 'auditor', type: 'address' }, ...(REVEAL?.inputs ?? [])]
  return keccak256(
    encodeAbiParameters(inputs as never, [auditor, receiptIds, verdicts, digests, salt] as never),
  )
}

const VOTE = iProofOfAttributionAbi.find((item) => item.type === 'function' && item.name === 'revealAppeal')

/** The commitment to votes in appeals, which need no digests. */
export function voteOf({ auditor, receiptIds, verdicts, salt }: Committed): Hash {
  const inputs = [{ name: 'auditor', type: 'address' }, ...(VOTE?.inputs ?? [])]
  return keccak256(encodeAbiParameters(inputs as never, [auditor, receiptIds, verdicts, salt] as never))
}

/** Receipts, audits and windows in every state, over adapters of several forms. */
export function attributionStart(): AttributionStart {
  const world = new World({ ...testParameters, auditRateBps: 6000, governanceAddress: GOVERNANCE.address })
  for (const tree of TREES) world.chain.fund(tree, 1_000n * OPEN)
  const baseModelIds = [world.registerBaseModel(OWNER), world.registerBaseModel(OWNER, 'other')]
  AUDITORS.forEach((auditor, n) => {
    for (const id of n < 2 ? baseModelIds : baseModelIds.slice(0, 1)) {
      const options = { from: auditor.address, valueWei: BigInt(10 + n) * OPEN }
      world.attribution.send('registerAuditor', [id], options)
    }
  })
  const market = new Market(world, adaptersOn(world, baseModelIds))
  market.open()
  market.trade()
  world.chain.fund(world.attribution.address, 3n)
  const { adapterIds, receipts, committed } = market
  return { world, baseModelIds, adapterIds, receipts, committed }
}

/** One with two versions, one that queries of positive values speak against, a child of both, and others. */
function adaptersOn(world: World, [audited = 0n, lonely = 0n]: readonly bigint[]): readonly bigint[] {
  const [clusters, plain] = [clusteredDatanet(world), plainDatanet(world)]
  const rows = (count: number) => Array.from({ length: count }, (_, n) => makeRow(K, n))
  const wide = world.activeAdapter(OWNER, audited, [clusters, plain], rows(10))
  const sour = world.activeAdapter(STRANGER, audited, [clusters], Array.from({ length: 8 }, sourRow))
  const parents = [
    { adapterId: wide, royaltyBps: 3000 },
    { adapterId: sour, royaltyBps: 1111 },
  ]
  const child = world.activeAdapter(OWNER, audited, [plain], rows(2), { parents })
  const unaudited = world.activeAdapter(OWNER, lonely, [plain], rows(2))
  const restricted = world.activeAdapter(OWNER, audited, [plain], rows(2))
  const evidence = { ...CORPUS.terms, ...PASSAGES.terms }
  const paused = world.activeAdapter(OWNER, audited, [plain], rows(2), evidence)
  const from = { from: OWNER.address }
  world.adapters.send('setAccessPolicy', [restricted, 1], from)
  const until = Number(world.chain.number) + 60
  world.adapters.send('setAccess', [restricted, REQUESTERS[0]?.address ?? ZERO_ADDRESS, until], from)
  world.adapters.send('pause', [paused], from)
  return [wide, sour, child, unaudited, restricted, paused]
}

/** Plays what has happened so far. */
class Market {
  readonly adapterIds: readonly bigint[]
  readonly receipts: Known[] = []
  readonly committed: Committed[] = []
  readonly #world: World

  constructor(world: World, adapterIds: readonly bigint[]) {
    this.#world = world
    this.adapterIds = adapterIds
  }

  /** Hosts with much and with little bond, and deposits for all and for one host. */
  open(): void {
    const { attribution } = this.#world
    HOSTS.forEach((host, n) => {
      const signer = (n === 0 ? SIGNERS[0] : host) ?? host
      const options = { from: host.address, valueWei: (n === 0 ? 1_000n : 5n) * OPEN }
      attribution.send('registerHost', [signer.address, `https://host${n}.example`], options)
      const [requester, valueWei] = [REQUESTERS[n]?.address ?? ZERO_ADDRESS, OPEN / 20n]
      attribution.send('deposit', [host.address], { from: requester, valueWei })
    })
    const [first = OWNER] = REQUESTERS
    attribution.send('deposit', [ZERO_ADDRESS], { from: first.address, valueWei: 100n * OPEN })
  }

  /** The life of a day: the oldest windows can be closed, the newest receipts are just settled. */
  trade(): void {
    const { chain, parameters, attribution } = this.#world
    this.#grant()
    const [wide = 0n, sour = 0n, child = 0n, unaudited = 0n, restricted = 0n] = this.adapterIds
    const old = [
      this.#settle(wide, 4),
      this.#settle(sour, 4),
      this.#settle(child, 2),
      this.#settle(unaudited, 2),
    ]
    attribution.send('markWrong', [this.#factsOf(old[0]?.[1])], {
      from: REQUESTERS[0]?.address ?? ZERO_ADDRESS,
    })
    this.#audit(old.flat(), (n) => (n % 4 === 3 ? 2 : 1))
    chain.advance(parameters.challengeWindowBlocks + parameters.auditCommitBlocks)
    for (const receipts of old.slice(0, 2)) this.#finalize(receipts)
    attribution.send('closeWindow', [sour, 1], { from: STRANGER.address })
    this.#world.nextVersion(
      wide,
      OWNER,
      [1n],
      Array.from({ length: 8 }, (_, n) => makeRow(K, n + 50)),
    )
    chain.advance(parameters.challengeWindowBlocks - 4)

    const audited = [...this.#settle(wide, 2), ...this.#settle(child, 1)]
    const disputed = this.#challenged(this.#settle(wide, 2))
    const found = this.#challenged(this.#settle(child, 1))
    this.#audit(audited, (n) => 1 + (n % 2), false)
    this.#audit(found, () => 2)
    this.#audit(disputed, (_, seat) => 1 + (seat % 2))
    const [first] = disputed
    attribution.send('openAppeal', [[this.#factsOf(first)]], { from: STRANGER.address })
    chain.advance(1)
    this.#settle(restricted, 1)
    this.#settle(wide, 1)
    attribution.send('requestWithdraw', [ZERO_ADDRESS, OPEN], {
      from: REQUESTERS[0]?.address ?? ZERO_ADDRESS,
    })
    const leaving = AUDITORS[4]?.address ?? ZERO_ADDRESS
    attribution.send('deregisterAuditor', [1n], { from: leaving })
  }

  #grant(): void {
    const list = AUDITORS.map(({ address }) => address).sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
    const from = REQUESTERS[0]?.address ?? ZERO_ADDRESS
    this.#world.attribution.send('setGrantedAuditors', [list.slice(0, 4)], { from })
  }

  #settle(adapterId: bigint, count: number): readonly Known[] {
    const [requester = OWNER, host = OWNER] = [REQUESTERS[0], HOSTS[0]]
    const made = Array.from({ length: count }, (_, n) => {
      const nonce = BigInt(1_000_000 + this.receipts.length + n)
      const application = n % 2 === 0 ? APPLICATION.address : ZERO_ADDRESS
      const queryRow = Uint8Array.from({ length: K }, (_, at) => 1 + ((n * 7 + at * 5) % 50))
      const { world } = { world: this.#world }
      const receipt = world.makeReceipt({
        requester,
        host,
        signer: SIGNERS[0] ?? OWNER,
        adapterId,
        queryRow,
        nonce,
        application,
        profileHash: world.profileHash,
        outputTokens: 100 * n,
      })
      return { ...receipt, requester: requester.address, application, host: host.address }
    })
    this.#world.settle(made, SETTLER)
    this.receipts.push(...made)
    return made
  }

  #challenged(receipts: readonly Known[]): readonly Known[] {
    const options = { from: STRANGER.address, valueWei: this.#world.parameters.receiptChallengeBondWei }
    for (const receipt of receipts) {
      this.#world.attribution.send('challengeReceipt', [this.#factsOf(receipt)], options)
    }
    return receipts
  }

  /** Draws, and has whole committees commit and, if it is said so, reveal. */
  #audit(receipts: readonly Known[], verdictOf: (n: number, seat: number) => number, reveals = true): void {
    const { attribution, chain } = this.#world
    chain.advance(1)
    attribution.send('drawAudits', [receipts.map(({ receiptId }) => receiptId)], { from: STRANGER.address })
    const committed = receipts.flatMap(({ receiptId }, n) =>
      attribution.read('committee', [receiptId]).map((auditor, seat) => ({
        auditor: auditor.toLowerCase() as Address,
        receiptIds: [receiptId],
        verdicts: [verdictOf(n, seat)],
        digests: [testHash(`digest ${receiptId}`)],
        salt: testHash('salt'),
      })),
    )
    for (const one of committed) {
      attribution.send('commitAudit', [one.receiptIds, commitmentOf(one)], { from: one.auditor })
    }
    if (!reveals) {
      this.committed.push(...committed)
      return
    }
    for (const { auditor, receiptIds, verdicts, digests, salt } of committed) {
      attribution.send('revealAudit', [receiptIds, verdicts, digests, salt], { from: auditor })
    }
  }

  #finalize(receipts: readonly Known[]): void {
    const facts = receipts.map((receipt) => this.#factsOf(receipt))
    const rows = receipts.map(({ signed }) => signed.queryRow)
    this.#world.attribution.send('finalize', [facts, rows], { from: STRANGER.address })
  }

  #factsOf(receipt: Known | undefined) {
    return this.#world.factsOf(receipt?.receiptId ?? testHash('no receipt'))
  }
}

/** Eight contributions in five clusters: one with two copies that weigh the same, and one that is not new at all. */
function clusteredDatanet(world: World): bigint {
  const first = contribution(0, CONTRIBUTORS[0] ?? OWNER)
  const specs = Array.from({ length: 8 }, (_, n) => {
    const spec = contribution(n, CONTRIBUTORS[n % CONTRIBUTORS.length] ?? OWNER)
    if (n === 2 || n === 3) return { ...spec, recordCount: 3, minhash: nearMinhash(first.minhash, 10) }
    return n === 5 ? { ...spec, minhash: first.minhash } : spec
  })
  return world.frozenDatanet(OWNER, SCORER, specs)
}

function plainDatanet(world: World): bigint {
  const specs = [20, 21].map((n) => contribution(n, CONTRIBUTORS[n % CONTRIBUTORS.length] ?? OWNER))
  return world.frozenDatanet(OWNER, SCORER, specs)
}

/** A row against which every query of positive values scores less than nothing. */
function sourRow(_: unknown, n: number): Uint8Array {
  const row = makeRow(K, n)
  new Int8Array(row.buffer, 4).forEach((value, index, values) => {
    values[index] = -Math.max(1, Math.abs(value))
  })
  return row
}
