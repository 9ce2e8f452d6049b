/**
 * The long lists of the admin API. A search reads every row, so it goes through the table in slices and lets other
 * requests run in between.
 */
import { and, asc, desc, eq, gt, lt, sql } from 'drizzle-orm'
import { yieldToEventLoop } from '../lib/event-loop'
import { NIL_UUID } from '../lib/uuid'
import { read, type Tx } from './engine'
import { integer, type Kind, type Placeholders, statement, text } from './query'
import { type AuditRow, auditLogEntries, type User, users } from './schema'
import { userById } from './statements'

/** Rows that a search, or a count, reads before yielding; a millisecond or two each. */
export const SEARCH_SLICE = 2000
export const COUNT_SLICE = 20_000

export interface Page {
  /** Page number, counted from 1; 0 is the first page as well. */
  page: number
  perPage: number
}

export interface Listed<Row> {
  rows: Row[]
  total: number
}

type Direction = 'asc' | 'desc'

/**
 * The position of a row in a list: its place in the order, and what tells rows apart that share it. Each engine selects
 * both as it compares them: a Unix millisecond and a number on SQLite, an instant and a UUID as text on Postgres, where
 * other programs store microseconds.
 */
interface Position {
  at: string | number
  id: string | number
}

const opaque: Kind<string | number> = text as Kind<never>

/** Before and after every row; the second part is any UUID. */
const START: Position = { at: Number.NEGATIVE_INFINITY, id: NIL_UUID }
const END: Position = { ...START, at: Number.POSITIVE_INFINITY }

const position = { aud: users.aud, at: opaque, id: opaque }

const usersInOrder = (direction: Direction) => {
  const order = direction === 'asc' ? asc : desc
  /** Rows after a position, in the given direction. */
  const following = (p: Placeholders<typeof position>) => {
    const [own, given] = [sql`(${users.createdAt}, ${users.uid})`, sql`(${p.at}, ${p.id})`]
    return and(eq(users.aud, p.aud), direction === 'asc' ? gt(own, given) : lt(own, given))
  }
  const key = { at: sql<string | number>`${users.createdAt}`, id: sql<string | number>`${users.uid}` }
  const sorted = [order(users.createdAt), order(users.uid)]
  return {
    /** Before every row. */
    start: direction === 'asc' ? START : END,
    page: statement({ ...position, limit: integer, offset: integer }, (db, p) =>
      db
        .select()
        .from(users)
        .where(following(p))
        .orderBy(...sorted)
        .limit(p.limit)
        .offset(p.offset),
    ),
    /** The last row of a slice, if it is full. */
    sliceEnd: statement(position, (db, p) =>
      db
        .select(key)
        .from(users)
        .where(following(p))
        .orderBy(...sorted)
        .limit(1)
        .offset(COUNT_SLICE - 1),
    ),
    count: statement(position, (db, p) =>
      db
        .select({ rows: sql<number>`count(*)`.mapWith(Number) })
        .from(users)
        .where(following(p)),
    ),
    search: statement({ ...position, pattern: text }, (db, p) => {
      const hit = sql<number>`${users.email} LIKE ${p.pattern} OR json_extract(${users.rawUserMetaData}, '$.full_name') LIKE ${p.pattern}`
      return db
        .select({ ...key, userId: users.id, hit })
        .from(users)
        .where(following(p))
        .orderBy(...sorted)
        .limit(SEARCH_SLICE)
    }),
  }
}

/** The statements of the list, for each direction. */
export const userLists = { asc: usersInOrder('asc'), desc: usersInOrder('desc') }

export interface UserQuery extends Page {
  aud: string
  /** Part of the address or of `user_metadata.full_name`, case-insensitive; `%` and `_` are wildcards. */
  filter: string
  /** Sort order by creation time. */
  direction: Direction
}

export const listUsers = read(async (tx, query: UserQuery): Promise<Listed<User>> => {
  return query.filter === '' ? everyUser(tx, query) : matchingUsers(tx, query)
})

async function everyUser(tx: Tx, { aud, direction, page, perPage }: UserQuery): Promise<Listed<User>> {
  const queries = userLists[direction]
  const offset = offsetOf({ page, perPage })
  let rows: User[] = []
  let total = 0
  let after = queries.start
  for (;;) {
    if (offset >= total && offset < total + COUNT_SLICE)
      rows = await tx.all(queries.page, { ...after, aud, limit: perPage, offset: offset - total })
    const last = await tx.one(queries.sliceEnd, { ...after, aud })
    if (!last) return { rows, total: total + ((await tx.one(queries.count, { ...after, aud }))?.rows ?? 0) }
    total += COUNT_SLICE
    after = last
    await yieldToEventLoop()
  }
}

async function matchingUsers(tx: Tx, { aud, filter, direction, page, perPage }: UserQuery): Promise<Listed<User>> {
  const queries = userLists[direction]
  const offset = offsetOf({ page, perPage })
  const wanted: string[] = []
  let total = 0
  let after = queries.start
  for (;;) {
    const rows = await tx.all(queries.search, { ...after, aud, pattern: `%${filter}%` })
    for (const row of rows.filter(({ hit }) => hit)) {
      if (total >= offset && total < offset + perPage) wanted.push(row.userId)
      total += 1
    }
    const last = rows.at(-1)
    if (!last || rows.length < SEARCH_SLICE) return { rows: await usersOf(tx, wanted), total }
    after = last
    await yieldToEventLoop()
  }
}

async function usersOf(tx: Tx, ids: string[]): Promise<User[]> {
  const rows: User[] = []
  for (const id of ids) {
    const user = await tx.one(userById, { id })
    if (user) rows.push(user)
  }
  return rows
}

const entryPosition = { at: sql<string | number>`${auditLogEntries.seq}`, id: auditLogEntries.id }

const auditFilter = {
  action: text,
  ip: text,
  requestId: text,
  since: auditLogEntries.createdAt,
  until: auditLogEntries.createdAt,
}

export const auditSlice = statement(
  { at: opaque, id: opaque, pattern: text, path: text, otherPath: text, ...auditFilter },
  (db, p) =>
    db
      .select({
        ...entryPosition,
        hit: sql<number>`(${p.pattern} = '' OR json_extract(${auditLogEntries.payload}, ${p.path}) LIKE ${p.pattern} OR json_extract(${auditLogEntries.payload}, ${p.otherPath}) LIKE ${p.pattern})
        AND (${p.action} = '' OR json_extract(${auditLogEntries.payload}, '$.action') = ${p.action})
        AND (${p.ip} = '' OR ${auditLogEntries.ipAddress} = ${p.ip})
        AND (${p.requestId} = '' OR json_extract(${auditLogEntries.payload}, '$.request_id') = ${p.requestId})
        AND ${auditLogEntries.createdAt} >= ${p.since} AND ${auditLogEntries.createdAt} < ${p.until}`,
      })
      .from(auditLogEntries)
      .where(sql`${auditLogEntries.seq} < ${p.at}`)
      .orderBy(desc(auditLogEntries.seq))
      .limit(SEARCH_SLICE),
)

export const auditEntry = statement({ at: opaque, id: opaque }, (db, { at }) =>
  db.select().from(auditLogEntries).where(sql`${auditLogEntries.seq} = ${at}`),
)

/** What an account did. */
export const entriesOfActor = statement({ userId: text, limit: integer }, (db, p) =>
  db
    .select()
    .from(auditLogEntries)
    .where(sql`json_extract(${auditLogEntries.payload}, '$.actor_id') = ${p.userId}`)
    .orderBy(desc(auditLogEntries.seq))
    .limit(p.limit),
)

/** What was done to an account. */
export const entriesOfSubject = statement({ userId: text, limit: integer }, (db, p) =>
  db
    .select()
    .from(auditLogEntries)
    .where(
      sql`json_extract(${auditLogEntries.payload}, '$.traits.user_id') IS NOT NULL AND json_extract(${auditLogEntries.payload}, '$.traits.user_id') = ${p.userId}`,
    )
    .orderBy(desc(auditLogEntries.seq))
    .limit(p.limit),
)

/** How many entries about one account are looked at, the latest ones. */
const MAX_OF_ACCOUNT = 5000

export interface AuditFilter {
  /** The account that acted, or that the entry is about. */
  userId?: string | undefined
  action?: string | undefined
  ip?: string | undefined
  requestId?: string | undefined
  /** Unix milliseconds; the end is not included. */
  since?: number | undefined
  until?: number | undefined
}

export interface AuditQuery extends Page {
  filter?: AuditFilter | undefined
  /** Searches for `text` in these fields of the payload. */
  search?: { fields: [string, string]; text: string } | undefined
}

/** The audit log, newest first. */
export const listAudit = read(async (tx, query: AuditQuery): Promise<Listed<AuditRow>> => {
  const { page, perPage, search, filter = {} } = query
  if (filter.userId !== undefined) return auditOfAccount(tx, query, filter.userId)
  const offset = offsetOf({ page, perPage })
  const [field, otherField] = search?.fields ?? ['action', 'action']
  const values = { pattern: search ? `%${search.text}%` : '', path: `$.${field}`, otherPath: `$.${otherField}` }
  const { action = '', ip = '', requestId = '', since = 0, until = NEVER } = filter
  const filters = { action, ip, requestId, since, until }
  const wanted: Position[] = []
  let total = 0
  let before = END
  for (;;) {
    const slice = await tx.all(auditSlice, { ...values, ...filters, ...before })
    for (const entry of slice.filter(({ hit }) => hit)) {
      if (total >= offset && total < offset + perPage) wanted.push(entry)
      total += 1
    }
    const last = slice.at(-1)
    if (!last || slice.length < SEARCH_SLICE) return { rows: await auditEntries(tx, wanted), total }
    before = last
    await yieldToEventLoop()
  }
})

async function auditOfAccount(
  tx: Tx,
  { page, perPage, search, filter = {} }: AuditQuery,
  userId: string,
): Promise<Listed<AuditRow>> {
  const given = { userId, limit: MAX_OF_ACCOUNT }
  const both = [...(await tx.all(entriesOfActor, given)), ...(await tx.all(entriesOfSubject, given))]
  const entries = [...new Map(both.map((entry) => [entry.id, entry])).values()]
    .filter((entry) => isWanted(entry, filter) && (!search || isFound(entry, search)))
    .sort((a, b) => b.createdAt - a.createdAt || b.seq - a.seq)
  const offset = offsetOf({ page, perPage })
  return { rows: entries.slice(offset, offset + perPage), total: entries.length }
}

function isWanted({ payload, ipAddress, createdAt }: AuditRow, filter: AuditFilter): boolean {
  const { action, ip, requestId, since = 0, until = NEVER } = filter
  const isEqual = (wanted: string | undefined, value: unknown) => wanted === undefined || value === wanted
  return (
    isEqual(action, payload.action) &&
    isEqual(ip, ipAddress) &&
    isEqual(requestId, payload.request_id) &&
    createdAt >= since &&
    createdAt < until
  )
}

/** As LIKE finds it, without wildcards. */
const isFound = ({ payload }: AuditRow, { fields, text }: NonNullable<AuditQuery['search']>): boolean =>
  fields.some((field) => {
    const value = payload[field]
    return typeof value === 'string' && value.toLowerCase().includes(text.toLowerCase())
  })

async function auditEntries(tx: Tx, wanted: readonly Position[]): Promise<AuditRow[]> {
  const rows: AuditRow[] = []
  for (const position of wanted) {
    const row = await tx.one(auditEntry, position)
    if (row) rows.push(row)
  }
  return rows
}

/** After every entry, and storable on each engine. */
const NEVER = 253_402_300_799_000

/** Rows before the page. */
const offsetOf = ({ page, perPage }: Page) => (Math.max(1, page) - 1) * perPage
