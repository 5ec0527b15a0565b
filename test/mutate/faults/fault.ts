/** One deliberate fault: a piece of a source file, replaced. The tests named must fail with it. */
export interface Fault {
  readonly name: string
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
  readonly tests: readonly string[]
}

type Patch = readonly [name: string, find: string, replace: string]

/** Faults of one file that the same tests must find. */
export function faultsOf(file: string, tests: readonly string[], patches: readonly Patch[]): Fault[] {
  return patches.map(([name, find, replace]) => ({ name, file, find, replace, tests }))
}

const TESTS = 'test/unit/consensus'
const CORE = `${TESTS}/core`

export const tests = {
  roundState: [`${CORE}/roundState.test.ts`],
  driver: [`${CORE}/driver.test.ts`],
  votes: [`${CORE}/voteKeeper.test.ts`],
  proposals: [`${CORE}/proposalKeeper.test.ts`, `${CORE}/driver.test.ts`],
  quorums: [`${CORE}/quorums.test.ts`],
  proposer: [`${TESTS}/proposer.test.ts`],
  wal: [`${TESTS}/wal.test.ts`],
  restarts: [`${TESTS}/engineRestart.test.ts`, `${TESTS}/engine.test.ts`],
  engine: [`${TESTS}/engine.test.ts`],
  future: [`${TESTS}/futureMessages.test.ts`],
  signer: [`${TESTS}/signer.test.ts`],
  certificate: [`${TESTS}/certificate.test.ts`],
}
