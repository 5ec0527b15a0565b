import { describe, expect, it } from 'vitest'
import { rowAuditCommitment, rowVerdicts, WHOLE_FOLD } from '../../../src/sdk/adapters.ts'
import { testHash } from '../../support/precompileWorld.ts'
import {
  auditors,
  challenge,
  draw,
  fixture,
  published,
  registerAuditors,
  resolve,
} from '../precompiles/adapter/fixture.ts'

const salt = testHash('salt')

describe('a commitment to verdicts on rows', () => {
  it('is opened by the verdicts and the salt that it was made of, and by nothing else', () => {
    const f = fixture()
    registerAuditors(f, auditors.slice(0, 3))
    const id = published(f)
    challenge(f, id, WHOLE_FOLD)
    const verdicts = [rowVerdicts.unavailable]
    const committee = draw(f, id)
    for (const { address } of committee) {
      const commitment = rowAuditCommitment({ auditor: address, adapterIds: [id], verdicts, salt })
      f.world.adapters.send('commitRowAudit', [[id], commitment], { from: address })
    }
    for (const { address } of committee) {
      const reveal = (given: readonly number[], by = salt) =>
        f.world.adapters.try('revealRowAudit', [[id], given, by], { from: address })
      expect(reveal([rowVerdicts.forged])).toMatchObject({ error: 'UnknownCommitment' })
      expect(reveal(verdicts, testHash('other'))).toMatchObject({ error: 'UnknownCommitment' })
      expect(reveal(verdicts)).toMatchObject({ ok: true })
    }
    // refuted
    expect(resolve(f, id)).toBe(4)
  })

  it('differs by auditor, adapters, verdicts and salt', () => {
    const [one, other] = auditors
    const made = { auditor: one.address, adapterIds: [1n, 2n], verdicts: [1, 2], salt }
    const all = [
      made,
      { ...made, auditor: other.address },
      { ...made, adapterIds: [2n, 1n] },
      { ...made, verdicts: [2, 1] },
      { ...made, salt: testHash('other') },
    ]
    expect(new Set(all.map(rowAuditCommitment)).size).toBe(all.length)
  })
})
