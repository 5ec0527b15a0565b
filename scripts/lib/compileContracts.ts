// Compiles contracts/**/*.sol with solc and writes contracts/generated/<Contract>.ts: the ABI as a typed constant,
// and creation code where there is any. Selectors, event topics and TypeScript types all come from these files. Those of
// contracts/reference go to a folder of their own, which the built node leaves out.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'

interface CompiledContract {
  abi: unknown[]
  evm: { bytecode: { object: string } }
}
interface SolcOutput {
  errors?: {
    severity: string
    errorCode?: string
    formattedMessage: string
    sourceLocation?: { file: string }
  }[]
  contracts?: Record<string, Record<string, CompiledContract>>
}
interface Solc {
  compile(
    input: string,
    callbacks: { import(path: string): { contents: string } | { error: string } },
  ): string
}

const require = createRequire(import.meta.url)
const root = join(import.meta.dirname, '..', '..')
const outputDir = join(root, 'contracts', 'generated')
/** Tests alone run these, under no limit of a contract's size. */
const REFERENCE = 'contracts/reference/'
/** Code, or creation code, is larger than a chain takes. */
const SIZE_WARNINGS: readonly (string | undefined)[] = ['5574', '3860']

function sources(): Record<string, { content: string }> {
  const files = readdirSync(join(root, 'contracts'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.sol'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  return Object.fromEntries(
    files.map((file) => [relative(root, file), { content: readFileSync(file, 'utf8') }]),
  )
}

function findImport(path: string): { contents: string } | { error: string } {
  for (const base of [root, join(root, 'node_modules')]) {
    try {
      return { contents: readFileSync(join(base, path), 'utf8') }
    } catch {
      // tried in the next place
    }
  }
  return { error: `${path} was not found` }
}

function compile(): Record<string, Record<string, CompiledContract>> {
  const solc = require('solc') as Solc
  const input = {
    language: 'Solidity',
    sources: sources(),
    settings: {
      evmVersion: 'osaka',
      optimizer: { enabled: true, runs: 200 },
      // no metadata hash: the code must not depend on where the sources lie
      metadata: { bytecodeHash: 'none' },
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
    },
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: findImport })) as SolcOutput
  const problems = (output.errors ?? []).filter(({ severity, errorCode, sourceLocation }) => {
    const mayBeLarge = sourceLocation?.file.startsWith(REFERENCE) === true
    return severity !== 'info' && !(mayBeLarge && SIZE_WARNINGS.includes(errorCode))
  })
  for (const problem of problems) process.stderr.write(`${problem.formattedMessage}\n`)
  if (problems.length > 0) process.exit(1)
  return output.contracts ?? {}
}

const camel = (name: string) => name.replace(/^[A-Z]+(?=[A-Z][a-z]|$)|^[A-Z]/, (head) => head.toLowerCase())

rmSync(outputDir, { recursive: true, force: true })
mkdirSync(join(outputDir, 'reference'), { recursive: true })
for (const [file, contracts] of Object.entries(compile())) {
  if (!file.startsWith('contracts/')) continue
  for (const [name, contract] of Object.entries(contracts)) {
    const code = contract.evm.bytecode.object
    const lines = [
      `// Made from ${file}. Do not edit.`,
      `export const ${camel(name)}Abi = ${JSON.stringify(contract.abi)} as const`,
    ]
    if (code !== '') lines.push(`export const ${camel(name)}CreationCode = '0x${code}'`)
    const folder = file.startsWith(REFERENCE) ? join(outputDir, 'reference') : outputDir
    writeFileSync(join(folder, `${name}.ts`), `${lines.join('\n')}\n`)
  }
}
