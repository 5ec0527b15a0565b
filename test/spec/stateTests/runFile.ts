import { readFile, stat } from 'node:fs/promises'
import { messageOf } from '../../../src/errors/errors.ts'
import { caseId, casesOf, MAX_FILE_BYTES, parseStateTests } from './fixture.ts'
import { judge, type Verdict } from './judge.ts'
import { nativePrecompiles } from './natives.ts'

export interface Job {
  readonly path: string
  /** The path as it is shown. */
  readonly file: string
  readonly fork: string | undefined
  readonly filter: string | undefined
  readonly useReference: boolean
  /** Of each file only so many, spread over it; absent: all. */
  readonly mostCases?: number
}

export interface JobResult {
  readonly file: string
  readonly verdicts: readonly Verdict[]
  /** The file could not be read. */
  readonly error?: string
}

const precompiles = nativePrecompiles()

export async function runFile(job: Job, onCase: () => void = () => undefined): Promise<JobResult> {
  const { path, file, fork, filter, useReference } = job
  try {
    const { size } = await stat(path)
    if (size > MAX_FILE_BYTES) throw new Error(`${size} bytes; at most ${MAX_FILE_BYTES} are read`)
    const cases = casesOf(file, parseStateTests(await readFile(path, 'utf8'))).filter(
      (one) =>
        (fork === undefined || one.fork === fork) && (filter === undefined || caseId(one).includes(filter)),
    )
    const verdicts: Verdict[] = []
    const step = Math.max(1, Math.floor(cases.length / (job.mostCases ?? cases.length)))
    for (const testCase of cases.filter((_, index) => index % step === 0)) {
      verdicts.push(await judge(testCase, { precompiles, useReference }))
      onCase()
    }
    return { file, verdicts }
  } catch (error) {
    return { file, verdicts: [], error: messageOf(error) }
  }
}
