/**
 * The search of accounts by administrators. It reads accounts in the order of their creation in slices, so that other
 * requests run in between, and ends a page after a while even if it found little.
 */
import { and, asc, desc, eq, gt, gte, lt, sql } from 'drizzle-orm'
import { NIL_UUID } from '../lib/uuid'
import { read, type Tx } from './engine'
import { integer, type Kind, type Placeholders, statement, text } from './query'
import { type User, users } from './schema'
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

export const searchUsers = read(async (tx, query: UserSearch): Promise<FoundUsers> => {
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
    await otherWork()
  }
}

/** No index has this order, so every account is looked at. Those who never signed in come last. */
async function byLastSignIn(tx: Tx, query: UserSearch): Promise<FoundUsers> {
  const { direction, after, limit } = query
  const values = valuesOf(query)
  const sign = direction === 'asc' ? 1 : -1
  const keyOf = ({ lastSignInAt }: Found) => lastSignInAt ?? 0
  const compare = (a: Found, b: Found) => sign * (keyOf(a) - keyOf(b)) || (a.userId < b.userId ? -1 : 1)
  const isAfter = (each: Found) => {
    if (!after) return true
    const difference = sign * (keyOf(each) - Number(after.at))
    return difference > 0 || (difference === 0 && each.userId > String(after.id))
  }
  let best: Found[] = []
  let position = START.desc
  for (;;) {
    const slice: Found[] = await tx.all(userSlices.desc, { ...values, ...position })
    best.push(...slice.filter((each) => each.hit && isAfter(each)))
    if (best.length > 4 * limit) best = best.sort(compare).slice(0, limit + 1)
    const last = slice.at(-1)
    if (!last || slice.length < USER_SLICE) break
    position = positionOf(last)
    await otherWork()
  }
  const sorted = best.sort(compare)
  const page = sorted.slice(0, limit)
  const last = page.at(-1)
  const next = sorted.length > limit && last ? { at: keyOf(last), id: last.userId } : undefined
  return { rows: await usersOf(tx, page), next }
}

const positionOf = ({ at, id }: UserPosition): UserPosition => ({ at, id })

function valuesOf(query: UserSearch) {
  const { aud, q = '', banned, confirmed, anonymous, secondFactor, provider = '', role = '', now } = query
  const escaped = q.replace(/[\\%_]/g, (character) => `\\${character}`)
  return {
    aud,
    pattern: q === '' ? '' : `%${escaped}%`,
    idPattern: `${escaped}%`,
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

const otherWork = () => new Promise<void>((resolve) => setImmediate(resolve))
