import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { Job, JobResult } from './runFile.ts'

export interface PoolEvents {
  onStart(file: string): void
  onCase(): void
  onResult(result: JobResult): void
}

/** Runs jobs in worker processes, each process one job at a time; a process that dies fails its job only. */
export async function runJobs(
  jobs: readonly Job[],
  options: { workers: number },
  events: PoolEvents,
): Promise<void> {
  const pending = [...jobs]
  const lanes = Array.from({ length: Math.min(options.workers, jobs.length) }, async () => {
    let child: ChildProcess | undefined
    for (let job = pending.shift(); job !== undefined; job = pending.shift()) {
      child ??= fork(join(import.meta.dirname, 'worker.ts'), { execArgv: process.execArgv })
      events.onStart(job.file)
      const result = await runIn(child, job, events)
      if (result === undefined) {
        events.onResult({ file: job.file, verdicts: [], error: 'the worker process died over it' })
        child = undefined
      } else {
        events.onResult(result)
      }
    }
    child?.disconnect()
  })
  await Promise.all(lanes)
}

/** Undefined when the process ends without an answer. */
function runIn(child: ChildProcess, job: Job, events: PoolEvents): Promise<JobResult | undefined> {
  return new Promise((resolve) => {
    const onMessage = (message: 'case' | JobResult) => {
      if (message === 'case') return events.onCase()
      child.off('message', onMessage)
      child.off('exit', onExit)
      resolve(message)
    }
    const onExit = () => resolve(undefined)
    child.on('message', onMessage)
    child.once('exit', onExit)
    child.send(job)
  })
}
