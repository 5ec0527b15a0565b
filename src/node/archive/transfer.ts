import { NodeError } from '../../errors/errors.ts'
import { checkCertificate, decodeCertificate, encodeCertificate } from '../../ledger/certificate.ts'
import type { Clock } from '../../runtime/clock.ts'
import { readDecided } from '../consensusApp.ts'
import type { OpenChain } from '../openChain.ts'
import { ArchiveFile, isTorn } from './archiveFile.ts'

export interface TransferProgress {
  readonly height: number
  /** Of blocks when exporting, of bytes when importing. */
  readonly done: number
  readonly of: number
  readonly remainingMs: number | undefined
}

export interface TransferModules {
  readonly clock: Clock
  readonly onProgress: (progress: TransferProgress) => void
  /** Ends the transfer after the block in work; what was done stays. */
  readonly signal?: AbortSignal
}

export interface TransferReport {
  readonly firstHeight: number
  readonly lastHeight: number
  /** Moved by this run; the others were there. */
  readonly blocks: number
  /** False when the run was ended before its time. */
  readonly isComplete: boolean
}

/** Blocks between two syncs and reports: little work is lost, and the disk is not kept waiting. */
const BLOCKS_A_STRETCH = 256

/**
 * Writes decided blocks with their certificates to a file. A file of the same chain and first height is continued
 * where it ends; a torn end is cut off first.
 */
export async function exportBlocks(
  options: { path: string; firstHeight: number; lastHeight: number },
  { chain }: Pick<OpenChain, 'chain'>,
  modules: TransferModules,
): Promise<TransferReport> {
  const { path, firstHeight } = options
  const lastHeight = Math.min(options.lastHeight, chain.head.height)
  if (firstHeight < 1 || firstHeight > lastHeight) {
    throw new NodeError(
      'NOT_FOUND',
      `There are blocks 1 to ${chain.head.height}; ${firstHeight} is not of them.`,
    )
  }
  const file = await ArchiveFile.open(path, 'create')
  try {
    let { offset, height } = await resumeAt(file, { genesisHash: chain.genesisHash, firstHeight })
    const clock = new Eta(modules.clock, height, lastHeight + 1)
    let blocks = 0
    for (; height <= lastHeight && modules.signal?.aborted !== true; height++) {
      const decided = readDecided(chain, height)
      if (decided === null)
        throw new NodeError('DATA_CORRUPT', `Block ${height} or its certificate is missing.`)
      const certificate = encodeCertificate(decided.certificate)
      offset = await file.writeBlock(offset, { height, envelope: decided.envelope, certificate })
      blocks++
      if (blocks % BLOCKS_A_STRETCH === 0) {
        await file.sync()
        const of = lastHeight - firstHeight + 1
        modules.onProgress({
          height,
          done: height - firstHeight + 1,
          of,
          remainingMs: clock.leftMs(height + 1),
        })
      }
    }
    await file.sync()
    return { firstHeight, lastHeight: height - 1, blocks, isComplete: height > lastHeight }
  } finally {
    await file.close()
  }
}

/** Where a file is to be continued; what is not whole is cut off. */
async function resumeAt(
  file: ArchiveFile,
  wanted: { genesisHash: `0x${string}`; firstHeight: number },
): Promise<{ offset: number; height: number }> {
  const { firstHeight } = wanted
  const found = await file.header()
  if (found === undefined) return { offset: await file.writeHeader(wanted), height: firstHeight }
  const { header, end } = found
  if (header.genesisHash !== wanted.genesisHash || header.firstHeight !== firstHeight) {
    throw new NodeError(
      'WRONG_CHAIN',
      'The file is an archive of another chain, or begins with another block.',
    )
  }
  let offset = end
  let height = firstHeight
  try {
    for await (const position of file.blocks(end, firstHeight)) {
      offset = position.end
      height = position.block.height + 1
    }
  } catch (error) {
    if (!isTorn(error)) throw error
  }
  await file.truncate(offset)
  return { offset, height }
}

/**
 * Takes the blocks of a file as if a peer had sent them: each certificate is checked against the set of its height,
 * each block is executed. Blocks that are here already are passed over, so a run that was ended goes on. Errors:
 * BAD_CERTIFICATE, BAD_HEADER, … of the first block that is wrong; those before it are kept.
 */
export async function importBlocks(
  options: { path: string },
  { chain, app }: Pick<OpenChain, 'chain' | 'app'>,
  modules: TransferModules,
): Promise<TransferReport> {
  const file = await ArchiveFile.open(options.path, 'read')
  try {
    const found = await file.header()
    if (found === undefined) throw new NodeError('DATA_CORRUPT', 'The archive is empty.')
    const { header, end } = found
    if (header.genesisHash !== chain.genesisHash) {
      throw new NodeError('WRONG_CHAIN', `The archive is of the chain with genesis ${header.genesisHash}.`)
    }
    if (header.firstHeight > chain.head.height + 1) {
      throw new NodeError(
        'UNKNOWN_PARENT',
        `The archive begins at ${header.firstHeight}, after the head here.`,
      )
    }
    const of = await file.sizeBytes()
    let eta: Eta | undefined
    let blocks = 0
    for await (const { block, end: done } of file.blocks(end, header.firstHeight)) {
      if (modules.signal?.aborted === true)
        return importReport(header.firstHeight, chain.head.height, blocks, false)
      if (block.height <= chain.head.height) continue
      eta ??= new Eta(modules.clock, done, of)
      await importBlock(block.envelope, block.certificate, { chain, app })
      blocks++
      if (blocks % BLOCKS_A_STRETCH !== 0) continue
      modules.onProgress({ height: block.height, done, of, remainingMs: eta.leftMs(done) })
    }
    return importReport(header.firstHeight, chain.head.height, blocks, true)
  } finally {
    await file.close()
  }
}

const importReport = (firstHeight: number, lastHeight: number, blocks: number, isComplete: boolean) => ({
  firstHeight,
  lastHeight,
  blocks,
  isComplete,
})

async function importBlock(
  envelope: Uint8Array,
  certificateBytes: Uint8Array,
  { chain, app }: Pick<OpenChain, 'chain' | 'app'>,
): Promise<void> {
  const certificate = decodeCertificate(certificateBytes)
  const { height, nextSet } = chain.head
  if (certificate.height !== height + 1 || app.blockHashOf(envelope) !== certificate.blockHash) {
    throw new NodeError('BAD_CERTIFICATE', `The certificate of block ${height + 1} is for another block.`, {
      height,
    })
  }
  checkCertificate(chain.signingDomain, nextSet, certificate)
  await app.commit(envelope, certificate)
}

/** How long the rest takes if it goes on as so far. */
class Eta {
  readonly #clock: Clock
  readonly #startMs: number
  readonly #from: number
  readonly #to: number

  constructor(clock: Clock, from: number, to: number) {
    this.#clock = clock
    this.#startMs = clock.nowMs()
    this.#from = from
    this.#to = to
  }

  leftMs(at: number): number | undefined {
    if (at <= this.#from) return undefined
    const elapsedMs = this.#clock.nowMs() - this.#startMs
    return Math.ceil((elapsedMs * (this.#to - at)) / (at - this.#from))
  }
}
