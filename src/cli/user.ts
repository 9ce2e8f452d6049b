/** `latchkey user`: accounts, by the same operations as the admin API. */
import type { Command } from 'commander'
import type { RequestCore, User } from '../core'
import { usernameOf } from '../core/users/usernames'
import { parseDuration } from '../lib/duration'
import { toUser } from '../surfaces/gotrue/schemas'
import { OPERATOR, userNamed, withCore } from './core'
import { EXIT, fail } from './exit-status'
import { fields, print, table, time } from './output'
import { askPassword, canAsk, passwordFromStdin, requireConsent } from './prompts'
import { requireSettings } from './settings'

/** Fields of the admin API's user, with the identifiers and roles that GoTrue does not have. */
const toJson = (user: User, roles?: string[]) => ({
  ...toUser({ user, identities: null }),
  uid: user.uid,
  username: usernameOf(user),
  ...(roles && { roles }),
})

interface ListOptions {
  filter?: string
  role?: string
  provider?: string
  banned?: boolean
  unconfirmed?: boolean
  anonymous?: boolean
  limit: number
  page: number
}

/** `latchkey user list` */
export const listUsers = (command: Command) =>
  withCore(command, async (task) => {
    const options = command.opts<ListOptions>()
    const { filter = '', limit, page, ...filters } = options
    if (Object.keys(filters).length > 0) return searchUsers(command, task(), options)
    const core = task()
    const aud = core.policy.audience
    const { rows, total } = await core.listUsers({ aud, filter, page, perPage: limit, direction: 'desc' })
    print(command, { users: rows.map((user) => toJson(user)), total }, () => {
      const last = (page - 1) * limit + rows.length
      const none = total === 0 ? 'No users.' : `No users on this page; there are ${total}.`
      const more = last < total && rows.length > 0 ? `\n${total - last} more; see --page ${page + 1} or --limit.` : ''
      return table(HEADS, rows.map(rowOf), none) + more
    })
  })

/** With the filters of the search, which counts nothing: it ends at the limit. */
async function searchUsers(command: Command, core: RequestCore, options: ListOptions): Promise<void> {
  const { filter, role, provider, banned, unconfirmed, anonymous, limit, page } = options
  if (page !== 1) fail('--page goes with --filter alone; with other filters, raise --limit', EXIT.usage)
  const query = {
    aud: core.policy.audience,
    q: filter,
    role,
    provider,
    banned,
    anonymous,
    confirmed: unconfirmed ? false : undefined,
    secondFactor: undefined,
    createdSince: undefined,
    signedInSince: undefined,
    sort: 'created_at',
    direction: 'desc',
  } as const
  const found: User[] = []
  let isMore = true
  for (let after: SearchPosition; isMore && found.length < limit; ) {
    const { rows, next } = await core.searchUsers({ ...query, after, limit: limit - found.length })
    found.push(...rows)
    after = next
    isMore = next !== undefined
  }
  print(command, { users: found.map((user) => toJson(user)), total: isMore ? null : found.length }, () => {
    const more = isMore ? `\nThere may be more; see --limit.` : ''
    return table(HEADS, found.map(rowOf), 'No users.') + more
  })
}

type SearchPosition = Awaited<ReturnType<RequestCore['searchUsers']>>['next']

const HEADS = ['ID', 'ADDRESS', 'USERNAME', 'STATE', 'CREATED', 'LAST SIGN-IN']

const rowOf = (user: User) => [
  user.id,
  addressOf(user),
  usernameOf(user),
  stateOf(user),
  time(user.createdAt),
  time(user.lastSignInAt),
]

const addressOf = ({ email, phone }: User) => email ?? phone ?? ''

function stateOf({ bannedUntil, confirmedAt, isAnonymous }: User): string {
  if (bannedUntil !== null && bannedUntil > Date.now()) return 'banned'
  if (isAnonymous) return 'anonymous'
  return confirmedAt === null ? 'unconfirmed' : 'confirmed'
}

/** `latchkey user show <user>` */
export const showUser = (command: Command) => withUser(command, (core, { id }) => printUser(command, core, id))

async function printUser(command: Command, core: RequestCore, id: string): Promise<void> {
  const account = await core.requireAccount(id)
  const { user, identities } = account
  const roles = await core.listRoles({ user: id })
  const sessions = await core.listSessionsOf(id)
  const shown = { ...toJson(user, roles), ...toUser(account) }
  print(command, shown, () =>
    fields({
      id,
      email: user.email ?? '',
      phone: user.phone ?? '',
      username: usernameOf(user),
      uid: String(user.uid),
      roles: roles.join(', '),
      state: stateOf(user),
      'banned until': time(user.bannedUntil),
      'email confirmed': time(user.emailConfirmedAt),
      'phone confirmed': time(user.phoneConfirmedAt),
      created: time(user.createdAt),
      'last sign-in': time(user.lastSignInAt),
      identities: identities.map(({ provider }) => provider).join(', '),
      factors: (account.factors ?? []).map(({ factorType, status }) => `${factorType} (${status})`).join(', '),
      sessions: String(sessions.filter(({ isActive }) => isActive).length),
      'user metadata': JSON.stringify(user.rawUserMetaData),
      'app metadata': JSON.stringify(user.rawAppMetaData),
    }),
  )
}

interface Creation {
  admin?: boolean
  passwordStdin?: boolean
  phone?: string
  username?: string
  unconfirmed?: boolean
  invite?: boolean
}

/** `latchkey user create <address>` */
export const createUser = (command: Command) =>
  withCore(command, async (task) => {
    const [email = ''] = command.args
    const { admin: isAdmin = false, phone, username, unconfirmed = false, invite = false } = command.opts<Creation>()
    if (invite) return inviteUser(command, email, task)
    if (isAdmin && unconfirmed) fail('an administrator has to be confirmed; leave out --unconfirmed', EXIT.usage)
    const password = await newPassword(command, 'Password of the new user (empty for none)')
    if (password !== undefined) await task().requireStrongPassword(password)
    const confirm = !unconfirmed
    const given = { email, phone, username, password, confirmEmail: confirm, confirmPhone: confirm }
    const core = task()
    const { user } = await core.createUser({ admin: OPERATOR, given, audience: core.policy.audience })
    if (isAdmin) await task().grantRole({ admin: OPERATOR, user: user.id, role: 'admin' })
    if (password === undefined)
      process.stderr.write(
        `latchkey: no password is set: the user signs in with a link or code, or resets it (latchkey user set-password ${email})\n`,
      )
    await printUser(command, task(), user.id)
  })

/** The running server sends the mail, within half a minute. */
async function inviteUser(command: Command, email: string, task: Task): Promise<void> {
  if (requireSettings(command).settings.mail.verificationBackend === 'memory')
    fail(
      'links are in the memory of the server (AUTH_VERIFICATION_BACKEND); invite by POST /auth/v1/invite',
      EXIT.refused,
    )
  const core = task()
  const { audience, redirects } = core.policy
  const { user } = await core.invite({ admin: OPERATOR, email, data: {}, audience, redirectTo: redirects.siteUrl })
  process.stderr.write('latchkey: the invitation is queued; the running server sends it (latchkey mail list)\n')
  await printUser(command, task(), user.id)
}

/** A password from standard input or a terminal; undefined if there is none. */
async function newPassword(command: Command, message: string): Promise<string | undefined> {
  if (command.opts<{ passwordStdin?: boolean }>().passwordStdin) return passwordFromStdin()
  return canAsk() ? (await askPassword(message)) || undefined : undefined
}

/** `latchkey user set-password <user>`: ends the user's sessions, as the admin API does. */
export const setPassword = (command: Command) =>
  withUser(command, async (_core, user, task) => {
    const password = await newPassword(command, `New password of ${addressOf(user) || user.id}`)
    if (password === undefined)
      return fail('give the password on standard input with --password-stdin, or run this on a terminal', EXIT.usage)
    await task().updateUser({ admin: OPERATOR, id: user.id, given: { ...UNCHANGED, password } })
    done(command, user, { password_changed: true }, 'The password is set, and all sessions have ended.')
  })

const UNCHANGED = { confirmEmail: false, confirmPhone: false }

/** `latchkey user confirm <user>`: confirms the email address and the phone number. */
export const confirmUser = (command: Command) =>
  withUser(command, async (core, user) => {
    const given = { confirmEmail: user.email !== null, confirmPhone: user.phone !== null }
    if (!given.confirmEmail && !given.confirmPhone)
      fail(`${user.id} has neither an email address nor a phone number`, EXIT.refused)
    await core.updateUser({ admin: OPERATOR, id: user.id, given })
    done(command, user, { confirmed: true }, 'Confirmed.')
  })

/** GoTrue has no ban without an end; this is the duration that Supabase's documentation uses. */
const FOREVER = '876000h'

/** `latchkey user ban <user>`: ends the user's sessions. */
export const banUser = (command: Command) =>
  withUser(command, async (core, user) => {
    const { for: duration = FOREVER } = command.opts<{ for?: string }>()
    if (!((parseDuration(duration) ?? 0) > 0))
      fail('--for needs a duration such as 30m, 24h or 720h; latchkey user unban ends a ban', EXIT.usage)
    const changed = await core.updateUser({
      admin: OPERATOR,
      id: user.id,
      given: { ...UNCHANGED, banDuration: duration },
    })
    const until = time(changed.user.bannedUntil)
    done(command, user, { banned_until: until }, `Banned until ${until}; all sessions have ended.`)
  })

/** `latchkey user unban <user>` */
export const unbanUser = (command: Command) =>
  withUser(command, async (core, user) => {
    await core.updateUser({ admin: OPERATOR, id: user.id, given: { ...UNCHANGED, banDuration: 'none' } })
    done(command, user, { banned_until: null }, 'The ban has ended.')
  })

/** `latchkey user sign-out <user>`: the next request with one of the tokens is refused. */
export const signOutUser = (command: Command) =>
  withUser(command, async (core, user) => {
    const ended = await core.endSessionsOf({ admin: OPERATOR, userId: user.id })
    done(command, user, { ended }, ended === 1 ? 'One session has ended.' : `${ended} sessions have ended.`)
  })

/** `latchkey user delete <user>` */
export const deleteUser = (command: Command) =>
  withUser(command, async (_core, user, task) => {
    const { soft: isSoft = false, yes = false } = command.opts<{ soft?: boolean; yes?: boolean }>()
    const name = addressOf(user) || usernameOf(user)
    await requireConsent(`Delete ${name} (${user.id})? This cannot be undone.`, yes)
    await task().deleteUser({ admin: OPERATOR, id: user.id, isSoft })
    const text = isSoft ? 'Deleted; the row stays, without anything that identifies the user.' : 'Deleted.'
    done(command, user, { deleted: true, soft: isSoft }, text)
  })

type Task = () => RequestCore

const withUser = (command: Command, work: (core: RequestCore, user: User, task: Task) => void | Promise<void>) =>
  withCore(command, async (task) => {
    const core = task()
    await work(core, await userNamed(core, command.args[0] ?? ''), task)
  })

function done(command: Command, { id, email, phone }: User, result: object, text: string): void {
  print(command, { id, email: email ?? '', phone: phone ?? '', ...result }, () => text)
}
