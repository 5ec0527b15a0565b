import { ZERO_ADDRESS } from '../../../../src/primitives/hex.ts'
import { testHash } from '../../precompileWorld.ts'
import { ALL } from './accounts.ts'
import { AUDITORS, HOSTS, STRANGER } from './people.ts'
import { addressesOf, type Idea, PAYERS, type Table } from './table.ts'

const LARGEST = 2 ** 32 - 1

/** Views, mostly of what is there. */
export function viewsOf(table: Table): readonly Idea[] {
  const { dice, scan, start, made, focus } = table
  const known = made.length > 0 ? dice.one(made) : undefined
  const receiptId = table.rarely(known?.receiptId ?? testHash('none'), testHash('no receipt'))
  const adapterId = table.rarely(dice.one(focus), 99n)
  const { opened, closed } = scan.windows(adapterId)
  const windowIndex = table.rarely(dice.one([closed, closed + 1n, closed + 1n, opened]), 0n, opened + 1n)
  const page = [dice.one([0, 0, 0, 1, 3, 8, 9, LARGEST]), table.rarely(dice.one([1, 5, 9, 256]), 0, 257)]
  const model = table.rarely(dice.one(start.baseModelIds), 99n)
  const view =
    (method: string, ...args: readonly unknown[]): Idea =>
    () =>
      table.call(method, args)
  const score: Idea =
    known === undefined
      ? view('domainSeparator')
      : view(
          dice.one(['score', 'attributionOf', 'attributionOf']),
          table.factsOf(known),
          dice.below(6) === 0 ? '0x00' : known.signed.queryRow,
          ...page,
        )
  return [
    view('domainSeparator'),
    view('getReceipt', receiptId),
    view('getAudit', receiptId),
    view('getAudit', receiptId),
    view('committee', receiptId),
    view('getChallenge', receiptId),
    view('getAppeal', receiptId),
    view('getAppeal', receiptId),
    view('depositOf', dice.one(PAYERS), dice.one([ZERO_ADDRESS, ...addressesOf(HOSTS)])),
    view('hostInfo', dice.one(addressesOf([...HOSTS, STRANGER]))),
    view('auditorInfo', dice.one(addressesOf(AUDITORS)), model),
    view('auditorsOf', model),
    view('grantOf', dice.one(PAYERS)),
    view('grantedAuditors', dice.one([0, 1, 1, 2, 3])),
    view('getWindow', adapterId, windowIndex),
    view('windowsOf', adapterId),
    view('windowQuery', adapterId, windowIndex),
    view('windowScores', adapterId, windowIndex, ...page),
    view('windowShares', adapterId, windowIndex, ...page),
    score,
    score,
    view('remainderOf', dice.one([1n, 1n, 2n, 99n]), table.rarely(1, 2), dice.below(8)),
    view('remainderOf', 1n, 1, dice.below(7)),
    view('governed'),
    view('totals'),
    view('credits', dice.one(ALL)),
  ]
}
