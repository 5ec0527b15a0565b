// A worker process of the runner: gets one file at a time, answers with the verdicts on its cases.
import { type Job, runFile } from './runFile.ts'

process.on('message', async (job: Job) => {
  process.send?.(await runFile(job, () => process.send?.('case')))
})
process.on('disconnect', () => process.exit(0))
