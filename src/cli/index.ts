/** The command line: one file per verb. */

import { Command, Option } from 'commander'
import { ALGORITHMS } from '../keys'
import { Unavailable } from '../lib/unavailable'
import { openapiText } from '../pages/swagger'
import { commit, sqliteVersion, version } from '../version'
import { check } from './check'
import { healthcheck } from './healthcheck'
import { withHint } from './hint'
import { keys } from './keys'
import { listMail, testMail, writeTemplates } from './mail'
import { migrate } from './migrate'
import { grant, listRolesOf, revoke } from './role'
import { serve } from './serve'
import { fail, withSettings } from './settings'
import { importKeys, listKeys, revokeKey, rotateKeys } from './signing-keys'

const versionLine = () => `latchkey ${version} (commit ${commit}, Bun ${Bun.version}, SQLite ${sqliteVersion()})`

export const program = new Command('latchkey')
  .description('Supabase Auth in one file. Without a command it serves.')
  .helpOption('-h, --help', 'show this')
  .option('-v, --version', 'show version, commit, Bun and SQLite versions')
  .addOption(new Option('-V').hideHelp())
  .showHelpAfterError('(latchkey --help lists what there is)')
  .showSuggestionAfterError()
  .configureOutput({ outputError: (text, write) => write(withHint(text)) })
  .addHelpText('after', '\nExample:\n  $ latchkey\n  $ latchkey serve --help')
  .on('option:version', printVersionAndEnd)
  .on('option:V', printVersionAndEnd)

function printVersionAndEnd(): never {
  process.stdout.write(`${versionLine()}\n`)
  process.exit(0)
}

/** Trouble of the machine is told in its own words; anything else that is thrown is a fault of ours. */
async function orUnavailable(work: () => void | Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (error instanceof Unavailable) fail(`${error.message}; nothing was changed, try again`)
    throw error
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
  return command.action(() => orUnavailable(() => run(command)))
}

withSettings(verb('serve', 'Answer requests.', 'latchkey serve --port 7020 --data-dir ./latchkey-data', serve))

withSettings(
  verb(
    'check',
    'Read every setting and the database, and say all that is wrong with them.',
    'latchkey check --print',
    check,
  ),
).option('--print', 'show each value and where it came from, secrets masked')

const ofKeys = withSettings(verb('keys', 'Print the API keys, the secret one included.', 'latchkey keys --json', keys))
  .option('--json', 'print them as JSON')
  .option('--init', 'make the data folder and the keys of a server that was not started yet')

withSettings(
  verb('list', 'Show the keys that access tokens are signed with.', 'latchkey keys list', listKeys, ofKeys),
).option('--json', 'print them as JSON')

withSettings(
  verb('rotate [kid]', 'Let a new key sign, or one that stands by.', 'latchkey keys rotate', rotateKeys, ofKeys),
)
  .addOption(new Option('--alg <name>', 'what a new key is made for').choices(ALGORITHMS).default('ES256'))
  .option('--now', 'sign at once, before verifiers have had time to see the key')

withSettings(
  verb(
    'import <file>',
    'Take over a private key, as JWK or PEM; it stands by.',
    'latchkey keys import key.json',
    importKeys,
    ofKeys,
  ),
)

withSettings(
  verb('revoke <kid>', 'Refuse tokens of a key from now on.', 'latchkey keys revoke u2SG7aoGv…', revokeKey, ofKeys),
)

withSettings(
  verb('migrate', 'Bring the database up to date, as serve does at start.', 'latchkey migrate --status', migrate),
).option('--status', 'only say which migrations are applied')

const mail = program
  .command('mail')
  .description('Try out the mail settings, see what was sent, or write down the built-in mails.')
  .addHelpText('after', '\nExample:\n  $ latchkey mail test ada@example.com')

withSettings(
  verb(
    'test <address>',
    'Send one mail with the settings as they are.',
    'latchkey mail test ada@example.com',
    testMail,
    mail,
  ),
)

withSettings(
  verb('list', 'Show the latest messages, to whom, and what became of them.', 'latchkey mail list', listMail, mail),
)

verb(
  'templates <folder>',
  'Write the built-in mails into a folder, to start your own from.',
  'latchkey mail templates ./mails',
  writeTemplates,
  mail,
)

const role = program
  .command('role')
  .description('See, grant and revoke roles of users; beside a running server, too.')
  .addHelpText('after', '\nExample:\n  $ latchkey role grant ada@example.com admin')

withSettings(verb('list <user>', 'Show the roles of a user.', 'latchkey role list ada@example.com', listRolesOf, role))

withSettings(verb('grant <user> <role>', 'Grant a role.', 'latchkey role grant ada@example.com admin', grant, role))

withSettings(
  verb('revoke <user> <role>', 'Take a role away.', 'latchkey role revoke ada@example.com admin', revoke, role),
)

verb('openapi', 'Print the OpenAPI document.', 'latchkey openapi > openapi.json', () => {
  process.stdout.write(openapiText)
})

withSettings(
  verb(
    'healthcheck',
    'Ask a running server whether it is ready; exit status 0 if so.',
    'latchkey healthcheck --port 7020',
    healthcheck,
  ),
)

verb('version', 'Show version, commit, Bun and SQLite versions.', 'latchkey version', () => {
  process.stdout.write(`${versionLine()}\n`)
})
