/** Accounts and what belongs to them. */
import { Option } from 'commander'
import { listAudit } from '../audit'
import { verifyAudit } from '../audit-verify'
import { listLimits, resetLimits } from '../limits'
import { countOption, JSON_OPTION, timeOption } from '../options'
import { group, type Run, verb } from '../program'
import { grant, listRolesOf, revoke } from '../role'
import { seed } from '../seed'
import { listSessions, revokeSessions } from '../session'
import { withSettings } from '../settings'
import {
  banUser,
  confirmUser,
  createUser,
  deleteUser,
  listUsers,
  setPassword,
  showUser,
  signOutUser,
  unbanUser,
} from '../user'
import { why } from '../why'

export function addAccountCommands(): void {
  addUserCommands()
  addSessionCommands()
  addRoleCommands()
  addAuditCommands()
  addLimitCommands()
  addSeedCommand()
}

function addLimitCommands(): void {
  const limits = group(
    'limits',
    'List and reset rate limits of the running server.',
    'latchkey limits reset ada@example.com',
  )
  withSettings(
    verb('list', 'List the limits that refuse requests now.', 'latchkey limits list', listLimits, limits),
  ).option(...JSON_OPTION)
  withSettings(
    verb(
      'reset <subject>',
      'Reset the limits of a user, an email address, an IP address, a network, or the whole server.',
      ['latchkey limits reset ada@example.com', 'latchkey limits reset 203.0.113.7', 'latchkey limits reset server'],
      resetLimits,
      limits,
    ),
  ).option(...JSON_OPTION)
}

function addAuditCommands(): void {
  const audit = group(
    'audit',
    'Read and verify the audit log.',
    'latchkey audit list --user ada@example.com --since 24h',
  )
  withSettings(
    verb(
      'list',
      'List entries of the audit log, newest first.',
      ['latchkey audit list --user ada@example.com --since 24h', 'latchkey audit list --action user_deleted --json'],
      listAudit,
      audit,
    ),
  )
    .option('--user <user>', 'only entries by or about this user')
    .option('--action <action>', 'only this action, such as login or user_modified')
    .addOption(timeOption('--since <time>', 'only from this time on'))
    .addOption(timeOption('--until <time>', 'only before this time'))
    .addOption(countOption('--limit <count>', 'how many entries', 50))
    .addOption(countOption('--page <number>', 'page, from 1', 1))
    .option(...JSON_OPTION)
  withSettings(
    verb(
      'verify',
      'Read the whole audit log, and find entries that were changed, removed or inserted since they were sealed; exits with status 1 for the first one.',
      ['latchkey audit verify', 'latchkey audit verify --json'],
      verifyAudit,
      audit,
    ),
  )
    .option('--known <seal>', 'the newest seal as it was printed earlier; it must still be there')
    .option(...JSON_OPTION)
  withSettings(
    verb(
      'why <request>',
      'Say why a request was refused. Its id is in the header X-Request-Id of the answer, and in the log.',
      'latchkey why 0193c1f2-…',
      why,
    ),
  ).option(...JSON_OPTION)
}

function addSeedCommand(): void {
  withSettings(
    verb(
      'seed <file>',
      'Create users from a JSON array in the shape of POST /admin/users, with username and roles. An address that exists stays as it is, apart from missing roles; with a problem in the file, nothing is created.',
      [
        `echo '[{"email": "ada@example.com", "password": "correct-horse-9", "email_confirm": true, "roles": ["admin"]}]' > users.json`,
        'latchkey seed users.json --dry-run',
        'latchkey seed users.json',
      ],
      seed,
    ),
  )
    .option('--dry-run', 'only check the file')
    .option(...JSON_OPTION)
}

function addUserCommands(): void {
  const user = group(
    'user',
    'List, create, change and delete users. A user is named by id, email address, username or uid.',
    ['latchkey user create ada@example.com --admin', 'latchkey user ban eve@example.com --for 24h'],
  )
  const add = (name: string, summary: string, examples: string | string[], run: Run) =>
    withSettings(verb(name, summary, examples, run, user)).option(...JSON_OPTION)

  add(
    'list',
    'List users, newest first.',
    ['latchkey user list --filter @example.com --limit 20', 'latchkey user list --role admin'],
    listUsers,
  )
    .option('--filter <text>', 'part of the email address or of user_metadata.full_name')
    .option('--role <role>', 'only users with this role')
    .option('--provider <name>', 'only users with an identity of this provider')
    .option('--banned', 'only banned users')
    .option('--unconfirmed', 'only users without a confirmed address or phone number')
    .option('--anonymous', 'only anonymous users')
    .addOption(countOption('--limit <count>', 'how many users', 50))
    .addOption(countOption('--page <number>', 'page, from 1', 1))
  add('show <user>', 'Show a user.', 'latchkey user show ada@example.com --json', showUser)
  add(
    'create <address>',
    'Create a user with this email address. On a terminal, the password is asked for; the password rules apply (latchkey check --print shows AUTH_PASSWORD_…).',
    [
      'latchkey user create ada@example.com --admin',
      'latchkey user create ada@example.com --password-stdin < password.txt',
      'latchkey user create grace@example.com --invite',
    ],
    createUser,
  )
    .option('--admin', 'grant the role admin')
    .option('--password-stdin', 'read the password from standard input')
    .option('--phone <number>', 'phone number, in the form +4366012345')
    .option('--username <name>', 'username')
    .addOption(new Option('--confirm', 'the address and phone number are confirmed (default)').conflicts('unconfirmed'))
    .option('--unconfirmed', 'they are not confirmed: the user cannot sign in until they are')
    .addOption(
      new Option('--invite', 'mail an invitation instead, with which the user confirms the address').conflicts([
        ...['admin', 'passwordStdin', 'phone', 'username', 'confirm', 'unconfirmed'],
      ]),
    )
  add(
    'set-password <user>',
    'Set the password, asked for on a terminal, and end all sessions of the user. The password rules apply.',
    'latchkey user set-password ada@example.com --password-stdin < password.txt',
    setPassword,
  ).option('--password-stdin', 'read the password from standard input')
  add(
    'confirm <user>',
    'Confirm the email address and phone number.',
    'latchkey user confirm ada@example.com',
    confirmUser,
  )
  add(
    'ban <user>',
    'Ban a user: all sessions end, and sign-ins are refused.',
    'latchkey user ban eve@example.com --for 24h',
    banUser,
  ).option('--for <duration>', 'how long, such as 30m or 24h; by default, for 100 years')
  add('unban <user>', 'End the ban of a user.', 'latchkey user unban eve@example.com', unbanUser)
  add(
    'sign-out <user>',
    'End all sessions of a user. Personal access tokens stay valid.',
    'latchkey user sign-out ada@example.com',
    signOutUser,
  )
  add('delete <user>', 'Delete a user.', 'latchkey user delete eve@example.com --yes', deleteUser)
    .option('--soft', 'keep the row, without anything that identifies the user')
    .option('--yes', 'do not ask')
}

function addSessionCommands(): void {
  const session = group('session', 'List and end sessions.', 'latchkey session revoke --user ada@example.com')
  withSettings(
    verb('list', 'List sessions, newest first.', 'latchkey session list --user ada@example.com', listSessions, session),
  )
    .option('--user <user>', 'only those of this user')
    .addOption(countOption('--limit <count>', 'how many sessions', 50))
    .option(...JSON_OPTION)
  withSettings(
    verb(
      'revoke [session]',
      'End a session, or all of a user. The next request with one of its tokens is refused.',
      ['latchkey session revoke 6f1c0b2e-…', 'latchkey session revoke --user ada@example.com'],
      revokeSessions,
      session,
    ),
  )
    .option('--user <user>', 'all sessions of this user')
    .option(...JSON_OPTION)
}

function addRoleCommands(): void {
  const role = group(
    'role',
    "List, grant and revoke users' roles, also while the server is running.",
    'latchkey role grant ada@example.com admin',
  )

  const add = (name: string, summary: string, example: string, run: Run) =>
    withSettings(verb(name, summary, example, run, role)).option(...JSON_OPTION)
  add('list <user>', 'List the roles of a user.', 'latchkey role list ada@example.com', listRolesOf)
  add('grant <user> <role>', 'Grant a role.', 'latchkey role grant ada@example.com admin', grant)
  add('revoke <user> <role>', 'Revoke a role.', 'latchkey role revoke ada@example.com admin', revoke)
}
