/** The program, and how commands are added to it. */
import { Command, Option } from 'commander'
import { Refusal } from '../core/kernel/refusal'
import { Unavailable } from '../lib/unavailable'
import { sqliteVersion } from '../store/database'
import { errorOf } from '../surfaces/gotrue/errors'
import { commit, version } from '../version'
import { CommandFailure, EXIT, EXIT_STATUSES } from './exit-status'
import { withHint } from './hint'
import { printable } from './terminal'

export const versions = () => ({ version, commit, bun: Bun.version, sqlite: sqliteVersion() })

export const versionLine = () => `latchkey ${version} (commit ${commit}, Bun ${Bun.version}, SQLite ${sqliteVersion()})`

const exitStatuses = EXIT_STATUSES.map(({ status, meaning }) => `  ${status}  ${meaning}`).join('\n')

export const program = new Command('latchkey')
  .description('Supabase Auth in one file. Without a command, it starts the server.')
  .helpOption('-h, --help', 'show this help')
  .option('-v, --version', 'show version, commit, Bun and SQLite versions')
  .addOption(new Option('-V').hideHelp())
  .showHelpAfterError('(latchkey --help lists the commands)')
  .showSuggestionAfterError()
  .configureOutput({ outputError: (text, write) => write(withHint(text)) })
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.ok : EXIT.usage))
  .addHelpText('after', `\nExit statuses:\n${exitStatuses}\n\nExample:\n  $ latchkey\n  $ latchkey serve --help`)
  .on('option:version', printVersionAndEnd)
  .on('option:V', printVersionAndEnd)

function printVersionAndEnd(): never {
  process.stdout.write(`${versionLine()}\n`)
  process.exit(0)
}

/** The examples of each command, for the documentation. */
export const examplesOf = new Map<Command, readonly string[]>()

export type Run = (command: Command) => void | Promise<void>

/** Adds a command. @param examples command lines, printed below its help */
export function verb(
  name: string,
  summary: string,
  examples: string | readonly string[],
  run: Run,
  parent = program,
): Command {
  const command = group(name, summary, examples, parent).allowExcessArguments(false)
  return command.action(() => reportFailure(() => run(command)))
}

/** Adds a command that only has subcommands. */
export function group(name: string, summary: string, examples: string | readonly string[], parent = program): Command {
  const lines = [examples].flat()
  const [first = summary] = /^.*?[.](?= |$)/s.exec(summary) ?? []
  const command = parent.command(name).description(summary).summary(first)
  examplesOf.set(command, lines)
  return command.addHelpText('after', `\nExample:${lines.map((line) => `\n  $ ${line}`).join('')}`)
}

/** Refusals and environmental errors have a clear message; anything else that is thrown is a bug. */
async function reportFailure(work: () => void | Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const { message, status } = failureOf(error)
    for (const line of message.split('\n')) process.stderr.write(`latchkey: ${printable(line)}\n`)
    process.exit(status)
  }
}

/** @throws a fault as it is */
function failureOf(error: unknown): Pick<CommandFailure, 'message' | 'status'> {
  if (error instanceof CommandFailure) return error
  if (error instanceof Refusal) return refusalFailure(error)
  if (!(error instanceof Unavailable)) throw error
  const outcome = error.kind === 'outcome_unknown' ? 'check it before you try again' : 'nothing was changed; try again'
  return { message: `${error.message}; ${outcome}`, status: EXIT.failure }
}

/** With the words of the API, and its code, which the documentation explains. */
function refusalFailure(refusal: Refusal): CommandFailure {
  const { status, code, message } = errorOf(refusal)
  const kind = status === 404 ? EXIT.notFound : status >= 500 ? EXIT.failure : EXIT.refused
  return new CommandFailure(`${message} (${code})`, kind)
}
