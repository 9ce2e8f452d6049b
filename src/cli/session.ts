/** `latchkey session`: the sessions of all users. */
import type { Command } from 'commander'
import type { DescribedSession, User } from '../core'
import { toUserSession } from '../surfaces/gotrue/schemas'
import { OPERATOR, userNamed, withCore } from './core'
import { EXIT, fail } from './exit-status'
import { print, table, time } from './output'

/** `latchkey session list` */
export const listSessions = (command: Command) =>
  withCore(command, async (task) => {
    const { user: named, limit } = command.opts<{ user?: string; limit: number }>()
    const core = task()
    const user = named === undefined ? undefined : await userNamed(core, named)
    const found = user
      ? (await core.listSessionsOf(user.id)).map((each) => ({ ...each, user }))
      : await core.listLatestSessions({ limit })
    const listed = found.slice(0, limit)
    print(command, listed.map(toJson), () => table(HEADS, listed.map(rowOf), 'No sessions.'))
  })

type Listed = DescribedSession & { user: User }

const toJson = (listed: Listed) => ({
  ...toUserSession(listed),
  user_id: listed.user.id,
  email: listed.user.email ?? '',
})

const HEADS = ['ID', 'USER', 'STATE', 'AAL', 'CREATED', 'LAST USED', 'IP', 'DEVICE']

const rowOf = ({ session, user, isActive }: Listed) => [
  session.id,
  user.email ?? user.phone ?? user.id,
  isActive ? 'active' : 'ended',
  session.aal,
  time(session.createdAt),
  time(session.refreshedAt ?? session.createdAt),
  session.ip ?? '',
  session.userAgent ?? '',
]

/** `latchkey session revoke <session>` or `--user <user>` */
export const revokeSessions = (command: Command) =>
  withCore(command, async (task) => {
    const { user: named } = command.opts<{ user?: string }>()
    const [id] = command.args
    if ((id === undefined) === (named === undefined))
      fail('name one session by its id, or all sessions of a user with --user <user>', EXIT.usage)
    const core = task()
    if (id !== undefined) await core.endAnySession({ admin: OPERATOR, id })
    const ended =
      named === undefined ? 1 : await core.endSessionsOf({ admin: OPERATOR, userId: (await userNamed(core, named)).id })
    print(command, { ended }, () => (ended === 1 ? 'One session has ended.' : `${ended} sessions have ended.`))
  })
