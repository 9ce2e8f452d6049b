/**
 * The names of our tables and views with their schema. Connections have the search_path of GoTrue, `auth`, because the
 * operator's triggers on its tables may rely on that.
 */
import { getTableName } from 'drizzle-orm'
import * as schema from '../schema'

const OWN: ReadonlySet<string> = new Set(Object.values(schema).map((table) => getTableName(table)))

/** Where SQL names a table, unless it has a schema already. */
const TABLE = /\b(from|join|into|update)\s+"?(\w+)"?(?![\w".(])/gi

/** @param text SQL without literals that contain SQL */
export const qualified = (text: string): string =>
  text.replace(TABLE, (found: string, keyword: string, name: string) =>
    OWN.has(name) ? `${keyword} "latchkey"."${name}"` : found,
  )
