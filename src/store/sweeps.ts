/**
 * The deletion of expired rows: in slices by primary key, so that it needs no index and never scans a whole table. On
 * Postgres, those of accounts have another key (postgres/pairs/sweeps.ts). The audit log is deleted with its seals
 * (audit-seals.ts).
 */
import { and, eq, gt, lt, lte, or, type SQL, sql } from 'drizzle-orm'
import { getTableConfig, type SQLiteColumn, type SQLiteTable } from 'drizzle-orm/sqlite-core'
import { findAccountIn } from './accounts/account-rows'
import type { Operation, Tx } from './engine'
import { type Parameters, type Placeholders, type Statement, statement } from './query'
import {
  eventCounts,
  events,
  externalSessions,
  flowState,
  knownNetworks,
  messages,
  mfaAttempts,
  mfaChallenges,
  mfaFactors,
  oauthStates,
  personalAccessTokens,
  refreshTokens,
  refusals,
  sessions,
  sessionTokens,
  spentCaptchas,
  users,
  web3Messages,
  webauthnChallenges,
} from './schema'

/** Rows per step. */
const SLICE = 500

/** The values of a primary key, in the order of its columns. */
type Key = readonly (string | number)[]

export interface SweptTable<Instants extends Parameters> {
  /** Before every key. */
  start: Key
  /** The key of the last row of a slice, as `key0`, `key1`; undefined if the rest is shorter. */
  sliceEnd: Statement<Record<string, string | number>, Record<string, string | number>>
  removeSlice: Statement<Record<string, string | number>, unknown>
  removeRest: Statement<Record<string, string | number>, unknown>
  /** Carries a type only. */
  instants?: Instants
}

/**
 * @param instants the instants that `expired` compares with
 * @param columns the key of the slices
 */
function sweepOf<Instants extends Parameters>(
  table: SQLiteTable,
  instants: Instants,
  expired: (instants: Placeholders<Instants>) => SQL | undefined,
  columns = primaryKeyOf(table),
): SweptTable<Instants> {
  const [key, after, end] = [tuple(columns), named('after', columns), named('end', columns)]
  const given: Parameters = instants
  return {
    start: columns.map((column) => (column.dataType === 'number' ? 0 : '')),
    sliceEnd: statement({ ...after, ...given }, (db, p) =>
      db
        .select(named('key', columns))
        .from(table)
        .where(gt(key, tuple(valuesOf(p, after))))
        .orderBy(...columns)
        .limit(1)
        .offset(SLICE - 1),
    ) as SweptTable<Instants>['sliceEnd'],
    removeSlice: statement({ ...after, ...end, ...given }, (db, p) =>
      db
        .delete(table)
        .where(
          and(
            gt(key, tuple(valuesOf(p, after))),
            lte(key, tuple(valuesOf(p, end))),
            expired(p as unknown as Placeholders<Instants>),
          ),
        ),
    ),
    removeRest: statement({ ...after, ...given }, (db, p) =>
      db.delete(table).where(and(gt(key, tuple(valuesOf(p, after))), expired(p as unknown as Placeholders<Instants>))),
    ),
  }
}

const valuesOf = (placeholders: Record<string, SQL>, parameters: object) =>
  Object.keys(parameters).map((name) => placeholders[name])

function primaryKeyOf(table: SQLiteTable): SQLiteColumn[] {
  const { columns, primaryKeys } = getTableConfig(table)
  return primaryKeys[0]?.columns ?? columns.filter(({ primary }) => primary)
}

/** `after0`, `after1` … for the columns of a key. */
const named = (prefix: string, columns: readonly SQLiteColumn[]): Record<string, SQLiteColumn> =>
  Object.fromEntries(columns.map((column, index) => [`${prefix}${index}`, column]))

/** A row value, which compares column by column. */
const tuple = (parts: readonly unknown[]): SQL =>
  parts.length === 1 ? sql`${parts[0]}` : sql`(${sql.join(parts as SQL[], sql`, `)})`

const lastUse = sql`coalesce(${sessions.refreshedAt}, ${sessions.createdAt})`

/**
 * 2015, earlier than any account. Older timestamps come from a machine with an unset clock and do not mean that the row
 * is old.
 */
const CLOCK_UNSET = 1_420_070_400_000

/** One instant, of the type of a column. */
const before = <Column extends SQLiteColumn>(column: Column) => ({ before: column })

const unusedFor = { ...before(users.createdAt), clockUnset: users.createdAt }

const isUnusedAnonymous = (p: Placeholders<typeof unusedFor>) =>
  and(
    eq(users.isAnonymous, true),
    // Whatever the flag says, an account with a sign-in method belongs to a person.
    sql`${users.emailConfirmedAt} IS NULL AND ${users.phoneConfirmedAt} IS NULL`,
    sql`${users.encryptedPassword} IS NULL AND ${users.username} IS NULL AND ${users.factorCount} = 0`,
    sql`NOT EXISTS (SELECT 1 FROM identities WHERE identities.user_id = ${users.id})`,
    sql`NOT EXISTS (SELECT 1 FROM webauthn_credentials WHERE webauthn_credentials.user_id = ${users.id})`,
    sql`NOT EXISTS (SELECT 1 FROM personal_access_tokens WHERE personal_access_tokens.user_id = ${users.id})`,
    lt(users.createdAt, p.before),
    gt(users.createdAt, p.clockUnset),
    sql`NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.user_id = ${users.id} AND coalesce(sessions.refreshed_at, sessions.created_at) >= ${p.before})`,
  )

const anonymousUsersBy = (key: SQLiteColumn) => sweepOf(users, unusedFor, isUnusedAnonymous, [key])

/** Which accounts that sweep deletes in a slice; the end may lie behind all of them. */
const unusedBy = (key: SQLiteColumn) =>
  statement({ after0: key, end0: key, ...unusedFor }, (db, { after0, end0, ...p }) =>
    db
      .select({ id: users.id })
      .from(users)
      .where(and(gt(key, after0), lte(key, end0), isUnusedAnonymous(p))),
  )

export const unusedByNumber = unusedBy(users.uid)

/** Of accounts that may have no number. */
export const anonymousUsersById = anonymousUsersBy(users.id)
export const unusedById = unusedBy(users.id)

export const sweeps = {
  sessions: sweepOf(
    sessions,
    {
      notAfterBefore: sessions.notAfter,
      createdBefore: sessions.createdAt,
      lastUsedBefore: sessions.refreshedAt,
      clockUnset: sessions.refreshedAt,
    },
    (p) =>
      or(
        lt(sessions.notAfter, p.notAfterBefore),
        lt(sessions.createdAt, p.createdBefore),
        sql`${lastUse} < ${p.lastUsedBefore} AND ${lastUse} > ${p.clockUnset}`,
      ),
  ),
  refreshTokens: sweepOf(refreshTokens, before(refreshTokens.updatedAt), (p) =>
    and(eq(refreshTokens.revoked, true), lt(refreshTokens.updatedAt, p.before)),
  ),
  sessionTokens: sweepOf(sessionTokens, before(sessionTokens.expiresAt), (p) => lt(sessionTokens.expiresAt, p.before)),
  web3Messages: sweepOf(web3Messages, before(web3Messages.expiresAt), (p) => lt(web3Messages.expiresAt, p.before)),
  spentCaptchas: sweepOf(spentCaptchas, before(spentCaptchas.expiresAt), (p) => lt(spentCaptchas.expiresAt, p.before)),
  externalSessions: sweepOf(externalSessions, before(externalSessions.expiresAt), (p) =>
    lt(externalSessions.expiresAt, p.before),
  ),
  personalAccessTokens: sweepOf(personalAccessTokens, before(personalAccessTokens.expiresAt), (p) =>
    lt(personalAccessTokens.expiresAt, p.before),
  ),
  anonymousUsers: anonymousUsersBy(users.uid),
  knownNetworks: sweepOf(knownNetworks, before(knownNetworks.lastSeenAt), (p) =>
    lt(knownNetworks.lastSeenAt, p.before),
  ),
  factors: sweepOf(mfaFactors, before(mfaFactors.createdAt), (p) =>
    and(
      eq(mfaFactors.status, 'unverified'),
      sql`coalesce(${mfaFactors.lastChallengedAt}, ${mfaFactors.createdAt}) < ${p.before}`,
    ),
  ),
  challenges: sweepOf(mfaChallenges, before(mfaChallenges.createdAt), (p) => lt(mfaChallenges.createdAt, p.before)),
  attempts: sweepOf(mfaAttempts, before(mfaAttempts.since), (p) => lt(mfaAttempts.since, p.before)),
  ceremonies: sweepOf(webauthnChallenges, before(webauthnChallenges.expiresAt), (p) =>
    lt(webauthnChallenges.expiresAt, p.before),
  ),
  oauthStates: sweepOf(oauthStates, before(oauthStates.createdAt), (p) => lt(oauthStates.createdAt, p.before)),
  flows: sweepOf(flowState, before(flowState.createdAt), (p) => lt(flowState.createdAt, p.before)),
  messages: sweepOf(messages, { before: messages.createdAt, keptBefore: messages.createdAt }, (p) =>
    and(
      sql`${messages.nextAttemptAt} IS NULL`,
      or(lt(messages.createdAt, p.before), and(eq(messages.state, 'kept'), lt(messages.createdAt, p.keptBefore))),
    ),
  ),
  events: sweepOf(events, before(events.createdAt), (p) =>
    or(
      and(sql`${events.nextAttemptAt} IS NULL`, lt(events.createdAt, p.before)),
      // While events are off, none is sent.
      lt(events.expiresAt, p.before),
    ),
  ),
  refusals: sweepOf(refusals, before(refusals.createdAt), (p) => lt(refusals.createdAt, p.before)),
  eventCounts: sweepOf(eventCounts, { hoursBefore: eventCounts.at, daysBefore: eventCounts.at }, (p) =>
    or(
      and(eq(eventCounts.step, 'hour'), lt(eventCounts.at, p.hoursBefore)),
      and(eq(eventCounts.step, 'day'), lt(eventCounts.at, p.daysBefore)),
    ),
  ),
}

export type Sweep = keyof typeof sweeps

/** The instants each sweep compares with, in Unix milliseconds. */
export type Retention = {
  [What in Sweep]: (typeof sweeps)[What] extends SweptTable<infer Instants>
    ? Record<Exclude<keyof Instants, 'clockUnset'>, number>
    : never
}

export interface SweepSlice {
  what: Sweep
  /** The key to continue after; undefined at first. */
  after: Key | undefined
  instants: Retention[Sweep]
}

/**
 * Sweeps of rows that are read through a view, which Postgres would delete although another transaction has changed them
 * in the meantime, unless the sweep is isolated (https://www.postgresql.org/docs/current/transaction-iso.html).
 */
export const isolatedSweeps: readonly Sweep[] = ['anonymousUsers', 'factors']

/** The end of the last slice: by number on SQLite, by id on Postgres. */
const lastKey = ({ isRemote }: Tx) => ({ end0: isRemote ? LAST_UUID : Number.MAX_SAFE_INTEGER })
const LAST_UUID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** Notes the accounts that a sweep is about to delete. */
async function noteDeletions(tx: Tx, slice: Record<string, string | number>): Promise<void> {
  for (const { id } of tx.changes ? await tx.all(unusedByNumber, slice as never) : []) {
    const account = await findAccountIn(tx, id)
    if (account) tx.changes?.push({ kind: 'deleted', userId: id, account })
  }
}

/** Deletes expired rows in the next slice. @returns where to continue, or undefined at the end */
async function sweepNext(
  tx: Tx,
  { what, after, instants }: SweepSlice,
): Promise<{ removed: number; next: Key | undefined }> {
  const { start, sliceEnd, removeSlice, removeRest } = sweeps[what]
  const from = { ...numbered('after', after ?? start), ...instants, clockUnset: CLOCK_UNSET }
  const end = await tx.one(sliceEnd, from)
  const next = end && Object.values(end)
  const until = next ? numbered('end', next) : undefined
  if (what === 'anonymousUsers') await noteDeletions(tx, { ...from, ...(until ?? lastKey(tx)) })
  const removed = until ? await tx.run(removeSlice, { ...from, ...until }) : await tx.run(removeRest, from)
  return { removed, next }
}

export const sweepSlice = Object.assign((tx: Tx, slice: SweepSlice) => sweepNext(tx, slice), {
  mode: ({ what }: SweepSlice) => (isolatedSweeps.includes(what) ? 'write' : 'guarded'),
}) satisfies Operation<SweepSlice, unknown>

const numbered = (prefix: string, key: Key): Record<string, string | number> =>
  Object.fromEntries(key.map((value, index) => [`${prefix}${index}`, value]))
