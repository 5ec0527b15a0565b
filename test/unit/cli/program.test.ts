import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { createProgram } from '../../../src/cli/program.ts'

const program = createProgram(() => undefined)
const leaves = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves)
const pathOf = (command: Command): string =>
  command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`

/** All that `--help` prints. */
function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (part) => {
      text += part
    },
  })
  command.outputHelp()
  return text
}

describe('the command line', () => {
  it('has a command for each thing that an operator does', () => {
    const names = program.commands.map((command) => command.name())
    for (const name of ['init', 'keys', 'start', 'signer', 'status', 'peers', 'export', 'import']) {
      expect(names).toContain(name)
    }
  })

  it.each(leaves(program).map((command) => [pathOf(command), command] as const))(
    '%s says what it does, explains every option and shows an example of itself',
    (path, command) => {
      expect(command.description()).not.toBe('')
      for (const option of command.options) expect(option.description).not.toBe('')
      const help = helpOf(command)
      expect(help).toMatch(/\nExamples?:\n/)
      expect(help).toContain(path === 'openledger devnet' ? './scripts/devnet' : path)
    },
  )

  it.each([
    'init',
    'keys new',
    'keys import',
    'keys show',
    'keys identity',
    'signer',
    'status',
    'peers',
    'export',
    'import',
  ])('%s prints facts as JSON when asked to', (name) => {
    const command = leaves(program).find((one) => pathOf(one) === `openledger ${name}`)
    expect(command?.options.map(({ long }) => long)).toContain('--json')
  })
})
