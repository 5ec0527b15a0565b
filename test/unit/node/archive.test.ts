import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { decodeCertificate, encodeCertificate } from '../../../src/ledger/certificate.ts'
import { ArchiveFile } from '../../../src/node/archive/archiveFile.ts'
import { exportBlocks, importBlocks, type TransferModules } from '../../../src/node/archive/transfer.ts'
import { ChainConsensusApp } from '../../../src/node/consensusApp.ts'
import { LocalExecution } from '../../../src/node/execution/localExecution.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { devnetGenesis, TestChain } from '../../support/chain.ts'
import { codeOf } from '../../support/network/outcome.ts'
import { temporaryFolder } from '../../support/temporaryFolder.ts'

const HEIGHT = 6
const folder = temporaryFolder()
const path = () => join(folder(), 'blocks.bin')
const quiet: TransferModules = { clock: systemClock, onProgress: () => undefined }
let source: TestChain

beforeAll(async () => {
  source = await TestChain.open()
  await source.mineEmpty(HEIGHT)
})

async function emptyNode() {
  const kv = new MemoryStore()
  const { chain } = await TestChain.open({ kv })
  const execution = new LocalExecution({ chain, kv, clock: systemClock })
  const transactions = { offer: () => [], drop: () => undefined, setBack: () => undefined }
  const modules = { chain, execution, kv, clock: systemClock, logger: silentLogger, transactions }
  return { chain, app: new ChainConsensusApp({ builder: undefined }, modules) }
}

const exportTo = (lastHeight = HEIGHT, firstHeight = 1) =>
  exportBlocks({ path: path(), firstHeight, lastHeight }, source, quiet)

describe('an archive of blocks', () => {
  beforeEach(() => exportTo())

  it('brings another node to the same head, priorities included', async () => {
    const node = await emptyNode()
    const report = await importBlocks({ path: path() }, node, quiet)
    expect(report).toEqual({ firstHeight: 1, lastHeight: HEIGHT, blocks: HEIGHT, isComplete: true })
    expect(node.chain.head.blockHash).toBe(source.chain.head.blockHash)
    expect(node.chain.head.certificate).toEqual(source.chain.head.certificate)
    expect((await node.app.context()).priorities).not.toEqual([0n, 0n, 0n, 0n])
  })

  it('is continued where it ends, and byte for byte what one run writes', async () => {
    const whole = await readFile(path())
    await writeFile(path(), '')
    await exportTo(2)
    const part = (await stat(path())).size
    await truncate(path(), part - 3)
    const report = await exportTo()
    expect(report).toMatchObject({ blocks: HEIGHT - 1, lastHeight: HEIGHT })
    expect(await readFile(path())).toEqual(whole)
    // as a crash in the middle of a write leaves it
    await appendFile(path(), 'part of a block that was never finished')
    expect(await exportTo()).toMatchObject({ blocks: 0, isComplete: true })
    expect(await readFile(path())).toEqual(whole)
  })

  it('is taken in parts: what is there is passed over', async () => {
    const node = await emptyNode()
    const whole = await readFile(path())
    await truncate(path(), whole.length - 1)
    expect(await codeOf(importBlocks({ path: path() }, node, quiet))).toBe('DATA_CORRUPT')
    expect(node.chain.head.height).toBe(HEIGHT - 1)
    await writeFile(path(), whole)
    expect(await importBlocks({ path: path() }, node, quiet)).toMatchObject({ blocks: 1, lastHeight: HEIGHT })
  })

  it('may be left at any block', async () => {
    const node = await emptyNode()
    const signal = AbortSignal.abort()
    expect(await importBlocks({ path: path() }, node, { ...quiet, signal })).toMatchObject({
      blocks: 0,
      isComplete: false,
    })
  })

  it('is refused wherever one byte is another', async () => {
    const whole = await readFile(path())
    for (let at = 0; at < whole.length; at += 97) {
      const bytes = Uint8Array.from(whole)
      bytes[at] = (bytes[at] ?? 0) ^ 1
      await writeFile(path(), bytes)
      const file = await ArchiveFile.open(path(), 'read')
      try {
        expect(await codeOf(readAll(file))).toBe('DATA_CORRUPT')
      } finally {
        await file.close()
      }
    }
  })

  it('is refused with a certificate that does not hold, and the blocks before it are kept', async () => {
    await rewrite((height, certificate) => {
      if (height !== 4) return certificate
      const decoded = decodeCertificate(certificate)
      const [first, second, ...others] = decoded.signatures
      return encodeCertificate({ ...decoded, signatures: [second!, first!, ...others] })
    })
    const node = await emptyNode()
    expect(await codeOf(importBlocks({ path: path() }, node, quiet))).toBe('BAD_CERTIFICATE')
    expect(node.chain.head.height).toBe(3)
  })

  it('is refused with the certificate of another block', async () => {
    const other = encodeCertificate(source.chain.store.certificate(2)!)
    await rewrite((height, certificate) => (height === 3 ? other : certificate))
    const node = await emptyNode()
    expect(await codeOf(importBlocks({ path: path() }, node, quiet))).toBe('BAD_CERTIFICATE')
  })

  it('is refused by another chain, and does not overwrite another archive', async () => {
    const stamp = `0x${'01'.repeat(32)}` as const
    const other = await TestChain.open({ genesis: { ...devnetGenesis(), stamp } })
    await other.mineEmpty(1)
    const app = (await emptyNode()).app
    expect(await codeOf(importBlocks({ path: path() }, { chain: other.chain, app }, quiet))).toBe(
      'WRONG_CHAIN',
    )
    const range = { path: path(), firstHeight: 1, lastHeight: 1 }
    expect(await codeOf(exportBlocks(range, other, quiet))).toBe('WRONG_CHAIN')
    expect(await codeOf(exportTo(HEIGHT, 2))).toBe('WRONG_CHAIN')
  })
})

describe('a part of the chain', () => {
  it('can be written, and is refused where the blocks before it are missing', async () => {
    expect(await exportTo(5, 3)).toMatchObject({ blocks: 3, firstHeight: 3, lastHeight: 5 })
    expect(await codeOf(importBlocks({ path: path() }, await emptyNode(), quiet))).toBe('UNKNOWN_PARENT')
  })

  it('must be of blocks that are there', async () => {
    expect(await codeOf(exportTo(HEIGHT, HEIGHT + 1))).toBe('NOT_FOUND')
    expect(await codeOf(exportTo(HEIGHT, 0))).toBe('NOT_FOUND')
  })
})

async function readAll(file: ArchiveFile): Promise<void> {
  const found = await file.header()
  if (found === undefined) return
  for await (const position of file.blocks(found.end, found.header.firstHeight)) void position
}

/** Writes the archive again with other certificates, its checksums whole. */
async function rewrite(change: (height: number, certificate: Uint8Array) => Uint8Array): Promise<void> {
  const file = await ArchiveFile.open(path(), 'create')
  const { header, end } = (await file.header())!
  const blocks = []
  for await (const { block } of file.blocks(end, header.firstHeight)) blocks.push(block)
  await file.truncate(end)
  let offset = end
  for (const block of blocks) {
    const certificate = change(block.height, block.certificate)
    offset = await file.writeBlock(offset, { ...block, certificate })
  }
  await file.close()
}
