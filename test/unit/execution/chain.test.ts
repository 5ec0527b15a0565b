import { describe, expect, it } from 'vitest'
import { predeploys } from '../../../src/chainspec/addresses.ts'
import { isNodeError } from '../../../src/errors/errors.ts'
import { BEACON_ROOTS, HISTORY_STORAGE } from '../../../src/execution/systemCalls.ts'
import { type Certificate, certificateHash } from '../../../src/ledger/certificate.ts'
import { devnetValidator } from '../../../src/node/devnet/keys.ts'
import { bigIntToBytes } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex } from '../../../src/primitives/hex.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { account, devnetGenesis, revealOf, TestChain } from '../../support/chain.ts'

const receiver: Address = `0x${'11'.repeat(20)}`
const balanceOf = (test: TestChain, address: Address) =>
  test.chain.head.state.account(address)?.balanceWei ?? 0n
const slot = (value: bigint) => bytesToHex(bigIntToBytes(value, 32))

describe('a chain', () => {
  it('includes transfers and moves exactly their value and their fees', async () => {
    const test = await TestChain.open()
    const before = balanceOf(test, account(0).address)
    const treasuryBefore = balanceOf(test, predeploys.treasury)
    const { receipts, block } = await test.mine([
      test.transaction(account(0), { to: receiver, value: 5n }),
      test.transaction(account(0), { to: receiver, value: 7n }),
    ])
    const baseFee = block.header.baseFeePerGas ?? 0n
    expect(receipts.map((receipt) => receipt.succeeded)).toEqual([true, true])
    expect(block.header.gasUsed).toBe(42_000n)
    expect(balanceOf(test, receiver)).toBe(12n)
    expect(before - balanceOf(test, account(0).address)).toBe(12n + 42_000n * (baseFee + 10n ** 9n))
    // half of the base fee goes to the treasury, the tip to the builder's fee recipient
    expect(balanceOf(test, predeploys.treasury) - treasuryBefore).toBe((42_000n * baseFee) / 2n)
    expect(balanceOf(test, devnetValidator(0).feeRecipient.address)).toBe(42_000n * 10n ** 9n)
  })

  it('gives another node the same block from the same envelopes', async () => {
    const first = await TestChain.open()
    const second = await TestChain.open()
    for (let height = 1; height <= 3; height++) {
      const built = await first.mine([first.transaction(account(1), { to: receiver, value: 1n })], height % 4)
      const validated = await second.chain.validate(built.envelope)
      expect(validated.state.stateRoot).toBe(built.state.stateRoot)
      await second.chain.commit(built.envelope, second.certificate(validated))
    }
    expect(second.chain.head.blockHash).toBe(first.chain.head.blockHash)
  })

  it('goes on from its head after a restart', async () => {
    const kv = new MemoryStore()
    const before = await TestChain.open({ kv })
    await before.mine([before.transaction(account(0), { to: receiver, value: 3n })])
    const after = await TestChain.open({ kv })
    expect(after.chain.head.blockHash).toBe(before.chain.head.blockHash)
    expect(after.chain.head.certificate).toEqual(before.chain.head.certificate)
    await after.mine([], 1)
    expect(after.chain.head.height).toBe(2)
    expect(balanceOf(after, receiver)).toBe(3n)
  })

  it('refuses a store of another chain', async () => {
    const kv = new MemoryStore()
    await TestChain.open({ kv })
    const other = { ...devnetGenesis(), stamp: slot(1n) }
    await expect(TestChain.open({ kv, genesis: other })).rejects.toSatisfy((error) =>
      isNodeError(error, 'WRONG_CHAIN'),
    )
  })

  it('has no two genesis hashes alike when a parameter that is not in the state differs', async () => {
    const base = await TestChain.open()
    const genesis = devnetGenesis()
    const slower = { ...genesis, consensus: { ...genesis.consensus, blockIntervalMs: 2_000 } }
    const other = await TestChain.open({ genesis: slower })
    expect(other.chain.genesisHash).not.toBe(base.chain.genesisHash)
  })

  it('keeps ancestors and certificates where contracts read them', async () => {
    const test = await TestChain.open()
    const genesisHash = test.chain.head.blockHash
    await test.mine()
    const certificate = test.chain.head.certificate
    const second = await test.mine([], 1)
    const { state } = test.chain.head
    expect(slot(state.storage(HISTORY_STORAGE, slot(0n)))).toBe(genesisHash)
    const { timestamp, parentBeaconBlockRoot } = second.block.header
    expect(certificate).not.toBeNull()
    if (certificate === null) return
    expect(bytesToHex(parentBeaconBlockRoot ?? new Uint8Array())).toBe(certificateHash(certificate))
    expect(slot(state.storage(BEACON_ROOTS, slot((timestamp % 8191n) + 8191n)))).toBe(
      certificateHash(certificate),
    )
  })

  it('refuses an envelope whose parent certificate is missing, forged or of too few', async () => {
    const test = await TestChain.open()
    const first = await test.build([])
    const full = test.certificate(first)
    await test.chain.commit(first.envelope, full)
    const second = await test.build([], 1)
    const { operator, feeRecipient } = devnetValidator(2)
    const withCertificate = (certificate: Certificate) =>
      test.chain.build(
        {
          feeRecipient: feeRecipient.address,
          reveal: revealOf(test, 2, operator.address),
          timestamp: second.block.header.timestamp,
          transactions: { next: () => undefined, skip: () => undefined },
          isTimeUp: () => false,
        },
        certificate,
      )
    const forged = { ...full, signatures: full.signatures.map(() => new Uint8Array(65).fill(1)) }
    const few = { ...full, signers: Uint8Array.of(0b0011), signatures: full.signatures.slice(0, 2) }
    for (const certificate of [
      forged,
      few,
      { ...full, round: 1 },
      { ...full, blockHash: second.blockHash },
    ]) {
      const { envelope } = await withCertificate(certificate)
      const other = await TestChain.open()
      const base = await other.chain.validate(first.envelope)
      await other.chain.commit(first.envelope, other.certificate(base))
      await expect(other.chain.validate(envelope)).rejects.toSatisfy(
        (error) => isNodeError(error, 'BAD_CERTIFICATE') || isNodeError(error, 'BAD_SIGNATURE'),
      )
    }
    const other = await TestChain.open()
    await expect(other.chain.validate({ ...first.envelope, parentCertificate: full })).rejects.toSatisfy(
      (error) => isNodeError(error, 'BAD_HEADER'),
    )
  })

  it('takes a parent certificate of more validators than it was committed with', async () => {
    const test = await TestChain.open()
    const first = await test.build([])
    const fuller = test.certificate(first, [0, 1, 2, 3])
    await test.chain.commit(first.envelope, test.certificate(first, [0, 1, 3]))
    const { operator, feeRecipient } = devnetValidator(1)
    const second = await test.chain.build(
      {
        feeRecipient: feeRecipient.address,
        reveal: revealOf(test, 1, operator.address),
        timestamp: first.block.header.timestamp + 1n,
        transactions: { next: () => undefined, skip: () => undefined },
        isTimeUp: () => false,
      },
      fuller,
    )
    expect(second.envelope.parentCertificate?.signers).toEqual(Uint8Array.of(0b1111))
    await test.chain.commit(second.envelope, test.certificate(second))
    expect(test.chain.head.height).toBe(2)
  })

  it('sets a transaction aside that cannot run, with the later ones of its sender, and builds on', async () => {
    const test = await TestChain.open()
    const skipped: string[] = []
    const gap = test.transaction(account(0), { to: receiver, value: 1n, nonce: 5n })
    const good = test.transaction(account(1), { to: receiver, value: 2n })
    const pending = [gap, good]
    const candidate = await test.build([])
    expect(candidate.receipts).toEqual([])
    const built = await test.chain.build({
      feeRecipient: devnetValidator(0).feeRecipient.address,
      reveal: candidate.block.header.extraData,
      timestamp: candidate.block.header.timestamp,
      transactions: { next: () => pending.shift(), skip: (reason) => skipped.push(reason.code) },
      isTimeUp: () => false,
    })
    expect(skipped).toEqual(['TX_INVALID'])
    expect(built.receipts.map((receipt) => receipt.from)).toEqual([account(1).address])
  })

  it('stops building when its time is up', async () => {
    const test = await TestChain.open()
    const base = await test.build([])
    let asked = 0
    const built = await test.chain.build({
      feeRecipient: devnetValidator(0).feeRecipient.address,
      reveal: base.block.header.extraData,
      timestamp: base.block.header.timestamp,
      transactions: {
        next: () => test.transaction(account(2), { to: receiver, value: 1n }),
        skip: () => undefined,
      },
      isTimeUp: () => asked++ >= 3,
    })
    expect(built.receipts.length).toBe(3)
  })
})
