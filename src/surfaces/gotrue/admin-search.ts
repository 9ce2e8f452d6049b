/** The search of users in the admin API (docs/admin-api.md#search). */
import { Type } from '@sinclair/typebox'
import { Refusal } from '../../core/kernel/refusal'
import { endpoint } from '../../http/endpoint'
import { isUuid } from '../../lib/uuid'
import { audience } from './audience'
import { choiceOf, cursorOf, cursorQuery, instantOf, type Position, textOf } from './cursor'
import { errors, toUser, userMembers } from './schemas'

const PATH = '/admin/users/search'

const FoundUserShape = Type.Object(
  {
    ...userMembers,
    uid: Type.Integer({ description: 'Small number of the account; 0 until it has one.' }),
    username: Type.Union([Type.String(), Type.Null()]),
  },
  { $id: 'FoundUser' },
)

const flag = (description: string) => Type.Optional(Type.Boolean({ description }))
const time = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }))

const SORTS = ['created_at desc', 'created_at asc', 'last_sign_in_at desc', 'last_sign_in_at asc'] as const

export const searchUsers = endpoint({
  method: 'GET',
  path: PATH,
  access: 'admin',
  allowsTrailingSlash: true,
  query: {
    q: Type.Optional(
      Type.String({
        description:
          'Part of the email address, phone number, username or user_metadata.full_name or .name, or the beginning of the id; case-insensitive.',
      }),
    ),
    banned: flag('Whether a ban is in force.'),
    confirmed: flag('Whether the email address or the phone number is confirmed.'),
    anonymous: flag('Whether it is an anonymous user.'),
    second_factor: flag('Whether a second factor is verified.'),
    provider: Type.Optional(Type.String({ description: 'Provider of one of the identities.' })),
    role: Type.Optional(Type.String({ description: 'A granted role.' })),
    created_since: time('Created at that time or later.'),
    signed_in_since: time('Signed in at that time or later.'),
    sort: Type.Optional(Type.String({ description: SORTS.map((sort) => `\`${sort}\``).join(', '), default: SORTS[0] })),
    ...cursorQuery,
  },
  tag: 'Administration',
  summary: 'Search users',
  description: 'All filters have to hold. A page may have fewer items than the limit although there are more.',
  responses: {
    200: Type.Object(
      {
        items: Type.Array(FoundUserShape),
        next_cursor: Type.Union([Type.String(), Type.Null()], { description: 'Null on the last page.' }),
      },
      { $id: 'FoundUsers' },
    ),
    ...errors(400, 401, 403),
  },
  handle: async ({ core, request, query }) => {
    const cursor = cursorOf(PATH, query)
    const [sort, direction] = (choiceOf('sort', query.sort, SORTS) ?? SORTS[0]).split(' ') as [Sort, 'asc' | 'desc']
    const { rows, next } = await core.searchUsers({
      aud: audience(core, request),
      q: textOf('q', query.q),
      banned: flagOf('banned', query.banned),
      confirmed: flagOf('confirmed', query.confirmed),
      anonymous: flagOf('anonymous', query.anonymous),
      secondFactor: flagOf('second_factor', query.second_factor),
      provider: textOf('provider', query.provider),
      role: textOf('role', query.role),
      createdSince: instantOf('created_since', query.created_since),
      signedInSince: instantOf('signed_in_since', query.signed_in_since),
      sort,
      direction,
      after: positionOf(cursor.after, sort, core.isDatabaseShared()),
      limit: cursor.limit,
    })
    return {
      items: rows.map((user) => ({
        ...toUser({ user, identities: null }),
        uid: user.uid,
        username: user.username,
      })),
      next_cursor: next ? cursor.next([next.at, next.id]) : null,
    }
  },
})

function flagOf(name: string, text: string | undefined): boolean | undefined {
  const choice = choiceOf(name, text, ['true', 'false'])
  return choice === undefined ? undefined : choice === 'true'
}

type Sort = 'created_at' | 'last_sign_in_at'

/** As the store returned it: on Postgres an instant and an id, on SQLite two numbers. */
function positionOf(after: Position | undefined, sort: Sort, isShared: boolean): SearchPosition | undefined {
  if (after === undefined) return undefined
  const [at, id] = after
  const isId = typeof id === 'string' && isUuid(id)
  const isOurs =
    sort === 'last_sign_in_at'
      ? Number.isSafeInteger(at) && typeof id === 'string'
      : isShared
        ? isInstant(at) && isId
        : Number.isSafeInteger(at) && Number.isSafeInteger(id)
  if (!isOurs || at === undefined || id === undefined || after.length !== 2)
    throw new Refusal('parameter_malformed', { detail: 'cursor must be next_cursor of the same list' })
  return { at, id }
}

interface SearchPosition {
  at: string | number
  id: string | number
}

/** An instant as Postgres prints it, that it also reads. */
function isInstant(at: string | number | undefined): boolean {
  if (typeof at !== 'string' || !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00$/.test(at)) return false
  const parsed = Date.parse(`${at.slice(0, 10)}T${at.slice(11, 19)}Z`)
  return !Number.isNaN(parsed) && new Date(parsed).toISOString().startsWith(at.slice(0, 10))
}
