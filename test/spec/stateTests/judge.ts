import type { NativePrecompile } from '../../../precompiles/host.ts'
import { caseId, indexesText, type StateTestCase } from './fixture.ts'
import { commonOf, knownForks, referenceCommonOf } from './forks.ts'
import { knownFaultOf } from './knownFaults.ts'
import { toBigInt } from './numbers.ts'
import type { Outcome } from './outcome.ts'
import { type NodeOutcome, runOnNode } from './runOnNode.ts'
import { runOnReference } from './runOnReference.ts'
import { differences } from './stateDifferences.ts'

export interface Verdict {
  readonly id: string
  readonly file: string
  readonly name: string
  readonly fork: string
  readonly indexes: string
  readonly status: 'passed' | 'failed' | 'skipped'
  /** Why it was skipped. */
  readonly reason?: string
  /** What was expected and what was found, one a line. */
  readonly problems?: readonly string[]
}

export interface JudgeOptions {
  readonly precompiles: readonly NativePrecompile[]
  /** Runs ethereumjs's own VM in place of this node. */
  readonly useReference?: boolean
}

/** Runs a case and compares the state's root and the hash of the logs with what the file says. */
export async function judge(testCase: StateTestCase, options: JudgeOptions): Promise<Verdict> {
  const { file, name, fork, expected, test } = testCase
  const about = { id: caseId(testCase), file, name, fork, indexes: indexesText(fork, expected) }
  const chainId = Number(toBigInt(test.config?.chainid ?? '0x01'))
  const common = options.useReference ? referenceCommonOf(fork, chainId) : commonOf(fork, chainId)
  if (common === undefined) {
    const reason = `the fork ${fork} is not known here (known: ${knownForks.join(', ')})`
    return { ...about, status: 'skipped', reason }
  }
  const problems: string[] = []
  try {
    const outcome = options.useReference
      ? await runOnReference(testCase, common)
      : await runOnNode(testCase, common, options.precompiles)
    problems.push(...compare(testCase, outcome))
  } catch (error) {
    problems.push(`the run itself failed: ${error instanceof Error ? (error.stack ?? error.message) : error}`)
  }
  if (problems.length === 0) return { ...about, status: 'passed' }
  const fault = options.useReference ? undefined : knownFaultOf(testCase)
  if (fault !== undefined) return { ...about, status: 'skipped', reason: fault.reason }
  return { ...about, status: 'failed', problems }
}

function compare({ expected, test }: StateTestCase, outcome: Outcome | NodeOutcome): string[] {
  const problems: string[] = []
  if (outcome.stateRoot !== expected.hash) {
    problems.push(`state root: expected ${expected.hash}, found ${outcome.stateRoot}`)
    if ('diff' in outcome && expected.state !== undefined) {
      problems.push(...differences(test.pre, expected.state, outcome.diff))
    }
  }
  if (outcome.logsHash !== expected.logs) {
    problems.push(`logs hash: expected ${expected.logs}, found ${outcome.logsHash}`)
  }
  const exception = expected.expectException
  if (exception !== undefined && outcome.refusal === undefined) {
    problems.push(`the transaction was executed; expected its refusal: ${exception}`)
  }
  if (problems.length > 0 && outcome.refusal !== undefined) {
    problems.push(`the transaction was refused: ${outcome.refusal}`)
  }
  return problems
}
