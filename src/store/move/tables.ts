/** The tables that move between databases, and how their rows travel. */
import { type Column, getTableColumns, getTableName } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import * as schema from '../schema'

/** A row by column, with the values that SQLite stores. A column that is missing gets its value from the target. */
export type Row = Record<string, string | number | null>

export interface MovedTable {
  name: string
  /** Without those that one of the databases computes. */
  columns: Column[]
}

/** Referenced tables come first. */
const tables: readonly SQLiteTable[] = [
  schema.users,
  schema.identities,
  schema.sessions,
  schema.refreshTokens,
  schema.mfaAmrClaims,
  schema.knownNetworks,
  schema.roles,
  schema.userRoles,
  schema.mfaFactors,
  schema.mfaChallenges,
  schema.mfaAttempts,
  schema.mfaRecoveryCodes,
  schema.webauthnCredentials,
  schema.webauthnChallenges,
  schema.verificationTokens,
  schema.flowState,
  schema.oauthStates,
  schema.messages,
  schema.events,
  schema.refusals,
  schema.eventCounts,
  schema.sessionTokens,
  schema.personalAccessTokens,
  schema.externalSessions,
  schema.matrixRegistrations,
  schema.customOAuthProviders,
  schema.signingKeys,
  schema.web3Messages,
  schema.spentCaptchas,
  schema.auditLogEntries,
]

/** These the databases compute by themselves. */
const isComputed = (table: SQLiteTable, { name, generated }: Column) =>
  generated !== undefined || name === 'factor_count' || (table === schema.auditLogEntries && name === 'seq')

/** Of the database itself; what is to move of it, `Target.finish` is given. */
export const META = getTableName(schema.meta)

export const movedTables: readonly MovedTable[] = tables.map((table) => ({
  name: getTableName(table),
  columns: Object.values(getTableColumns(table)).filter((column) => !isComputed(table, column)),
}))

/** @returns the error of a row that a database refuses, with the key of the row */
export const refusalOf = (error: unknown, { columns }: MovedTable, row: Row): Error =>
  new Error(`${(error as Error).message} (the row is ${JSON.stringify(row.id ?? row[columns[0]?.name ?? ''])})`)

/** Tables whose numbers are given once only, and the column of the number. */
export const NUMBERED = { users: 'uid', messages: 'seq', events: 'seq', refusals: 'seq' } as const

/** The last number given in each. */
export type LastNumbers = Record<keyof typeof NUMBERED, number>
