/**
 * The search of accounts by administrators. It reads accounts in the order of their creation in slices, so that other
 * requests run in between, and ends a page after a while even if it found little.
 */
import { and, asc, desc, eq, gt, gte, lt, lte, sql } from 'drizzle-orm'
import { yieldToEventLoop } from '../lib/event-loop'
import { isUuid, NIL_UUID } from '../lib/uuid'
import { read, type Tx } from './engine'
import { integer, type Kind, type Placeholders, statement, text } from './query'
import { type User, userRoles, users } from './schema'
import { userById } from './statements'

/** Rows that are read before yielding; a few milliseconds. */
export const USER_SLICE = 1000
/** Rows after which a page ends. */
const MAX_SCANNED = 100_000

type Direction = 'asc' | 'desc'

/** As in admin-lists.ts: what orders rows, and what tells those apart that share it. */
export interface UserPosition {
  at: string | number
  id: string | number
}

const opaque: Kind<string | number> = text as Kind<never>

/** `any`, or whether it is so. */
const ANY = -1
const flagOf = (wanted: boolean | undefined) => (wanted === undefined ? ANY : Number(wanted))

const searched = {
  aud: users.aud,
  at: opaque,
  id: opaque,
  pattern: text,
  idPattern: text,
  banned: integer,
  confirmed: integer,
  anonymous: integer,
  secondFactor: integer,
  provider: text,
  role: text,
  createdSince: users.createdAt,
  signedInSince: users.lastSignInAt,
  now: users.bannedUntil,
}

type Searched = Placeholders<typeof searched>

const isLike = (value: unknown, pattern: unknown) => sql`${value} LIKE ${pattern} ESCAPE '\\'`
const isEither = (wanted: unknown, condition: unknown) => sql`(${wanted} = -1 OR ${wanted} = (${condition}))`

const hitOf = (p: Searched) => sql<number>`(${p.pattern} = ''
    OR ${isLike(users.email, p.pattern)} OR ${isLike(users.phone, p.pattern)} OR ${isLike(users.username, p.pattern)}
    OR ${isLike(sql`json_extract(${users.rawUserMetaData}, '$.full_name')`, p.pattern)}
    OR ${isLike(sql`json_extract(${users.rawUserMetaData}, '$.name')`, p.pattern)}
    OR ${isLike(users.id, p.idPattern)})
  AND ${isEither(p.banned, sql`${users.bannedUntil} IS NOT NULL AND ${users.bannedUntil} > ${p.now}`)}
  AND ${isEither(p.confirmed, sql`${users.emailConfirmedAt} IS NOT NULL OR ${users.phoneConfirmedAt} IS NOT NULL`)}
  AND ${isEither(p.anonymous, sql`${users.isAnonymous} = 1`)}
  AND ${isEither(p.secondFactor, sql`EXISTS (SELECT 1 FROM mfa_factors WHERE mfa_factors.user_id = ${users.id} AND mfa_factors.status = 'verified')`)}
  AND (${p.provider} = '' OR EXISTS (SELECT 1 FROM identities WHERE identities.user_id = ${users.id} AND identities.provider = ${p.provider}))
  AND (${p.role} = '' OR EXISTS (SELECT 1 FROM user_roles WHERE user_roles.user_id = ${users.id} AND user_roles.role = ${p.role}))
  AND (${p.signedInSince} = 0 OR ${users.lastSignInAt} >= ${p.signedInSince})`

const found = (p: Searched) => ({
  at: sql<string | number>`${users.createdAt}`,
  id: sql<string | number>`${users.uid}`,
  userId: users.id,
  lastSignInAt: users.lastSignInAt,
  hit: hitOf(p),
})

const sliceIn = (direction: Direction) => {
  const order = direction === 'asc' ? asc : desc
  return statement(searched, (db, p) => {
    const [own, given] = [sql`(${users.createdAt}, ${users.uid})`, sql`(${p.at}, ${p.id})`]
    return db
      .select(found(p))
      .from(users)
      .where(
        and(
          eq(users.aud, p.aud),
          direction === 'asc' ? gt(own, given) : lt(own, given),
          gte(users.createdAt, p.createdSince),
        ),
      )
      .orderBy(order(users.createdAt), order(users.uid))
      .limit(USER_SLICE)
  })
}

/**
 * Accounts with a text in an address, a number or a name. SQLite's index has each three characters of these, so some of
 * them may have the characters in another order. Postgres' index needs an extension; without, it reads the table.
 */
export const indexedUsers = statement({ match: text, pattern: text, limit: integer }, (db, p) =>
  db
    .select({ userId: users.id })
    .from(sql`user_search`)
    .innerJoin(users, sql`${users.uid} = user_search.rowid`)
    .where(sql`user_search MATCH ${p.match}`)
    .limit(p.limit),
)

const usersWithIds = statement({ first: users.id, last: users.id, limit: integer }, (db, p) =>
  db
    .select({ userId: users.id })
    .from(users)
    .where(and(gte(users.id, p.first), lte(users.id, p.last)))
    .limit(p.limit),
)

const usersWithRole = statement({ role: userRoles.role, limit: integer }, (db, p) =>
  db.select({ userId: userRoles.userId }).from(userRoles).where(eq(userRoles.role, p.role)).limit(p.limit),
)

/** An account by itself, if it matches. */
export const userMatching = statement({ ...searched, userId: users.id }, (db, p) =>
  db
    .select(found(p))
    .from(users)
    .where(and(eq(users.id, p.userId), eq(users.aud, p.aud), gte(users.createdAt, p.createdSince))),
)

/** The statements of the search, for each direction. */
export const userSlices = { asc: sliceIn('asc'), desc: sliceIn('desc') }

const START: Record<Direction, UserPosition> = {
  asc: { at: Number.NEGATIVE_INFINITY, id: NIL_UUID },
  desc: { at: Number.POSITIVE_INFINITY, id: NIL_UUID },
}

export interface UserFilter {
  aud: string
  /** Part of an address, a number or a name, or the beginning of an id. */
  q: string | undefined
  banned: boolean | undefined
  confirmed: boolean | undefined
  anonymous: boolean | undefined
  secondFactor: boolean | undefined
  provider: string | undefined
  role: string | undefined
  /** Unix milliseconds. */
  createdSince: number | undefined
  signedInSince: number | undefined
  now: number
}

export interface UserSearch extends UserFilter {
  sort: 'created_at' | 'last_sign_in_at'
  direction: Direction
  /** Where the page begins: after a row of the order by creation, or of the order by the last sign-in. */
  after: UserPosition | undefined
  limit: number
}

export interface FoundUsers {
  rows: User[]
  /** Where the next page begins; undefined on the last one. */
  next: UserPosition | undefined
}

/** A slice of matches and the position of its last row. */
type Found = { at: string | number; id: string | number; userId: string; lastSignInAt: number | null; hit: number }

/** Accounts that are read before yielding. */
const AT_ONCE = 200
/** More matches than these are common enough to be met soon in a slice. */
const MAX_INDEXED = 5000

export const searchUsers = read(async (tx, query: UserSearch): Promise<FoundUsers> => {
  const indexed = await byIndex(tx, query)
  if (indexed) return indexed
  return query.sort === 'created_at' ? byCreation(tx, query) : byLastSignIn(tx, query)
})

async function byCreation(tx: Tx, query: UserSearch): Promise<FoundUsers> {
  const { direction, after, limit } = query
  const values = valuesOf(query)
  const hits: Found[] = []
  let position = after ?? START[direction]
  for (let scanned = 0; ; ) {
    const slice: Found[] = await tx.all(userSlices[direction], { ...values, ...position })
    hits.push(...slice.filter(({ hit }) => hit))
    const last = slice.at(-1)
    if (hits.length > limit) {
      const page = hits.slice(0, limit)
      return { rows: await usersOf(tx, page), next: positionOf(page.at(-1) as Found) }
    }
    if (!last || slice.length < USER_SLICE) return { rows: await usersOf(tx, hits), next: undefined }
    position = positionOf(last)
    scanned += slice.length
    if (scanned >= MAX_SCANNED) return { rows: await usersOf(tx, hits), next: position }
    await yieldToEventLoop()
  }
}

/** @returns undefined if no index helps: for short texts, and for what is common */
async function byIndex(tx: Tx, query: UserSearch): Promise<FoundUsers | undefined> {
  const candidates = await candidatesOf(tx, query)
  if (!candidates || candidates.length > MAX_INDEXED) return undefined
  const values = valuesOf(query)
  const userIds = [...new Set(candidates.map(({ userId }) => userId))]
  const hits: Found[] = []
  for (let from = 0; from < userIds.length; from += AT_ONCE) {
    const some = userIds.slice(from, from + AT_ONCE)
    // Postgres gets them without waiting for each answer.
    const rows = await Promise.all(some.map((userId) => tx.one(userMatching, { ...values, ...START.desc, userId })))
    hits.push(...rows.flatMap((row) => (row?.hit ? [row] : [])))
    await yieldToEventLoop()
  }
  return sortedPage(tx, hits, query)
}

type Candidates = { userId: string }[]

/** The accounts that an index finds, one more than are looked at if there are more. */
async function candidatesOf(tx: Tx, { q = '', role }: UserSearch): Promise<Candidates | undefined> {
  const limit = MAX_INDEXED + 1
  if (role !== undefined) return tx.all(usersWithRole, { role, limit })
  const match = matchOf(q)
  if (match === undefined) return undefined
  const texts: Candidates = await tx.all(indexedUsers, { match, pattern: `%${escaped(q)}%`, limit })
  const range = idsBeginningWith(q.toLowerCase())
  return range ? [...texts, ...(await tx.all(usersWithIds, { ...range, limit }))] : texts
}

/** What SQLite's index is asked for: all three characters in a row of the text; undefined if it is shorter. */
function matchOf(q: string): string | undefined {
  const characters = [...q.toLowerCase()]
  if (characters.length < 3) return undefined
  const parts = characters.slice(2).map((_, index) => characters.slice(index, index + 3).join(''))
  return [...new Set(parts)].map((part) => `"${part.replaceAll('"', '""')}"`).join(' AND ')
}

/** The first and the last id that begin with a text; undefined if none can. */
function idsBeginningWith(q: string): { first: string; last: string } | undefined {
  const first = q + NIL_UUID.slice(q.length)
  return isUuid(first) ? { first, last: q + NIL_UUID.replaceAll('0', 'f').slice(q.length) } : undefined
}

/** No index has this order, so every account is looked at. Those that never signed in come as the oldest. */
async function byLastSignIn(tx: Tx, query: UserSearch): Promise<FoundUsers> {
  const values = valuesOf(query)
  const { isAfter, compare } = orderOf(query)
  let best: Found[] = []
  let position = START.desc
  for (;;) {
    const slice: Found[] = await tx.all(userSlices.desc, { ...values, ...position })
    best.push(...slice.filter((each) => each.hit && isAfter(each)))
    if (best.length > 4 * query.limit) best = best.sort(compare).slice(0, query.limit + 1)
    const last = slice.at(-1)
    if (!last || slice.length < USER_SLICE) return sortedPage(tx, best, query)
    position = positionOf(last)
    await yieldToEventLoop()
  }
}

/** The order of a page, for rows that were not read in it. */
function orderOf({ sort, direction, after }: UserSearch) {
  const sign = direction === 'asc' ? 1 : -1
  const keyOf = (each: Found): UserPosition =>
    sort === 'created_at' ? positionOf(each) : { at: each.lastSignInAt ?? 0, id: each.userId }
  // Instants of Postgres are texts, in an order that is that of time.
  const compareParts = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0)
  const comparePositions = (a: UserPosition, b: UserPosition) =>
    sign * compareParts(a.at, b.at) || (sort === 'created_at' ? sign : 1) * compareParts(a.id, b.id)
  return {
    keyOf,
    compare: (a: Found, b: Found) => comparePositions(keyOf(a), keyOf(b)),
    isAfter: (each: Found) => after === undefined || comparePositions(keyOf(each), after) > 0,
  }
}

async function sortedPage(tx: Tx, hits: readonly Found[], query: UserSearch): Promise<FoundUsers> {
  const { keyOf, compare, isAfter } = orderOf(query)
  const sorted = hits.filter(isAfter).sort(compare)
  const page = sorted.slice(0, query.limit)
  const last = page.at(-1)
  return { rows: await usersOf(tx, page), next: sorted.length > query.limit && last ? keyOf(last) : undefined }
}

const positionOf = ({ at, id }: UserPosition): UserPosition => ({ at, id })

/** A text for LIKE, whose wildcards are letters like others. */
const escaped = (q: string) => q.replace(/[\\%_]/g, (character) => `\\${character}`)

function valuesOf(query: UserSearch) {
  const { aud, q = '', banned, confirmed, anonymous, secondFactor, provider = '', role = '', now } = query
  return {
    aud,
    pattern: q === '' ? '' : `%${escaped(q)}%`,
    idPattern: `${escaped(q)}%`,
    banned: flagOf(banned),
    confirmed: flagOf(confirmed),
    anonymous: flagOf(anonymous),
    secondFactor: flagOf(secondFactor),
    provider,
    role,
    createdSince: query.createdSince ?? 0,
    signedInSince: query.signedInSince ?? 0,
    now,
  }
}

async function usersOf(tx: Tx, found: readonly Found[]): Promise<User[]> {
  const rows: User[] = []
  for (const { userId } of found) {
    const user = await tx.one(userById, { id: userId })
    if (user) rows.push(user)
  }
  return rows
}
