import { describe, expect, it } from 'vitest'
import { account } from '../../../support/precompileWorld.ts'
import { ascending, auditors, Fixture, host, hostSigner, requester, stranger } from './fixture.ts'

const grant = (f: Fixture, list: Parameters<typeof ascending>[0]) =>
  f.attribution.send('setGrantedAuditors', [ascending(list)], { from: requester.address }).value

function settledInClass1(f: Fixture) {
  const receipt = f.receipt({ auditClass: 1 })
  expect(f.settle(receipt)).toEqual([1])
  return receipt
}

describe('a list of granted auditors', () => {
  it('gets a new id each time, and the ones before can still be read', () => {
    const f = new Fixture()
    expect(f.attribution.read('grantOf', [requester.address])).toEqual([0, []])
    const [a, b] = [[auditors[0], auditors[1]], [auditors[2]]]
    expect([grant(f, a), grant(f, b), grant(f, b)]).toEqual([1, 2, 3])
    const readable = (id: number) => f.attribution.read('grantedAuditors', [id]).map((x) => x.toLowerCase())
    expect([readable(1), readable(2), readable(3)]).toEqual([ascending(a), ascending(b), ascending(b)])
    expect(f.attribution.read('grantOf', [requester.address])[0]).toBe(3)
    expect(f.attribution.read('grantOf', [stranger.address])[0]).toBe(0)
  })

  it('is taken away by an empty one, which has no id', () => {
    const f = new Fixture()
    grant(f, [auditors[0]])
    expect(grant(f, [])).toBe(0)
    expect(f.attribution.read('grantOf', [requester.address])).toEqual([0, []])
    expect(f.settle(f.receipt({ auditClass: 1 }))).toEqual([3])
    // ids are not given twice
    expect(grant(f, [auditors[1]])).toBe(2)
  })

  it('may have 16 names', () => {
    const f = new Fixture()
    const list = Array.from({ length: 16 }, (_, n) => account(300 + n))
    expect(f.attribution.read('grantedAuditors', [grant(f, list)])).toHaveLength(16)
  })
})

describe('a receipt of audit class 1', () => {
  it('is malformed while its requester has no list', () => {
    const f = new Fixture()
    expect(f.settle(f.receipt({ auditClass: 1 }))).toEqual([3])
    grant(f, auditors.slice(0, 3))
    expect(f.settle(f.receipt({ auditClass: 1 }))).toEqual([1])
  })

  it('is audited by those on the list and nobody else, by the list of its settlement', () => {
    const f = new Fixture({ parameters: { windowReceipts: 100 } })
    const named = [auditors[0], auditors[1], auditors[3]]
    const grantId = grant(f, named)
    const receipts = Array.from({ length: 8 }, () => settledInClass1(f))
    // without auditor 1, who is on the list that counts
    grant(f, [auditors[2]])
    f.chain.advance()
    f.draw(...receipts)
    for (const receipt of receipts) {
      expect(f.attribution.read('getReceipt', [receipt.receiptId])).toMatchObject({ status: 2, grantId })
      expect(
        f
          .committee(receipt)
          .map((one) => one.address)
          .sort(),
      ).toEqual(named.map((one) => one.address).sort())
    }
  })

  it('is unaudited when the list has fewer active auditors than there are seats', () => {
    const f = new Fixture()
    // two who audit, and one who never registered
    grant(f, [auditors[0], auditors[1], stranger])
    const receipt = settledInClass1(f)
    f.chain.advance()
    expect(f.draw(receipt)).toEqual([1])
    expect(f.attribution.read('getReceipt', [receipt.receiptId]).flags).toBe(2)
    f.pastChallenge()
    expect(f.finalize([receipt]).value).toEqual([1])
  })

  it('is not audited by its host or the host’s signer, also when they are on the list', () => {
    const f = new Fixture()
    for (const who of [host, hostSigner]) {
      const valueWei = f.world.parameters.auditorBondMinWei
      f.attribution.send('registerAuditor', [f.baseModelId], { from: who.address, valueWei })
    }
    grant(f, [auditors[0], auditors[1], host, hostSigner])
    const receipt = settledInClass1(f)
    f.chain.advance()
    expect(f.draw(receipt)).toEqual([1])
    expect(f.attribution.read('getReceipt', [receipt.receiptId]).flags).toBe(2)
  })

  it('leaves receipts of other classes to all auditors', () => {
    const f = new Fixture()
    grant(f, [auditors[0]])
    const receipt = f.receipt()
    f.settle(receipt)
    f.chain.advance()
    expect(f.draw(receipt)).toEqual([2])
    expect(f.attribution.read('getReceipt', [receipt.receiptId]).grantId).toBe(0)
  })
})
