/** The server: start it, and look at it. */
import { Option } from 'commander'
import { check } from '../check'
import { doctor } from '../doctor'
import { healthcheck } from '../healthcheck'
import { group, verb, versionLine } from '../program'
import { testRedirect } from '../redirect'
import { serve } from '../serve'
import { withSettings } from '../settings'
import { status } from '../status'

export function addServerCommands(): void {
  withSettings(verb('serve', 'Start the server.', 'latchkey serve --port 7020 --data-dir ./latchkey-data', serve))

  withSettings(
    verb('check', 'Validate every setting and the database, and list all problems.', 'latchkey check --print', check),
  )
    .option('--print', 'show each value and its origin, with secrets masked')
    .addOption(
      new Option('--json', 'print the problems, and what the settings of Supabase do, as JSON').conflicts('print'),
    )

  withSettings(
    verb(
      'healthcheck',
      'Check whether a running server is ready; exits with status 0 if it is.',
      'latchkey healthcheck --port 7020',
      healthcheck,
    ),
  ).option('--json', 'print JSON')

  withSettings(
    verb(
      'status',
      'Show whether the server runs, its URL and its keys; exits with status 0 if it runs, and 5 if not.',
      ['latchkey status', 'latchkey status -o env > .env.local', 'eval "$(latchkey status -o env)"'],
      status,
    ),
  )
    .addOption(
      new Option('-o, --output <format>', 'env prints SUPABASE_URL, NEXT_PUBLIC_…, VITE_… and the keys').choices([
        'text',
        'env',
        'json',
      ]),
    )
    .addOption(new Option('--json', 'the same as -o json').conflicts('output'))

  withSettings(
    verb(
      'doctor',
      'Look for problems: settings, data folder, database, disk, clock, proxy, mail server and mail DNS.',
      'latchkey doctor',
      doctor,
    ),
  ).option('--json', 'print JSON')

  const redirect = group('redirect', 'Test redirect URLs.', 'latchkey redirect test https://app.example.com/welcome')
  withSettings(
    verb(
      'test <url>',
      'Say whether a redirect_to is allowed, and which line of the settings allows it.',
      'latchkey redirect test https://app.example.com/welcome',
      testRedirect,
      redirect,
    ),
  ).option('--json', 'print JSON')

  verb('version', 'Show version, commit, Bun and SQLite versions.', 'latchkey version', () => {
    process.stdout.write(`${versionLine()}\n`)
  })
}
