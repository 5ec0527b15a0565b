import { z } from 'zod'

/**
 * The JSON of GeneralStateTests and of EEST's `state_test`, decoded. Numbers stay text until a case needs them: some
 * tests hold numbers that no transaction can have.
 */

/** The largest published file has 9 MB. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024

// "0x:bigint 0x…" marks a number of more than 256 bits
const number = z.string().regex(/^(?:0x:bigint )?0x[0-9a-fA-F]*$/)
const bytes = z.string().regex(/^0x(?:[0-9a-fA-F]{2})*$/)
const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/)
const hash = z.string().regex(/^0x[0-9a-fA-F]{64}$/)

const account = z.object({
  balance: number,
  code: bytes,
  nonce: number,
  storage: z.record(number, number),
})

const environment = z.object({
  currentCoinbase: address,
  currentGasLimit: number,
  currentNumber: number,
  currentTimestamp: number,
  currentDifficulty: number.optional(),
  currentRandom: number.optional(),
  currentBaseFee: number.optional(),
  currentExcessBlobGas: number.optional(),
})

const accessList = z.array(z.object({ address: bytes, storageKeys: z.array(bytes) }))

const authorization = z.object({
  chainId: number,
  address: bytes,
  nonce: number,
  v: number.optional(),
  yParity: number.optional(),
  r: number,
  s: number,
})

const transaction = z.object({
  data: z.array(bytes),
  gasLimit: z.array(number),
  value: z.array(number),
  nonce: number,
  to: z.union([z.literal(''), bytes]),
  secretKey: bytes,
  gasPrice: number.optional(),
  maxFeePerGas: number.optional(),
  maxPriorityFeePerGas: number.optional(),
  maxFeePerBlobGas: number.optional(),
  blobVersionedHashes: z.array(bytes).optional(),
  /** One for each `data`; null: the transaction has none. */
  accessLists: z.array(accessList.nullable()).optional(),
  authorizationList: z.array(authorization).optional(),
})

const expectation = z.object({
  hash,
  logs: hash,
  indexes: z.object({
    data: z.number().int().nonnegative(),
    gas: z.number().int().nonnegative(),
    value: z.number().int().nonnegative(),
  }),
  txbytes: bytes.optional(),
  expectException: z.string().optional(),
  /** The whole state after the transaction; EEST writes it. */
  state: z.record(address, account).optional(),
})

const stateTest = z.object({
  env: environment,
  pre: z.record(address, account),
  transaction,
  post: z.record(z.string(), z.array(expectation)),
  config: z.object({ chainid: number.optional() }).optional(),
})

const stateTestFile = z.record(z.string(), stateTest)

export type StateTestFile = z.infer<typeof stateTestFile>
export type StateTest = z.infer<typeof stateTest>
export type Expectation = z.infer<typeof expectation>
export type TestEnvironment = z.infer<typeof environment>
export type TestTransaction = z.infer<typeof transaction>
export type TestAccounts = z.infer<typeof stateTest.shape.pre>

/** One transaction under one fork. */
export interface StateTestCase {
  readonly file: string
  readonly name: string
  readonly fork: string
  readonly test: StateTest
  readonly expected: Expectation
}

/** Throws what is wrong with the text, in one line. */
export function parseStateTests(text: string): StateTestFile {
  const parsed = stateTestFile.safeParse(JSON.parse(text))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Error(`not a state test: ${issue?.path.join('.')}: ${issue?.message}`)
}

export function casesOf(file: string, tests: StateTestFile): StateTestCase[] {
  return Object.entries(tests).flatMap(([name, test]) =>
    Object.entries(test.post).flatMap(([fork, expectations]) =>
      expectations.map((expected) => ({ file, name, fork, test, expected })),
    ),
  )
}

/** Names a case among all of its folder; `--filter` finds it by any part of it. */
export function caseId({ file, name, fork, expected }: StateTestCase): string {
  return `${file} ${name} ${indexesText(fork, expected)}`
}

export function indexesText(fork: string, { indexes }: Expectation): string {
  return `[${fork} d${indexes.data} g${indexes.gas} v${indexes.value}]`
}
