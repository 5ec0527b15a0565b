import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { canonicalRecords, type DataRecord } from 'openledger/sdk'
import type { Hash } from 'viem'
import { z } from 'zod'
import type { DemoConfig } from './config.ts'
import type { Contribution } from './datanet.ts'
import type { Reporter } from './reporter.ts'

const hash = z.custom<Hash>((value) => typeof value === 'string' && /^0x[0-9a-f]{64}$/.test(value))
const interval = z.object({ value: z.number(), low: z.number(), high: z.number() })
const quality = z.object({ accuracy: interval, macroF1: interval })
const reportSchema = z.object({
  baseModel: z.object({ name: z.string(), onnxHash: hash, tokenizerHash: hash, profileHash: hash }),
  labels: z.array(z.string()),
  rank: z.number(),
  alpha: z.number(),
  targetsHash: hash,
  adapterHash: hash,
  manifestHash: hash,
  rowsRoot: hash,
  k: z.number(),
  projectionSeed: hash,
  bestEpoch: z.number(),
  evaluation: z.object({ tfidf: quality, frozenEncoder: quality, adapter: quality }),
  seconds: z.object({ training: z.number(), evaluation: z.number(), rows: z.number() }),
})

export interface TrainedAdapter {
  readonly report: z.output<typeof reportSchema>
  readonly weights: Uint8Array
  readonly config: Uint8Array
  readonly manifest: Uint8Array
  /** One after the other, 4 + k bytes each. */
  readonly rows: Uint8Array
}

export interface TrainingInput {
  /** In the order of the frozen version. */
  readonly contributions: readonly Contribution[]
  readonly validation: readonly DataRecord[]
  readonly heldOut: readonly DataRecord[]
  readonly seed: Hash
}

/** Writes the version's contents to files and trains on them with the command line, as anyone would. */
export async function train(
  config: DemoConfig,
  input: TrainingInput,
  reporter: Reporter,
): Promise<TrainedAdapter> {
  const dataDir = join(config.workDir, 'version')
  const outDir = join(config.workDir, 'adapter')
  const [validation, heldOut] = ['validation.jsonl', 'held-out.jsonl'].map((name) =>
    join(config.workDir, name),
  )
  await mkdir(dataDir, { recursive: true })
  for (const { id, facts } of input.contributions) await writeFile(join(dataDir, `${id}.jsonl`), facts.bytes)
  await writeFile(validation ?? '', canonicalRecords(input.validation))
  await writeFile(heldOut ?? '', canonicalRecords(input.heldOut))
  await run(
    config.cli,
    [
      'train',
      ...['--contributions', dataDir, '--validation', validation ?? '', '--held-out', heldOut ?? ''],
      ...['--out', outDir, '--seed', input.seed],
    ],
    (line) => reporter.say(line),
  )
  const read = (name: string) => readFile(join(outDir, name))
  const report = reportSchema.parse(JSON.parse((await read('report.json')).toString('utf8')))
  reporter.fact('training', report)
  return {
    report,
    weights: await read('adapter_model.safetensors'),
    config: await read('adapter_config.json'),
    manifest: await read('manifest.json'),
    rows: await read('rows.bin'),
  }
}

function run(cli: string, args: readonly string[], onLine: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    createInterface({ input: child.stdout }).on('line', onLine)
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`openledger ${args[0]} ended with code ${code}`))
    })
  })
}
