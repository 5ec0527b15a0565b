import { encodeFunctionData } from 'viem'
import { iAdapterRegistryAbi } from '../../../../contracts/generated/IAdapterRegistry.ts'
import { iDatanetRegistryAbi } from '../../../../contracts/generated/IDatanetRegistry.ts'
import { ADAPTER_ADDRESS, DATANET_ADDRESS } from '../../../../precompiles/addresses.ts'
import { type Address, hexToBytes, ZERO_ADDRESS } from '../../../../src/primitives/hex.ts'
import { OPEN } from '../../precompileWorld.ts'
import type { Move } from '../subject.ts'
import { APPLICATION, AUDITORS, CONTRIBUTORS, GOVERNANCE, HOSTS, OWNER, SIGNERS, STRANGER } from './people.ts'
import { addressesOf, type Idea, PAYERS, SOME, type Table } from './table.ts'

export const ALL: readonly Address[] = [...SOME, ...addressesOf([...AUDITORS, ...CONTRIBUTORS, APPLICATION])]
const ENDPOINTS = [
  'h',
  '',
  'a\u0000b',
  'a\u202eb',
  'ü'.repeat(128),
  'x'.repeat(257),
  'x'.repeat(31),
  'y'.repeat(32),
  'z'.repeat(100),
]

/** Moves of those who have something in the registry: deposits, bonds, lists, credits; and what siblings do meanwhile. */
export class Accounts {
  readonly #table: Table

  constructor(table: Table) {
    this.#table = table
  }

  deposits(): readonly Idea[] {
    const { dice, scan } = this.#table
    const from = dice.one(PAYERS)
    const hosts = [ZERO_ADDRESS, ...addressesOf(HOSTS), from]
    const filled = hosts.filter((one) => scan.deposit(from, one).balanceWei > 0n)
    const host = dice.one(filled.length > 0 && dice.below(4) > 0 ? filled : hosts)
    const { balanceWei, withdrawableBlock } = scan.deposit(from, host)
    const amountWei = dice.one([balanceWei / 2n, balanceWei + 1n, 0n, 1n])
    const leaving = PAYERS.find((payer) => scan.deposit(payer, ZERO_ADDRESS).leavingWei > 0n)
    const waits = this.#table.until(withdrawableBlock)
    return [
      this.#idea('deposit', [host], { from, valueWei: dice.one([0n, 1n, OPEN / 50n, OPEN]) }),
      this.#idea('requestWithdraw', [host, amountWei], { from }),
      this.#idea('requestWithdraw', [host, balanceWei], { from }),
      this.#idea('withdraw', [host], { from, ...waits }),
      leaving === undefined
        ? this.#idea('withdraw', [ZERO_ADDRESS], { from })
        : this.#idea('withdraw', [ZERO_ADDRESS], {
            from: leaving,
            ...this.#table.until(scan.deposit(leaving, ZERO_ADDRESS).withdrawableBlock),
          }),
    ]
  }

  hosts(): readonly Idea[] {
    const { dice, scan } = this.#table
    const from = dice.one(addressesOf([...HOSTS, ...HOSTS, STRANGER]))
    const usual = dice.one(addressesOf([...SIGNERS, ...HOSTS, ...AUDITORS]))
    const fields = [
      dice.below(8) === 0 ? dice.one([ZERO_ADDRESS, ADAPTER_ADDRESS]) : usual,
      dice.below(4) === 0 ? dice.one(ENDPOINTS) : dice.one(['https://h', 'h', 'y'.repeat(32)]),
    ]
    const bondWei = dice.one([OPEN, 30n * OPEN, OPEN - 1n])
    const fresh = dice.one(addressesOf([STRANGER, OWNER, APPLICATION, HOSTS[1] ?? OWNER]))
    const leaving = addressesOf(HOSTS).find((one) => scan.host(one).status === 2) ?? from
    const { withdrawableBlock } = scan.host(leaving)
    return [
      this.#idea('registerHost', fields, { from: fresh, valueWei: bondWei }),
      this.#idea('registerHost', fields, { from: fresh, valueWei: bondWei }),
      this.#idea('updateHost', fields, { from }),
      this.#idea('updateHost', fields, { from: HOSTS[0]?.address ?? from }),
      this.#idea('updateHost', fields, { from: HOSTS[0]?.address ?? from }),
      this.#idea('addHostBond', [], { from, valueWei: dice.one([0n, 1n, OPEN]) }),
      this.#idea('deregisterHost', [], { from: HOSTS[0]?.address ?? from }),
      this.#idea('withdrawHostBond', [], { from: leaving, ...this.#table.until(withdrawableBlock) }),
      this.#idea('withdrawHostBond', [], { from: leaving, ...this.#table.until(withdrawableBlock) }),
    ]
  }

  auditors(): readonly Idea[] {
    const { dice, scan, start } = this.#table
    const model = this.#table.rarely(dice.one(start.baseModelIds), 0n, 99n)
    const everybody = addressesOf([...AUDITORS, ...HOSTS, STRANGER])
    const from = dice.one(everybody)
    const leaving = everybody.find((one) => scan.auditor(one, model).status === 2) ?? from
    const bondWei = dice.one([10n * OPEN, 11n * OPEN + 7n, 10n * OPEN - 1n])
    const waits = this.#table.until(scan.auditor(leaving, model).withdrawableBlock)
    return [
      this.#idea('registerAuditor', [model], { from, valueWei: bondWei }),
      this.#idea('addAuditorBond', [model], {
        from: dice.one(addressesOf(AUDITORS)),
        valueWei: dice.one([0n, 1n, OPEN]),
      }),
      this.#idea('deregisterAuditor', [model], { from: dice.one(addressesOf(AUDITORS)) }),
      this.#idea('withdrawAuditorBond', [model], { from: leaving, ...waits }),
      this.#grants(),
    ]
  }

  #grants(): Idea {
    const { dice } = this.#table
    const from = dice.one(PAYERS)
    const list = addressesOf(AUDITORS).filter(() => dice.below(4) > 0)
    const sorted = [...list].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
    const many = Array.from({ length: 17 }, (_, n) => `0x${(n + 1).toString(16).padStart(40, '0')}`)
    const odd = [[...sorted].reverse(), [...sorted, ...sorted], [from], [ZERO_ADDRESS], many, many.slice(1)]
    return this.#idea('setGrantedAuditors', [dice.below(3) === 0 ? dice.one([[], ...odd]) : sorted], {
      from,
    })
  }

  governance(advance = this.#table.dice.below(2)): readonly Idea[] {
    const { scan } = this.#table
    const values = governedValues(this.#table)
    const from = this.#table.rarely(GOVERNANCE.address, STRANGER.address)
    const { settlementGas, settlerCapBps } = values
    const set = (): Move => {
      this.#table.settlerRules.push({ settlementGas: BigInt(settlementGas), settlerCapBps })
      this.#table.governedBlock = scan.block() + advance
      return this.#table.call('setGoverned', [values], { from, advance })
    }
    return [set, set, set, this.#idea('governed', [], { advance })]
  }

  claims(): readonly Idea[] {
    const { dice, start } = this.#table
    const { treasuryAddress, stakingAddress } = start.world.parameters
    const system = [treasuryAddress, stakingAddress, ADAPTER_ADDRESS]
    const many = dice.below(12) === 0 ? Array<Address>(65).fill(STRANGER.address) : this.#table.some(ALL, 12)
    return [
      this.#idea('claim', [], { from: dice.one([...ALL, ...ALL, ...system]) }),
      this.#idea('claimFor', [dice.one([...ALL, ...ALL, ...system])]),
      this.#idea('claimMany', [this.#table.rarely(many, [], [...many, treasuryAddress])]),
      this.#idea('sweepSurplus', []),
    ]
  }

  /** What owners of adapters and contributors do meanwhile. */
  siblings(): readonly Idea[] {
    const { dice, scan, focus, start } = this.#table
    const id = dice.one([...focus, ...start.adapterIds])
    const from = scan.adapter(id).owner
    const baseWei = OPEN / dice.one([50n, 100n, 1000n])
    const price = { baseWei, perThousandInputWei: OPEN / 70n, perThousandOutputWei: 7n }
    const until = Math.max(0, scan.block() + dice.one([-1, 0, 1, 5]))
    const adapter = (functionName: string, args: readonly unknown[]) => (): Move => {
      const data = encodeFunctionData({ abi: iAdapterRegistryAbi, functionName, args } as never)
      return { to: ADAPTER_ADDRESS, data: hexToBytes(data), from }
    }
    const contributionId = BigInt(1 + dice.below(9))
    const tombstone = (): Move => {
      const call = { abi: iDatanetRegistryAbi, functionName: 'tombstone', args: [contributionId] } as const
      return { to: DATANET_ADDRESS, data: hexToBytes(encodeFunctionData(call)), from: GOVERNANCE.address }
    }
    return [
      adapter('pause', [id]),
      adapter('unpause', [id]),
      adapter('unpause', [id]),
      adapter('setPrice', [id, price]),
      adapter('setAccess', [id, dice.one(PAYERS), until]),
      adapter('setAccessPolicy', [id, dice.below(2)]),
      adapter('transferAdapter', [id, STRANGER.address]),
      tombstone,
      tombstone,
    ]
  }

  #idea(method: string, args: readonly unknown[], options: Parameters<Table['call']>[2] = {}): Idea {
    return () => this.#table.call(method, args, options)
  }
}

/** Values near those of genesis, one of them at an edge or over it. */
function governedValues({ dice, start }: Table) {
  const { split, settlementGas, ...rest } = start.world.parameters
  const { settlerCapBps, finalizerCapBps, auditorPayBps, auditRateBps, closerCapBps } = rest
  const { hostSlashBps, windowReceipts, windowAgeBlocks } = rest
  const moved = dice.one([0, 0, 1, 999, 1000, 1001])
  const values = {
    contributorsBps: split.contributors - moved,
    ownerBps: split.owner,
    hostBps: split.host + moved,
    stakersBps: split.stakers,
    applicationBps: split.application,
    treasuryBps: split.treasury,
    settlerCapBps,
    finalizerCapBps,
    auditorPayBps,
    auditRateBps,
    closerCapBps,
    hostSlashBps,
    windowReceipts,
    windowAgeBlocks,
    settlementGas: Number(settlementGas),
  }
  const edges: readonly Partial<typeof values>[] = [
    { contributorsBps: 10_000, ownerBps: 0, hostBps: 0, stakersBps: 0, applicationBps: 0, treasuryBps: 0 },
    { contributorsBps: 10_001 },
    { treasuryBps: split.treasury + 1 },
    { settlerCapBps: dice.one([0, 2000, 2001]) },
    { finalizerCapBps: dice.one([0, 5000, 5001, 10_001]) },
    { auditorPayBps: dice.one([0, 8000, 8001]) },
    { auditRateBps: dice.one([99, 100, 10_000, 10_001]) },
    { closerCapBps: dice.one([0, 1000, 1001]) },
    { hostSlashBps: dice.one([0, 1, 5000, 10_001]) },
    // so little that nothing is left of it for the challenger, or not all of its part
    { hostSlashBps: dice.one([1, 6, 7, 8, 50]) },
    { hostSlashBps: dice.one([1, 6, 7, 8, 50]) },
    { windowReceipts: dice.one([0, 1, 2, 960, 961]) },
    { windowAgeBlocks: dice.one([0, 1, 10, 1_209_600, 1_209_601]) },
    { settlementGas: dice.one([20_999, 21_000, 1_000_000, 1_000_001]) },
  ]
  return { ...values, ...dice.one(edges) }
}
