/**
 * The long lists of the admin API. A search reads every row, so it goes through the table in slices and lets other
 * requests run in between.
 */
import { and, asc, desc, eq, gt, lt, sql } from 'drizzle-orm'
import { read, type Tx } from './engine'
import { integer, type Placeholders, statement, text } from './query'
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

const position = { aud: users.aud, createdAt: users.createdAt, uid: users.uid }

const usersInOrder = (direction: Direction) => {
  const order = direction === 'asc' ? asc : desc
  /** Rows after a position, in the given direction. */
  const following = (p: Placeholders<typeof position>) => {
    const [own, given] = [sql`(${users.createdAt}, ${users.uid})`, sql`(${p.createdAt}, ${p.uid})`]
    return and(eq(users.aud, p.aud), direction === 'asc' ? gt(own, given) : lt(own, given))
  }
  const key = { createdAt: users.createdAt, uid: users.uid }
  const sorted = [order(users.createdAt), order(users.uid)]
  return {
    /** Start positions: before every row. */
    start: direction === 'asc' ? BEFORE_ALL : AFTER_ALL,
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
        .select({ ...key, id: users.id, hit })
        .from(users)
        .where(following(p))
        .orderBy(...sorted)
        .limit(SEARCH_SLICE)
    }),
  }
}

const BEFORE_ALL = { createdAt: Number.MIN_SAFE_INTEGER, uid: 0 }
const AFTER_ALL = { createdAt: Number.MAX_SAFE_INTEGER, uid: 0 }

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
  let at: { createdAt: number; uid: number } = queries.start
  for (;;) {
    if (offset >= total && offset < total + COUNT_SLICE)
      rows = await tx.all(queries.page, { ...at, aud, limit: perPage, offset: offset - total })
    const last = await tx.one(queries.sliceEnd, { ...at, aud })
    if (!last) return { rows, total: total + ((await tx.one(queries.count, { ...at, aud }))?.rows ?? 0) }
    total += COUNT_SLICE
    at = last
    await otherWork()
  }
}

async function matchingUsers(tx: Tx, { aud, filter, direction, page, perPage }: UserQuery): Promise<Listed<User>> {
  const queries = userLists[direction]
  const offset = offsetOf({ page, perPage })
  const wanted: string[] = []
  let total = 0
  let at: { createdAt: number; uid: number } = queries.start
  for (;;) {
    const rows = await tx.all(queries.search, { ...at, aud, pattern: `%${filter}%` })
    for (const row of rows.filter(({ hit }) => hit)) {
      if (total >= offset && total < offset + perPage) wanted.push(row.id)
      total += 1
    }
    const last = rows.at(-1)
    if (!last || rows.length < SEARCH_SLICE) return { rows: await usersOf(tx, wanted), total }
    at = last
    await otherWork()
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

/** Of an entry. Without `seq`, entries are in the order of their instants and ids. */
const auditPosition = { seq: auditLogEntries.seq, createdAt: auditLogEntries.createdAt, id: auditLogEntries.id }
type AuditPosition = Pick<AuditRow, 'seq' | 'createdAt' | 'id'>

export const auditSlice = statement({ ...auditPosition, pattern: text, path: text, otherPath: text }, (db, p) =>
  db
    .select({
      ...auditPosition,
      hit: sql<number>`${p.pattern} = '' OR json_extract(${auditLogEntries.payload}, ${p.path}) LIKE ${p.pattern} OR json_extract(${auditLogEntries.payload}, ${p.otherPath}) LIKE ${p.pattern}`,
    })
    .from(auditLogEntries)
    .where(sql`${auditLogEntries.seq} < ${p.seq}`)
    .orderBy(desc(auditLogEntries.seq))
    .limit(SEARCH_SLICE),
)

export const auditEntry = statement(auditPosition, (db, { seq }) =>
  db.select().from(auditLogEntries).where(eq(auditLogEntries.seq, seq)),
)

export interface AuditQuery extends Page {
  /** Searches for `text` in these fields of the payload. */
  search?: { fields: [string, string]; text: string } | undefined
}

/** The audit log, newest first. */
export const listAudit = read(async (tx, { page, perPage, search }: AuditQuery): Promise<Listed<AuditRow>> => {
  const offset = offsetOf({ page, perPage })
  const [field, otherField] = search?.fields ?? ['action', 'action']
  const values = { pattern: search ? `%${search.text}%` : '', path: `$.${field}`, otherPath: `$.${otherField}` }
  const wanted: AuditPosition[] = []
  let total = 0
  let before = AFTER_ALL_ENTRIES
  for (;;) {
    const slice = await tx.all(auditSlice, { ...values, ...before })
    for (const entry of slice.filter(({ hit }) => hit)) {
      if (total >= offset && total < offset + perPage) wanted.push(entry)
      total += 1
    }
    const last = slice.at(-1)
    if (!last || slice.length < SEARCH_SLICE) return { rows: await auditEntries(tx, wanted), total }
    before = last
    await otherWork()
  }
})

const AFTER_ALL_ENTRIES: AuditPosition = { seq: Number.MAX_SAFE_INTEGER, createdAt: Number.MAX_SAFE_INTEGER, id: '' }

async function auditEntries(tx: Tx, wanted: readonly AuditPosition[]): Promise<AuditRow[]> {
  const rows: AuditRow[] = []
  for (const position of wanted) {
    const row = await tx.one(auditEntry, position)
    if (row) rows.push(row)
  }
  return rows
}

/** Rows before the page. */
const offsetOf = ({ page, perPage }: Page) => (Math.max(1, page) - 1) * perPage

const otherWork = () => new Promise<void>((resolve) => setImmediate(resolve))
