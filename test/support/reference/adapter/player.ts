import { decodeFunctionResult, encodeFunctionData } from 'viem'
import { iAdapterRegistryAbi } from '../../../../contracts/generated/IAdapterRegistry.ts'
import { iProofOfAttributionAbi } from '../../../../contracts/generated/IProofOfAttribution.ts'
import {
  adapterStatus,
  challengeStatus,
  versionStatus,
  WHOLE_FOLD,
} from '../../../../precompiles/adapter/layout.ts'
import { rowBytes, rowsPerChunk } from '../../../../precompiles/adapter/rows.ts'
import { ADAPTER_ADDRESS, ATTRIBUTION_ADDRESS } from '../../../../precompiles/addresses.ts'
import { bytesToHex, hexToBytes, ZERO_ADDRESS, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import type { Dice } from '../../callFuzzer.ts'
import { account, OPEN, rfc6962, testHash } from '../../precompileWorld.ts'
import type { RunningWorld } from '../runningWorld.ts'
import type { Move, Player } from '../subject.ts'
import { TREES } from '../twinWorlds.ts'
import { AuditIdeas } from './audits.ts'
import { ACCOUNTS, adapterCall, type CallOptions, type Idea } from './calls.ts'
import { adapterDraft, hash, price, text, versionDraft } from './drafts.ts'
import { rowsFor } from './rows.ts'
import { AdapterScan } from './scan.ts'
import { type AdapterStart, ALICE, AUDITORS, BOB } from './start.ts'

/** Plays the adapter registry: looks at some adapters of the native world, and thinks of what could come next. */
export class AdapterPlayer implements Player {
  readonly #dice: Dice
  readonly #start: AdapterStart
  readonly #native: RunningWorld
  readonly #scan: AdapterScan
  readonly #focus: bigint[] = []
  readonly #audits: AuditIdeas

  constructor(dice: Dice, start: AdapterStart, native: RunningWorld) {
    this.#dice = dice
    this.#start = start
    this.#native = native
    this.#scan = new AdapterScan(native)
    this.#audits = new AuditIdeas(dice, this.#scan, start.committed)
    const count = Number(this.#scan.count())
    // the last ones are those in which something is going on
    for (let n = 0; n < 2; n++) this.#focus.push(BigInt(count - dice.below(dice.below(3) === 0 ? count : 9)))
  }

  boundaries(): readonly bigint[] {
    return this.#focus.flatMap((id) => {
      const { bondReleaseBlock, nextPriceBlock, newestVersion, currentVersion } = this.#scan.adapter(id)
      const { commitEndBlock, revealEndBlock } = this.#scan.challenge(id)
      const { activeFromBlock } = this.#scan.version(id, newestVersion)
      const { retiredBlock } = this.#scan.version(id, currentVersion)
      const blocks = [
        bondReleaseBlock,
        nextPriceBlock,
        commitEndBlock,
        revealEndBlock,
        activeFromBlock,
        retiredBlock,
      ]
      return blocks.filter((block) => block > 0).map(BigInt)
    })
  }

  async next(): Promise<Move> {
    const dice = this.#dice
    const newest = this.#scan.count()
    if (!this.#focus.includes(newest) && dice.below(3) === 0) this.#focus[1] = newest
    const id = dice.one(this.#focus)
    const kind = dice.below(20)
    if (kind < 11) return dice.one(this.#progress(id))()
    if (kind < 15) return dice.one(this.#upkeep(id))()
    if (kind < 18) return dice.one(this.#general())()
    return dice.one(this.#views(id))()
  }

  #call(method: string, args: readonly unknown[], options: CallOptions = {}): Move {
    return adapterCall(this.#dice, method, args, options)
  }

  /** What brings an adapter further. */
  #progress(id: bigint): readonly Idea[] {
    const scan = this.#scan
    const { newestVersion, status, owner, pendingOwner } = scan.adapter(id)
    const version = scan.version(id, newestVersion)
    const challenge = scan.challenge(id)
    const own = { from: owner }
    if (status === adapterStatus.deprecated) return [() => this.#call('releaseBond', [id])]
    if (status === adapterStatus.paused) return [() => this.#call('unpause', [id], own)]
    if (challenge.status === challengeStatus.waiting) {
      const advance = this.#dice.below(10) === 0 ? 0 : 1
      return [() => this.#call('drawRowAudit', [id], { advance })]
    }
    if (challenge.status === challengeStatus.audit) return this.#audits.of(id, this.#focus)
    const drop = () => this.#call('dropDraft', [id], own)
    if (version.status === versionStatus.draft) {
      return version.rowCount < version.memberCount
        ? [() => this.#append(id), () => this.#append(id), () => this.#append(id), drop]
        : [() => this.#publish(id), () => this.#publish(id), () => this.#append(id)]
    }
    if (version.status === versionStatus.published) {
      return [() => this.#challenge(id), () => this.#call('pause', [id], own)]
    }
    return [
      () => this.#newVersion(id),
      () => this.#newVersion(id),
      () => this.#call('pause', [id], own),
      () => this.#call('acceptAdapter', [id], { from: pendingOwner }),
      () => this.#call('setPrice', [id, price(this.#dice)], own),
    ]
  }

  /** What its owner may do with an adapter at any time, and others with his leave. */
  #upkeep(id: bigint): readonly Idea[] {
    const dice = this.#dice
    const { owner, pendingOwner } = this.#scan.adapter(id)
    const own = { from: owner }
    const someone = () => dice.one([ZERO_ADDRESS, ADAPTER_ADDRESS, ...ACCOUNTS])
    return [
      () => this.#call('setMetadata', [id, text(dice), text(dice)], own),
      () => this.#call('setAccessPolicy', [id, dice.one([0, 1, 1, 2])], own),
      () => this.#call('setAccess', [id, someone(), this.#untilBlock()], own),
      () => this.#call('transferAdapter', [id, someone()], own),
      () => this.#call('acceptAdapter', [id], { from: pendingOwner === ZERO_ADDRESS ? owner : pendingOwner }),
      () => this.#call('topUpBond', [id], { valueWei: dice.one([0n, 1n, OPEN]) }),
      () => this.#call('setPrice', [id, price(dice)], own),
      () => this.#call('dropDraft', [id], own),
      () => this.#call('pause', [id], own),
      () => this.#call('deprecate', [id], own),
      () => this.#call('releaseBond', [id]),
      () => this.#newVersion(id),
      () => this.#append(id),
      () => this.#publish(id),
      () => this.#challenge(id),
      () => this.#call('drawRowAudit', [id]),
      () => this.#call('resolveRowChallenge', [id]),
      ...this.#audits.of(id, this.#focus),
    ]
  }

  /** What is about no adapter that is there. */
  #general(): readonly Idea[] {
    const dice = this.#dice
    const create = () => {
      const draft = adapterDraft(dice, this.#start, this.#scan.count(), this.#published())
      const valueWei = dice.one([OPEN, OPEN, OPEN, OPEN, OPEN, OPEN + 3n, OPEN - 1n])
      return this.#call('createAdapter', [draft], { from: dice.one(ACCOUNTS), valueWei })
    }
    const register = () => {
      const known = [testHash('encoder onnx'), testHash('tokenizer'), this.#start.world.profileHash]
      const hashes = dice.below(4) === 0 ? known : [hash(dice), hash(dice), hash(dice)]
      return this.#call('registerBaseModel', [...hashes, text(dice), text(dice)])
    }
    const { treasuryAddress, stakingAddress } = this.#start.world.parameters
    const [tree = ALICE.address] = TREES
    const creditor = () => dice.one([ALICE.address, tree, dice.one([...ACCOUNTS, account(20).address])])
    return [
      create,
      create,
      create,
      register,
      () => this.#call('claim', [], { from: dice.one([creditor(), creditor(), treasuryAddress]) }),
      () => this.#call('claimFor', [creditor()]),
      () =>
        this.#call('claimMany', [
          [creditor(), creditor(), dice.one([creditor(), creditor(), treasuryAddress])],
        ]),
      () => this.#call('claimFor', [dice.one([treasuryAddress, stakingAddress])]),
      () => this.#call('releaseBond', [this.#deprecated()]),
      () => this.#call('sweepSurplus', []),
      () => this.#auditor(),
    ]
  }

  #views(id: bigint): readonly Idea[] {
    const dice = this.#dice
    const number = (...items: readonly number[]) => dice.one(items)
    const adapterId = dice.below(12) === 0 ? dice.one([0n, 99n]) : id
    const version = number(0, 1, 1, 1, 2, 2, 3)
    const [withAuditors = 1n] = this.#start.baseModelIds
    const known = [testHash('encoder onnx'), testHash('tokenizer'), this.#start.world.profileHash]
    return [
      () => this.#call('getAdapter', [adapterId]),
      () => this.#call('getVersion', [adapterId, version]),
      () => this.#call('versionsOf', [adapterId, number(0, 1, 2, 2 ** 32 - 1), number(0, 1, 2, 256, 257)]),
      () => this.#call('parentsOf', [adapterId]),
      () => this.#call('priceOf', [adapterId]),
      () =>
        this.#call('getRows', [adapterId, version, number(0, 1, 4, 2 ** 32 - 1), number(0, 1, 7, 64, 65)]),
      () => this.#call('mayUse', [adapterId, dice.one(ACCOUNTS)]),
      () => this.#call('accessUntil', [adapterId, dice.one(ACCOUNTS)]),
      () => this.#call('getRowChallenge', [adapterId]),
      () => this.#call('isActive', [adapterId]),
      () => this.#call('acceptsVersion', [adapterId, version]),
      () => this.#call('getBaseModel', [dice.one([0n, withAuditors, 99n])]),
      () => this.#call('baseModelOf', dice.below(2) === 0 ? known : [ZERO_HASH, ZERO_HASH, ZERO_HASH]),
      () => this.#call('totals', []),
      () => this.#call('credits', [dice.one([...ACCOUNTS, account(20).address])]),
    ]
  }

  #all(): readonly bigint[] {
    return Array.from({ length: Number(this.#scan.count()) }, (_, index) => BigInt(index + 1))
  }

  #deprecated(): bigint {
    return this.#dice.one(
      this.#all().filter((id) => this.#scan.adapter(id).status === adapterStatus.deprecated),
    )
  }

  /** Adapters that may be parents. */
  #published(): readonly bigint[] {
    return this.#all().filter((id) => {
      const { newestVersion, currentVersion } = this.#scan.adapter(id)
      const { status } = this.#scan.version(id, newestVersion)
      return currentVersion !== 0 || status === versionStatus.active || status === versionStatus.published
    })
  }

  #untilBlock(): number {
    const block = this.#scan.block()
    return this.#dice.one([0, block - 1, block, block + 3, 2 ** 40 - 1])
  }

  #newVersion(id: bigint): Move {
    const { owner, bondWei } = this.#scan.adapter(id)
    const enough = bondWei < OPEN ? OPEN : 0n
    const valueWei = this.#dice.below(6) === 0 ? 1n : enough
    return this.#call('newVersion', [id, versionDraft(this.#dice, this.#start)], { from: owner, valueWei })
  }

  #append(id: bigint): Move {
    const dice = this.#dice
    const { owner, newestVersion } = this.#scan.adapter(id)
    const { k, rowCount } = this.#scan.version(id, newestVersion)
    const all = this.#scan
      .datanets(id, newestVersion)
      .flatMap((datanet) => this.#start.members.get(datanet) ?? [])
    const left = all.slice(rowCount)
    const perChunk = rowsPerChunk(k)
    const chunks = dice.one([perChunk, 2 * perChunk, 3 * perChunk, 4 * perChunk])
    const members = left.slice(0, dice.below(10) === 0 ? 1 + dice.below(all.length) : chunks)
    const rows = members.length === 0 ? dice.bytes(rowBytes(k)) : rowsFor(dice, k, members)
    const startRow = dice.below(12) === 0 ? rowCount + 1 : rowCount
    return this.#call('appendRows', [id, startRow, bytesToHex(rows)], { from: owner })
  }

  async #publish(id: bigint): Promise<Move> {
    const { owner, newestVersion } = this.#scan.adapter(id)
    const { k } = this.#scan.version(id, newestVersion)
    const view = { abi: iAdapterRegistryAbi, functionName: 'getRows' } as const
    const data = encodeFunctionData({ ...view, args: [id, newestVersion, 0, 64] })
    const output = await this.#native.view(ADAPTER_ADDRESS, hexToBytes(data))
    const bytes = output === undefined ? '0x' : decodeFunctionResult({ ...view, data: bytesToHex(output) })
    const rows = hexToBytes(bytes)
    const leaves = Array.from({ length: rows.length / rowBytes(k) }, (_, row) =>
      rows.subarray(row * rowBytes(k), (row + 1) * rowBytes(k)),
    )
    const root = this.#dice.below(12) === 0 ? testHash('no root') : bytesToHex(rfc6962(leaves))
    return this.#call('publish', [id, root], { from: owner })
  }

  #challenge(id: bigint): Move {
    const dice = this.#dice
    const { newestVersion } = this.#scan.adapter(id)
    const { rowCount } = this.#scan.version(id, newestVersion)
    const row = dice.one([0, Math.max(rowCount - 1, 0), rowCount, WHOLE_FOLD, WHOLE_FOLD - 1])
    const bondWei = this.#start.world.parameters.rowChallengeBondWei
    const valueWei = dice.below(12) === 0 ? bondWei - 1n : bondWei
    const from = dice.one([account(20).address, ...ACCOUNTS, ...AUDITORS.map(({ address }) => address)])
    return this.#call('challengeRows', [id, row, dice.below(2) === 0 ? '' : text(dice)], { from, valueWei })
  }

  /** Registers or takes away an auditor, so that draws have others to choose from. */
  #auditor(): Move {
    const dice = this.#dice
    const baseModelId = dice.one(this.#start.baseModelIds)
    const joins = dice.below(2) === 0
    const method = joins ? 'registerAuditor' : 'deregisterAuditor'
    const data = encodeFunctionData({
      abi: iProofOfAttributionAbi,
      functionName: method,
      args: [baseModelId],
    })
    const from = dice.one([...AUDITORS, BOB, account(15)]).address
    return {
      to: ATTRIBUTION_ADDRESS,
      from,
      data: hexToBytes(data),
      ...(joins ? { valueWei: 10n * OPEN } : {}),
    }
  }
}
