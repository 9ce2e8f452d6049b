/** The two ends of a move. */
import type { LastNumbers, MovedTable, Row } from './tables'

/** A database that is read as it was when it was opened, while nothing else writes to it. */
export interface Source extends AsyncDisposable {
  count(table: MovedTable): Promise<number>
  /** @returns batches of rows */
  read(table: MovedTable): AsyncIterable<Row[]>
  lastNumbers(): Promise<LastNumbers>
  /** All of the `meta` table. */
  meta(): Promise<ReadonlyMap<string, string>>
}

/** A database without accounts that is filled in one transaction. Disposing of it without `finish` leaves it empty. */
export interface Target extends AsyncDisposable {
  /** Rows without a number get one after these. */
  numberAfter(last: LastNumbers): Promise<void>
  write(table: MovedTable, rows: Row[]): Promise<void>
  /** Sets entries of the `meta` table, and commits. */
  finish(meta: Iterable<readonly [key: string, value: string]>): Promise<void>
}

/** Rows per statement or transfer. */
export const BATCH = 2000

/** Thrown if a database cannot be moved from or to as it is. Nothing has changed then. */
export class MoveRefused extends Error {
  override name = 'MoveRefused'
}

export const hasAccounts = (database: string) =>
  new MoveRefused(`${database} already has accounts; a database is moved into an empty one only`)
