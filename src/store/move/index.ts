/** Opens the two databases of a move (docs/postgres.md#moving-from-sqlite-and-back). */
import { isPostgresUrl } from '../../lib/postgres-url'
import { migrateDatabase } from '../database'
import { postgresSource } from '../postgres/move-source'
import { postgresTarget, requireMovable } from '../postgres/move-target'
import { requireEmptyFile, sqliteSource, sqliteTarget } from '../sqlite/move'
import type { Source, Target } from './ports'

/**
 * @param database path of a file whose lock the caller holds, or URL; of the version of this executable
 * @throws {MoveRefused} if a server uses it
 */
export const openSource = async (database: string): Promise<Source> =>
  isPostgresUrl(database) ? postgresSource(database) : sqliteSource(database)

/**
 * Creates or migrates the database if needed.
 * @param database path of a file whose lock the caller holds, or URL
 * @param now Unix milliseconds
 * @param version of this executable
 * @throws {MoveRefused} if it has accounts, or a server uses it
 */
export const openTarget = async (
  database: string,
  { now, version }: { now: number; version: string },
): Promise<Target> =>
  isPostgresUrl(database)
    ? postgresTarget(database, () => migrateDatabase(database, { now, version }))
    : sqliteTarget(database, now)

/** Checks the target of a move and changes nothing. @throws {MoveRefused} as `openTarget` does */
export const examineTarget = async (database: string): Promise<void> =>
  isPostgresUrl(database) ? requireMovable(database) : requireEmptyFile(database)

export { copyRows, countRows, type Progress, type RowCounts } from './copy'
export { MoveRefused, type Source, type Target } from './ports'
export { type MovedTable, movedTables, type Row } from './tables'
