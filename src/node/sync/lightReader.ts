import { encodeCertificate } from '../../ledger/certificate.ts'
import { bytesToHex, type Hash } from '../../primitives/hex.ts'
import { keccakHex } from '../../primitives/keccak.ts'
import type { OpenLedgerReader, Plain } from '../../rpc/ports.ts'
import type { ChainStore } from '../../storage/chainStore.ts'
import { openEpochRecord } from '../../sync/epochs/epochRecord.ts'
import type { EpochStore } from '../../sync/epochs/epochStore.ts'

/** What JSON-RPC gives light clients: bytes that they verify, and the same in words. */
export function lightReader(modules: {
  store: ChainStore
  epochs: EpochStore
}): Pick<OpenLedgerReader, 'epochRecord' | 'certificate'> {
  const { store, epochs } = modules
  return {
    epochRecord: async (epoch) => {
      const number = epoch === undefined ? epochs.latest : Number(epoch)
      return number === undefined ? undefined : plainRecord(epochs, number)
    },
    certificate: async (blockNumber) => {
      const height = Number(blockNumber)
      const block = store.block(height)
      if (block === undefined) return undefined
      const certificate = store.certificate(height)
      const blockHash = bytesToHex(block.hash()) as Hash
      return {
        blockNumber,
        blockHash,
        header: bytesToHex(block.header.serialize()),
        certificate: certificate === undefined ? null : bytesToHex(encodeCertificate(certificate)),
        round: certificate === undefined ? null : BigInt(certificate.round),
        signers: certificate === undefined ? null : bytesToHex(certificate.signers),
        signatures: certificate === undefined ? null : certificate.signatures.map(bytesToHex),
      }
    },
  }
}

function plainRecord(epochs: EpochStore, epoch: number): Plain | undefined {
  const record = epochs.record(epoch)
  const bytes = epochs.bytes(epoch)
  if (record === undefined || bytes === undefined) return undefined
  const { header, nextSet } = openEpochRecord(keccakHex(record.header), record)
  return {
    epoch: BigInt(epoch),
    blockNumber: BigInt(header.height),
    blockHash: header.hash,
    nextSet: nextSet.validators.map(({ address, feeRecipient, power }) => ({ address, feeRecipient, power })),
    record: bytesToHex(bytes),
  }
}
