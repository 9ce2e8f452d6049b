/**
 * The long lists of the admin API. A search has to look at every row, so it goes through the table in slices and lets
 * other requests run between them.
 */
import { and, asc, desc, eq, type SQL, sql } from 'drizzle-orm'
import { read, statement, type Tx } from './engine'
import { type AuditRow, auditLogEntries, type User, users } from './schema'
import { placeholder, userById } from './statements'

/** Rows looked at before other work gets its turn; some milliseconds. */
const SLICE = 2000

export interface Page {
  /** From 1. */
  page: number
  perPage: number
}

export interface Listed<Row> {
  rows: Row[]
  total: number
}

type Direction = 'asc' | 'desc'

const after = (direction: Direction): SQL =>
  direction === 'asc'
    ? sql`(${users.createdAt}, ${users.uid}) > (${placeholder('createdAt')}, ${placeholder('uid')})`
    : sql`(${users.createdAt}, ${users.uid}) < (${placeholder('createdAt')}, ${placeholder('uid')})`

const usersInOrder = (direction: Direction) => {
  const order = direction === 'asc' ? asc : desc
  return {
    page: statement((db) =>
      db
        .select()
        .from(users)
        .where(eq(users.aud, placeholder('aud')))
        .orderBy(order(users.createdAt), order(users.uid))
        .limit(placeholder('limit'))
        .offset(placeholder('offset'))
        .prepare(),
    ),
    slice: statement((db) =>
      db
        .select({
          id: users.id,
          uid: users.uid,
          createdAt: users.createdAt,
          hit: sql<number>`${users.email} LIKE ${placeholder('pattern')} OR json_extract(${users.rawUserMetaData}, '$.full_name') LIKE ${placeholder('pattern')}`,
        })
        .from(users)
        .where(and(eq(users.aud, placeholder('aud')), after(direction)))
        .orderBy(order(users.createdAt), order(users.uid))
        .limit(SLICE)
        .prepare(),
    ),
  }
}

const ordered = { asc: usersInOrder('asc'), desc: usersInOrder('desc') }

const countUsers = statement((db) =>
  db
    .select({ total: sql<number>`count(*)` })
    .from(users)
    .where(eq(users.aud, placeholder('aud')))
    .prepare(),
)

export interface UserQuery extends Page {
  aud: string
  /** Part of the address or of `user_metadata.full_name`, in any letter case; `%` and `_` are wildcards. */
  filter: string
  /** By time of creation. */
  direction: Direction
}

export const listUsers = read(async (tx, query: UserQuery): Promise<Listed<User>> => {
  const { page, slice } = ordered[query.direction]
  const offset = (query.page - 1) * query.perPage
  if (query.filter === '') {
    const rows = await tx.all(page, { aud: query.aud, limit: query.perPage, offset })
    return { rows, total: (await tx.one(countUsers, { aud: query.aud }))?.total ?? 0 }
  }
  const wanted: string[] = []
  let total = 0
  const first = query.direction === 'asc' ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER
  let at = { createdAt: first, uid: first }
  for (;;) {
    const rows = await tx.all(slice, { ...at, aud: query.aud, pattern: `%${query.filter}%` })
    for (const row of rows.filter(({ hit }) => hit)) {
      if (total >= offset && total < offset + query.perPage) wanted.push(row.id)
      total += 1
    }
    const last = rows.at(-1)
    if (!last || rows.length < SLICE) return { rows: await usersOf(tx, wanted), total }
    at = last
    await otherWork()
  }
})

async function usersOf(tx: Tx, ids: string[]): Promise<User[]> {
  const rows: User[] = []
  for (const id of ids) {
    const user = await tx.one(userById, { id })
    if (user) rows.push(user)
  }
  return rows
}

const auditSlice = statement((db) =>
  db
    .select({
      row: auditLogEntries,
      hit: sql<number>`${placeholder('pattern')} = '' OR json_extract(${auditLogEntries.payload}, ${placeholder('path')}) LIKE ${placeholder('pattern')} OR json_extract(${auditLogEntries.payload}, ${placeholder('otherPath')}) LIKE ${placeholder('pattern')}`,
    })
    .from(auditLogEntries)
    .where(sql`${auditLogEntries.seq} < ${placeholder('seq')}`)
    .orderBy(desc(auditLogEntries.seq))
    .limit(SLICE)
    .prepare(),
)

export interface AuditQuery extends Page {
  /** Looks for `text` in these fields of the payload. */
  search?: { fields: [string, string]; text: string } | undefined
}

/** The audit log, newest first. */
export const listAudit = read(async (tx, { page, perPage, search }: AuditQuery): Promise<Listed<AuditRow>> => {
  const offset = (page - 1) * perPage
  const [field, otherField] = search?.fields ?? ['action', 'action']
  const values = { pattern: search ? `%${search.text}%` : '', path: `$.${field}`, otherPath: `$.${otherField}` }
  const rows: AuditRow[] = []
  let total = 0
  let seq = Number.MAX_SAFE_INTEGER
  for (;;) {
    const slice = await tx.all(auditSlice, { ...values, seq })
    for (const { row } of slice.filter(({ hit }) => hit)) {
      if (total >= offset && total < offset + perPage) rows.push(row)
      total += 1
    }
    const last = slice.at(-1)
    if (!last || slice.length < SLICE) return { rows, total }
    seq = last.row.seq
    await otherWork()
  }
})

const otherWork = () => new Promise<void>((resolve) => setImmediate(resolve))
