import { join } from 'node:path'
import { Command } from 'commander'
import { z } from 'zod'
import type { Quality } from '../ai/factory/metrics.ts'
import { NodeError } from '../errors/errors.ts'
import { runTraining, type TrainingEvent, type TrainingReport } from '../node/training.ts'
import { type Hash, isHexBytes } from '../primitives/hex.ts'
import { systemClock } from '../runtime/clock.ts'
import { exitCodes } from './exitCodes.ts'
import { createOutput, type Output } from './output.ts'

const seed = z
  .string()
  .refine((text) => isHexBytes(text, 32), 'expected 0x and 64 hex digits')
  .transform((text) => text.toLowerCase() as Hash)

const optionsSchema = z.strictObject({
  contributions: z.string().min(1),
  validation: z.string().min(1),
  heldOut: z.string().min(1),
  out: z.string().min(1),
  seed,
  projectionSeed: seed.optional(),
  k: z.coerce.number().int().min(8).max(4096),
  epochs: z.coerce.number().int().min(1).max(1000).optional(),
  rank: z.coerce.number().int().min(1).max(256).optional(),
  modelDir: z.string().min(1).optional(),
  json: z.boolean().default(false),
})

/** Damping of the fold, part of the protocol (DESIGN of the attribution rule): the same for every adapter. */
const ALPHA = 2

/** `openledger train`: contributions in, adapter and attribution rows out. */
export function trainCommand(done: (exitCode: number) => void): Command {
  return new Command('train')
    .description(
      'Train a LoRA adapter on contributions, compare it with baselines, and make its attribution rows',
    )
    .requiredOption(
      '--contributions <dir>',
      'folder of <number>.jsonl files, one a contribution, in row order',
    )
    .requiredOption('--validation <file>', 'records that choose the best epoch')
    .requiredOption('--held-out <file>', 'records that nothing is trained on, for the comparison')
    .requiredOption('--out <dir>', 'where adapter, rows, manifest and report go')
    .requiredOption('--seed <hex>', '32 bytes: the same seed gives the same adapter on the same machine')
    .option('--projection-seed <hex>', '32 bytes; the training seed unless given')
    .option('--k <n>', 'length of an attribution row', '1024')
    .option('--epochs <n>', 'most epochs; training ends earlier when validation loss stops falling')
    .option('--rank <n>', 'rank of the adapter')
    .option('--model-dir <dir>', 'where the base model lies')
    .option('--json', 'one JSON object a line, for scripts')
    .addHelpText(
      'after',
      '\nExample:\n  openledger train --contributions data/v1 --validation val.jsonl --held-out test.jsonl' +
        ' --out adapter --seed 0x11…11',
    )
    .action(async (flags: unknown) => {
      const parsed = optionsSchema.safeParse(flags)
      if (!parsed.success) {
        const issue = parsed.error.issues[0]
        throw new NodeError('BAD_CONFIG', `--${String(issue?.path[0])}: ${issue?.message}`)
      }
      const options = parsed.data
      const output = createOutput(options.json)
      const report = await runTraining(
        {
          contributionsDir: options.contributions,
          validationFile: options.validation,
          heldOutFile: options.heldOut,
          outDir: options.out,
          seed: options.seed,
          projectionSeed: options.projectionSeed ?? options.seed,
          k: options.k,
          alpha: ALPHA,
          training: {
            ...(options.epochs === undefined ? {} : { epochs: options.epochs }),
            ...(options.rank === undefined ? {} : { rank: options.rank, alpha: options.rank }),
          },
          modelFolder: options.modelDir,
        },
        { clock: systemClock, onEvent: progressPrinter(output) },
      )
      showReport(output, options.out, report)
      done(exitCodes.ok)
    })
}

const PRINT_EVERY_MS = 2_000

/** One line every two seconds at most, and one for each epoch. */
function progressPrinter(output: Output): (event: TrainingEvent) => void {
  let printedMs = 0
  let epoch = 0
  return (event) => {
    const nowMs = systemClock.nowMs()
    const isNewEpoch = event.stage === 'training' && event.timed.progress.epoch !== epoch
    if (!isNewEpoch && nowMs - printedMs < PRINT_EVERY_MS) return
    printedMs = nowMs
    if (event.stage !== 'training') {
      const { stage, done, of, remainingMs } = event
      output.say(`  ${stage}: ${done} of ${of}, ${seconds(remainingMs)} to go`)
      output.emit(stage, { done, of, remainingMs })
      return
    }
    const { progress, remainingMs } = event.timed
    epoch = progress.epoch
    const last = progress.last
    const validation = last === undefined ? '' : `, validation ${last.validationLoss.toFixed(3)}`
    output.say(
      `  training: epoch ${progress.epoch} of ${progress.epochs}, step ${progress.step} of ${progress.steps}, ` +
        `loss ${progress.loss.toFixed(3)}${validation}, ${seconds(remainingMs)} to go at most`,
    )
    output.emit('training', { ...progress, remainingMs })
  }
}

const seconds = (ms: number) => `${Math.ceil(ms / 1000)} s`

function showReport(output: Output, outDir: string, report: TrainingReport): void {
  output.emit('report', { ...report })
  const line = (name: string, { accuracy, macroF1 }: Quality) =>
    `  ${name.padEnd(36)} accuracy ${interval(accuracy)}   macro F1 ${interval(macroF1)}`
  output.say(
    [
      '',
      `Held-out records, with 95 % intervals:`,
      line('TF-IDF with logistic regression', report.evaluation.tfidf),
      line('frozen encoder with a trained head', report.evaluation.frozenEncoder),
      line('this adapter', report.evaluation.adapter),
      '',
      `Adapter ${report.adapterHash}`,
      `${report.contributions} rows, root ${report.rowsRoot}`,
      `Written to ${join(outDir, '')}`,
    ].join('\n'),
  )
}

function interval({ value, low, high }: Quality['accuracy']): string {
  return `${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`
}
