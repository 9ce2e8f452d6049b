/** Prints docs/command-line.md from the commands themselves. */
import type { Command, Option } from 'commander'
import { EXIT_STATUSES } from './exit-status'
import { JSON_OBJECTS, JSON_SHAPES } from './json-shapes'
import { examplesOf, program } from './program'
import { SETTINGS_GROUP, settingOptions } from './settings'

const INTRODUCTION = `# Command line

Generated from the commands by \`npm run docs\`; \`latchkey <command> --help\` prints the same.
In a clone of the repository, \`latchkey\` is \`./dist/latchkey\`.

Commands that read or change accounts, sessions, roles, keys and mail work beside a running server, on SQLite and on
Postgres. They open the database themselves, so they need the same settings as the server: run them in the same folder,
or name the data folder (\`--data-dir\`) or the database (\`--set AUTH_DATABASE_URL=…\`). What they change applies
to the next request, and the audit log names \`command_line\` as the actor.

With \`--json\`, standard output has one JSON value and nothing else. Times in it are RFC 3339 unless noted; fields are
added, and never renamed or removed. Messages and progress go to standard error.

Passwords are read from a terminal or from standard input, never from arguments.`

/** Examples that test/binary/documents.test.ts leaves out, with the reason. */
const NOT_RUN: Record<string, string> = {
  update: 'it needs a signed release, which test/binary/update.test.ts makes',
}

export function printReference(): string {
  return [
    INTRODUCTION,
    '## Exit statuses',
    table(
      ['status', 'meaning'],
      EXIT_STATUSES.map(({ status, meaning }) => [String(status), meaning]),
    ),
    '## JSON',
    'Objects that several commands print:',
    table(['object', 'fields'], Object.entries(JSON_OBJECTS)),
    '## Settings',
    'Commands that read settings take these flags; [settings.md](settings.md) lists all settings.',
    optionTable(settingOptions()),
    ...program.commands.flatMap((command) => sections(command, 2)),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n')
}

function sections(command: Command, level: number): string[] {
  const own = command.options.filter(
    ({ helpGroupHeading, hidden, long }) => helpGroupHeading !== SETTINGS_GROUP && !hidden && long !== '--json',
  )
  const readsSettings = command.options.some(({ helpGroupHeading }) => helpGroupHeading === SETTINGS_GROUP)
  const usage = command.registeredArguments.map((each) => (each.required ? `<${each.name()}>` : `[${each.name()}]`))
  const examples = examplesOf.get(command) ?? []
  const shape = JSON_SHAPES[nameOf(command)]
  const reason = NOT_RUN[nameOf(command)]
  const notRun = reason === undefined ? '' : `<!-- not run: ${reason} -->\n\n`
  if (shape === undefined && command.options.some(({ long }) => long === '--json'))
    throw new Error(`src/cli/json-shapes.ts does not say what latchkey ${nameOf(command)} --json prints`)
  return [
    `${'#'.repeat(level)} ${nameOf(command)}`,
    [
      `\`${[`latchkey ${nameOf(command)}`, ...usage].join(' ')}\`: ${command.description()}`,
      readsSettings ? ' Reads the [settings](#settings).' : '',
    ].join(''),
    ...(own.length > 0 ? [optionTable(own)] : []),
    ...(shape === undefined ? [] : [`With \`--json\`: ${shape}.`]),
    ...(examples.length > 0 ? [`${notRun}\`\`\`sh\n${examples.join('\n')}\n\`\`\``] : []),
    ...command.commands.flatMap((each) => sections(each, level + 1)),
  ]
}

/** With its parents: `user list`. */
export function nameOf(command: Command): string {
  return command.parent && command.parent !== program ? `${nameOf(command.parent)} ${command.name()}` : command.name()
}

const optionTable = (options: readonly Option[]) =>
  table(
    ['option', 'meaning'],
    options.map(({ flags, description, defaultValue, argChoices }) => [
      `\`${flags}\``,
      [
        description,
        ...(argChoices ? [`one of ${argChoices.join(', ')}`] : []),
        ...(['string', 'number'].includes(typeof defaultValue) ? [`default: \`${defaultValue}\``] : []),
      ].join('; '),
    ]),
  )

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
