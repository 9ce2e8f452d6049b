/** The exit statuses of every command (docs/command-line.md#exit-statuses). */

/** The sentences are printed by `latchkey --help` and in the documentation. */
export const EXIT_STATUSES = [
  { status: 0, name: 'ok', meaning: 'The command has done its work.' },
  { status: 1, name: 'failure', meaning: 'The command failed; the message says why, and what to do.' },
  { status: 2, name: 'usage', meaning: 'The command line is wrong: an unknown command or option, or a missing value.' },
  { status: 3, name: 'notFound', meaning: 'The named user, session, key, role or event does not exist.' },
  { status: 4, name: 'refused', meaning: 'A rule refuses it: a weak password, an address in use, an invalid file.' },
  { status: 5, name: 'notRunning', meaning: 'No server is running (`status`, `limits`).' },
] as const

type Name = (typeof EXIT_STATUSES)[number]['name']

export const EXIT = Object.fromEntries(EXIT_STATUSES.map(({ name, status }) => [name, status])) as Record<Name, number>

/** Ends a command. The message is for the user, one line for each problem. */
export class CommandFailure extends Error {
  constructor(
    message: string,
    readonly status: number = EXIT.failure,
  ) {
    super(message)
    this.name = 'CommandFailure'
  }
}

/** Ends the command with a message. */
export function fail(message: string, status: number = EXIT.failure): never {
  throw new CommandFailure(message, status)
}

/** Runs work that may fail for reasons the operator can fix, and prints these in one line. */
export async function exitOnError<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    return fail((error as Error).message, error instanceof CommandFailure ? error.status : EXIT.failure)
  }
}
