/** The command line: one file per command. */

import { Command, Option } from 'commander'
import { ALGORITHMS } from '../compose/keys'
import { Unavailable } from '../lib/unavailable'
import { openapiText } from '../pages/swagger'
import { sqliteVersion } from '../store/database'
import { commit, version } from '../version'
import { check } from './check'
import { healthcheck } from './healthcheck'
import { withHint } from './hint'
import { keys, keysForGotrue } from './keys'
import { listMail, testMail, writeTemplates } from './mail'
import { migrate } from './migrate'
import { move } from './move'
import { grant, listRolesOf, revoke } from './role'
import { serve } from './serve'
import { fail, withSettings } from './settings'
import { importKeys, listKeys, revokeKey, rotateKeys } from './signing-keys'

const versionLine = () => `latchkey ${version} (commit ${commit}, Bun ${Bun.version}, SQLite ${sqliteVersion()})`

export const program = new Command('latchkey')
  .description('Supabase Auth in one file. Without a command, it starts the server.')
  .helpOption('-h, --help', 'show this help')
  .option('-v, --version', 'show version, commit, Bun and SQLite versions')
  .addOption(new Option('-V').hideHelp())
  .showHelpAfterError('(latchkey --help lists the commands)')
  .showSuggestionAfterError()
  .configureOutput({ outputError: (text, write) => write(withHint(text)) })
  .addHelpText('after', '\nExample:\n  $ latchkey\n  $ latchkey serve --help')
  .on('option:version', printVersionAndEnd)
  .on('option:V', printVersionAndEnd)

function printVersionAndEnd(): never {
  process.stdout.write(`${versionLine()}\n`)
  process.exit(0)
}

/** Environmental errors have a clear message; anything else that is thrown is a bug. */
async function reportUnavailable(work: () => void | Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    const outcome =
      error.kind === 'outcome_unknown' ? 'check it before you try again' : 'nothing was changed; try again'
    fail(`${error.message}; ${outcome}`)
  }
}

function verb(
  name: string,
  summary: string,
  example: string,
  run: (command: Command) => void | Promise<void>,
  parent = program,
): Command {
  const command = parent
    .command(name)
    .description(summary)
    .allowExcessArguments(false)
    .addHelpText('after', `\nExample:\n  $ ${example}`)
  return command.action(() => reportUnavailable(() => run(command)))
}

withSettings(verb('serve', 'Start the server.', 'latchkey serve --port 7020 --data-dir ./latchkey-data', serve))

withSettings(
  verb('check', 'Validate every setting and the database, and list all problems.', 'latchkey check --print', check),
).option('--print', 'show each value and its origin, with secrets masked')

const ofKeys = withSettings(verb('keys', 'Print the API keys, including the secret key.', 'latchkey keys --json', keys))
  .option('--json', 'print them as JSON')
  .option('--init', 'create the data folder and keys of a server that has not been started yet')

withSettings(verb('list', 'List the keys that sign access tokens.', 'latchkey keys list', listKeys, ofKeys)).option(
  '--json',
  'print them as JSON',
)

withSettings(
  verb('rotate [kid]', 'Activate a new signing key, or a standby key.', 'latchkey keys rotate', rotateKeys, ofKeys),
)
  .addOption(new Option('--alg <name>', 'algorithm of a new key').choices(ALGORITHMS).default('ES256'))
  .option('--now', 'sign immediately, before verifiers have had time to fetch the key')

withSettings(
  verb(
    'import <file>',
    'Import a private key, as JWK or PEM, as a standby key.',
    'latchkey keys import key.json',
    importKeys,
    ofKeys,
  ),
)

withSettings(
  verb(
    'revoke <kid>',
    'Revoke a key: its tokens are refused from now on.',
    'latchkey keys revoke u2SG7aoGv…',
    revokeKey,
    ofKeys,
  ),
)

withSettings(
  verb(
    'gotrue',
    'Print the settings with which GoTrue reads the secrets in the database.',
    'latchkey keys gotrue >> gotrue.env',
    keysForGotrue,
    ofKeys,
  ),
)

withSettings(
  verb(
    'migrate',
    'Migrate the database to this version, as serve does at startup.',
    'latchkey migrate --status',
    migrate,
  ),
)
  .option('--status', 'only show which migrations are applied')
  .option('--dry-run', 'only print the SQL of the migrations that are missing')

withSettings(
  verb(
    'move',
    'Copy everything from SQLite to Postgres or back, with the server stopped.',
    'latchkey move --to postgres://latchkey@db.example.com/app',
    move,
  ),
)
  .option('--from <database>', 'URL, file or data folder to copy from; by default, the database of the settings')
  .option('--to <database>', 'URL, file or data folder to copy to, which must have no accounts; by default the same')
  .option('--dry-run', 'only check both databases and count the rows')
  .option('--show-secrets', 'print the secrets that servers on Postgres need, instead of where they are')

const mail = program
  .command('mail')
  .description('Test the mail settings, list sent messages, or export the built-in mails.')
  .addHelpText('after', '\nExample:\n  $ latchkey mail test ada@example.com')

withSettings(
  verb(
    'test <address>',
    'Send one mail with the current settings.',
    'latchkey mail test ada@example.com',
    testMail,
    mail,
  ),
)

withSettings(verb('list', 'List the latest messages with recipient and status.', 'latchkey mail list', listMail, mail))

verb(
  'templates <folder>',
  'Write the built-in mails to a folder, as a starting point for your own.',
  'latchkey mail templates ./mails',
  writeTemplates,
  mail,
)

const role = program
  .command('role')
  .description("List, grant and revoke users' roles, also while the server is running.")
  .addHelpText('after', '\nExample:\n  $ latchkey role grant ada@example.com admin')

withSettings(verb('list <user>', 'List the roles of a user.', 'latchkey role list ada@example.com', listRolesOf, role))

withSettings(verb('grant <user> <role>', 'Grant a role.', 'latchkey role grant ada@example.com admin', grant, role))

withSettings(verb('revoke <user> <role>', 'Revoke a role.', 'latchkey role revoke ada@example.com admin', revoke, role))

verb('openapi', 'Print the OpenAPI document.', 'latchkey openapi > openapi.json', () => {
  process.stdout.write(openapiText)
})

withSettings(
  verb(
    'healthcheck',
    'Check whether a running server is ready; exits with status 0 if it is.',
    'latchkey healthcheck --port 7020',
    healthcheck,
  ),
)

verb('version', 'Show version, commit, Bun and SQLite versions.', 'latchkey version', () => {
  process.stdout.write(`${versionLine()}\n`)
})
