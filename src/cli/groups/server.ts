/** The server: start it, and look at it. */
import { Option } from 'commander'
import { check } from '../check'
import { doctor } from '../doctor'
import { healthcheck } from '../healthcheck'
import { init } from '../init'
import { JSON_OPTION } from '../options'
import { print } from '../output'
import { group, verb, versionLine, versions } from '../program'
import { testRedirect } from '../redirect'
import { serve } from '../serve'
import { withSettings } from '../settings'
import { status } from '../status'
import { update } from '../update'

export function addServerCommands(): void {
  addStart()
  addChecks()
  addVersions()
}

function addStart(): void {
  verb(
    'init',
    'Ask for domain, application, proxy and mail server, and write the settings file. With --yes, flags answer instead.',
    [
      'latchkey init',
      'latchkey init --yes --domain auth.example.com --site-url https://app.example.com --proxy 127.0.0.1/32',
      'latchkey init --yes --smtp-host smtp.example.com --smtp-user ada --smtp-password-stdin < password.txt',
    ],
    init,
  )
    .option('--domain <domain>', 'domain under which clients reach the server; without one, this machine only')
    .option('--site-url <url>', 'URL of the application')
    .option('--proxy <networks>', 'addresses or networks of the reverse proxy, or none')
    .option('--smtp-host <host>', 'SMTP server; without one, mail is shown at /mailbox')
    .option('--smtp-port <port>', 'its port')
    .option('--smtp-user <user>', 'user at the SMTP server')
    .option('--smtp-password-stdin', 'read the password of this user from standard input')
    .option('--sender <address>', 'sender of mails')
    .option('--output <file>', 'the settings file', '.env')
    .option('--force', 'write an existing file again; settings that are not asked for stay')
    .option('--yes', 'do not ask')
    .option(...JSON_OPTION)

  withSettings(verb('serve', 'Start the server.', 'latchkey serve --port 7020 --data-dir ./latchkey-data', serve))
}

function addChecks(): void {
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
  ).option(...JSON_OPTION)

  withSettings(
    verb(
      'status',
      'Show whether the server runs, its URL and its keys; exits with status 0 if it runs, and 5 if not.',
      ['latchkey status', 'latchkey status -o env > .env.local', 'eval "$(latchkey status -o env)"'],
      status,
    ),
  )
    .addOption(
      new Option(
        '-o, --output <format>',
        'env prints the URL and the keys under the names that Supabase and frameworks use',
      ).choices(['text', 'env', 'json']),
    )
    .addOption(new Option('--json', 'the same as -o json').conflicts('output'))

  withSettings(
    verb(
      'doctor',
      'Look for problems: settings, data folder, database, disk, clock, proxy, mail server and mail DNS.',
      'latchkey doctor',
      doctor,
    ),
  ).option(...JSON_OPTION)

  const redirect = group('redirect', 'Test redirect URLs.', 'latchkey redirect test https://app.example.com/welcome')
  withSettings(
    verb(
      'test <url>',
      'Say whether a redirect_to is allowed, and which line of the settings allows it.',
      'latchkey redirect test https://app.example.com/welcome',
      testRedirect,
      redirect,
    ),
  ).option(...JSON_OPTION)
}

function addVersions(): void {
  verb('version', 'Show version, commit, Bun and SQLite versions.', 'latchkey version', (command) =>
    print(command, versions(), versionLine),
  ).option(...JSON_OPTION)

  withSettings(
    verb(
      'update',
      'Replace this executable by a signed release, keep the old one beside it, and go back if the new one does not work.',
      [
        'latchkey update',
        'latchkey update --from ./release --public-key RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3',
      ],
      update,
    ),
  )
    .option('--from <place>', 'URL or folder of the release, instead of AUTH_UPDATE_URL')
    .option('--public-key <key>', 'public key of minisign, instead of the one that was built in')
    .option('--allow-downgrade', 'install an older version as well')
    .option(...JSON_OPTION)
}
