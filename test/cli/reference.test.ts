import { expect, test } from 'bun:test'
import type { Command } from 'commander'
import { program } from '../../src/cli'
import { JSON_SHAPES } from '../../src/cli/json-shapes'
import { examplesOf } from '../../src/cli/program'
import { nameOf } from '../../src/cli/reference'

const all = (command: Command): Command[] => command.commands.flatMap((each) => [each, ...all(each)])
const hasOption = (command: Command, long: string) => command.options.some((option) => option.long === long)

test('what each command prints with --json is described, and nothing else', () => {
  const printing = all(program).filter((command) => hasOption(command, '--json'))
  expect(printing.map(nameOf).sort()).toEqual(Object.keys(JSON_SHAPES).sort())
})

test('every command that does something prints JSON, except those with another format', () => {
  const silent = all(program).filter((command) => command.commands.length === 0 && !hasOption(command, '--json'))
  expect(silent.map(nameOf).sort()).toEqual(['completion', 'keys gotrue', 'openapi', 'serve'])
})

test('every command has an example that begins with its own name, and a summary that is a sentence', () => {
  for (const command of all(program)) {
    expect(
      examplesOf
        .get(command)
        ?.some((line) => line.includes(`latchkey ${nameOf(command)}`) || command.commands.length > 0),
    ).toBe(true)
    expect(command.description()).toMatch(/^[A-Z].*\.$/s)
  }
})
