/** Copies all rows of a database into another one. */
import type { Source, Target } from './ports'
import { type MovedTable, movedTables, type Row } from './tables'

export interface Progress {
  table: string
  /** Rows of the table copied so far. */
  rows: number
}

export interface CopyOptions {
  /** Changes a row for the target. */
  convert(table: MovedTable, row: Row): Row
  onProgress?(progress: Progress): void
}

/** Rows by table, in the order in which they are copied. */
export type RowCounts = ReadonlyMap<string, number>

export async function countRows(source: Source): Promise<RowCounts> {
  const counts = new Map<string, number>()
  for (const table of movedTables) counts.set(table.name, await source.count(table))
  return counts
}

/** @throws with the name of the table whose rows cannot be copied */
export async function copyRows(
  source: Source,
  target: Target,
  { convert, onProgress }: CopyOptions,
): Promise<RowCounts> {
  const counts = new Map<string, number>()
  await target.numberAfter(await source.lastNumbers())
  for (const table of movedTables) {
    const copied = (rows: number) => {
      counts.set(table.name, rows)
      onProgress?.({ table: table.name, rows })
    }
    try {
      await copyTable(table, { source, target, convert, copied })
    } catch (error) {
      throw new Error(`${table.name}: ${(error as Error).message}`, { cause: error })
    }
  }
  return counts
}

interface TableCopy extends Pick<CopyOptions, 'convert'> {
  source: Source
  target: Target
  copied(rows: number): void
}

/** While the target stores one batch, the next one is read and converted. */
async function copyTable(table: MovedTable, { source, target, convert, copied }: TableCopy): Promise<void> {
  let writing: Promise<void> = Promise.resolve()
  let rows = 0
  const write = async (batch: Row[]) => {
    await target.write(table, batch)
    rows += batch.length
    copied(rows)
  }
  copied(0)
  for await (const batch of source.read(table)) {
    const converted = batch.map((row) => convert(table, row))
    await writing
    writing = write(converted)
    // Its failure is noticed at the next `await`, not before.
    writing.catch(() => {})
  }
  await writing
}
