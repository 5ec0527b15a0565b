import { adapterRegistryAbi, nativeAddresses } from 'openledger/sdk'
import { parseEther, parseEventLogs, sha256, toHex, zeroHash } from 'viem'
import type { Content } from './datanet.ts'
import { allDone, type DemoAccount, type DemoNetwork, type SentCall } from './network.ts'
import type { Reporter } from './reporter.ts'
import type { TrainedAdapter } from './training.ts'

const registry = { to: nativeAddresses.adapterRegistry, abi: adapterRegistryAbi } as const
const view = { address: nativeAddresses.adapterRegistry, abi: adapterRegistryAbi } as const

const BOND_WEI = parseEther('50')
const PRICE = {
  baseWei: parseEther('0.05'),
  perThousandInputWei: parseEther('0.2'),
  perThousandOutputWei: 0n,
} as const
/** Below 2^24, the most that a transaction may have. */
const ROWS_GAS = 16_700_000n
/** A row is a uint32 scale and k int8; chunks are as large as an account's code may be. */
const CHUNK_BYTES = 24_575
const CHUNKS_A_CALL = 3
const SCALE_BYTES = 4

export interface PublishedAdapter {
  readonly adapterId: bigint
  readonly version: number
  readonly baseModelId: bigint
  /** First block in which it answers for money. */
  readonly activeFromBlock: bigint
}

/** Registers the base model, stores the adapter's files, writes draft and rows to the chain, and publishes. */
export async function publish(
  network: DemoNetwork,
  owner: DemoAccount,
  trained: TrainedAdapter,
  datanet: { readonly datanetId: bigint; readonly version: number },
  content: Content,
  reporter: Reporter,
): Promise<PublishedAdapter> {
  const { report } = trained
  const baseModelId = await registerBaseModel(network, owner, report.baseModel)
  const card = {
    format: 1,
    weights: await content.put(trained.weights),
    config: await content.put(trained.config),
    manifest: await content.put(trained.manifest),
    labels: report.labels,
  }
  const metadataCid = await content.put(new TextEncoder().encode(JSON.stringify(card)))
  const draft = {
    baseModelId,
    price: PRICE,
    parents: [],
    licence: 'Apache-2.0',
    metadataCid,
    version: {
      datanets: [{ datanetId: datanet.datanetId, version: datanet.version }],
      weightsHash: report.adapterHash,
      configHash: sha256(trained.config),
      manifestHash: report.manifestHash,
      rank: report.rank,
      alpha: report.alpha,
      targetsHash: report.targetsHash,
      k: report.k,
      projectionSeed: report.projectionSeed,
      // spans and passages are for other kinds of adapters
      corpusRoot: zeroHash,
      corpusChunks: 0,
      passagesRoot: zeroHash,
      passages: 0,
      passageDims: 0,
    },
  }
  const [created] = await allDone(network, [
    await owner.send({ ...registry, functionName: 'createAdapter', args: [draft], valueWei: BOND_WEI }),
  ])
  const [event] = parseEventLogs({
    abi: adapterRegistryAbi,
    logs: created?.logs ?? [],
    eventName: 'AdapterCreated',
  })
  if (event === undefined) throw new Error('the adapter was not created')
  const { adapterId } = event.args
  const gasUsed = await appendRows(network, owner, adapterId, trained)
  const [published] = await allDone(network, [
    await owner.send({
      ...registry,
      functionName: 'publish',
      args: [adapterId, report.rowsRoot],
      gas: 14_000_000n,
    }),
  ])
  const [done] = parseEventLogs({
    abi: adapterRegistryAbi,
    logs: published?.logs ?? [],
    eventName: 'VersionPublished',
  })
  if (done === undefined) throw new Error('the adapter was not published')
  const { version, challengeEndBlock } = done.args
  reporter.say(
    `adapter ${adapterId} published: ${trained.rows.length} bytes of rows for ${gasUsed} gas; ` +
      `active from block ${challengeEndBlock}, until then its rows can be challenged`,
  )
  reporter.fact('adapterId', adapterId)
  reporter.fact('rowsGas', gasUsed)
  return { adapterId, version, baseModelId, activeFromBlock: BigInt(challengeEndBlock) }
}

async function registerBaseModel(
  network: DemoNetwork,
  owner: DemoAccount,
  model: TrainedAdapter['report']['baseModel'],
): Promise<bigint> {
  const { onnxHash, tokenizerHash, profileHash, name } = model
  const hashes = [onnxHash, tokenizerHash, profileHash] as const
  const find = () => network.client().readContract({ ...view, functionName: 'baseModelOf', args: hashes })
  const known = await find()
  if (known !== 0n) return known
  await allDone(network, [
    await owner.send({ ...registry, functionName: 'registerBaseModel', args: [...hashes, name, ''] }),
  ])
  return find()
}

async function appendRows(
  network: DemoNetwork,
  owner: DemoAccount,
  adapterId: bigint,
  { rows, report }: TrainedAdapter,
): Promise<bigint> {
  const rowBytes = SCALE_BYTES + report.k
  const rowsACall = CHUNKS_A_CALL * Math.floor(CHUNK_BYTES / rowBytes)
  const sent: SentCall[] = []
  for (let row = 0; row * rowBytes < rows.length; row += rowsACall) {
    const chunks = rows.subarray(row * rowBytes, (row + rowsACall) * rowBytes)
    sent.push(
      await owner.send({
        ...registry,
        functionName: 'appendRows',
        args: [adapterId, row, toHex(chunks)],
        gas: ROWS_GAS,
      }),
    )
  }
  const receipts = await allDone(network, sent)
  return receipts.reduce((sum, receipt) => sum + receipt.gasUsed, 0n)
}
