/**
 * How values travel: parameters as text, whose type Postgres infers from their place in the statement; results as the
 * driver returns them, which gives `int8` as text and `timestamptz` as a Date.
 */
import { isIP } from 'node:net'
import { Column, is, noopDecoder, SQL } from 'drizzle-orm'
import { isJsonObject, type JsonObject, sortedJson } from '../../lib/json'
import { isUuid, NIL_UUID } from '../../lib/uuid'
import type { Field, ParameterType } from '../query'
import { kindOf } from './shared-tables'

/** Milliseconds of the years 1 and 9999, outside of which ISO 8601 and Postgres write years differently. */
const [FIRST, LAST] = [-62_135_596_800_000, 253_402_300_799_999]

/** Text that is no UUID stands for no row: the nil UUID belongs to none. */
const uuid = (value: unknown) => (isUuid(String(value)) ? String(value) : NIL_UUID)

function instant(value: unknown): string {
  const milliseconds = Number(value)
  if (milliseconds > LAST) return 'infinity'
  return milliseconds < FIRST ? '-infinity' : new Date(milliseconds).toISOString()
}

/** An address that the database cannot store is left out. */
const inet = (value: unknown) => (isIP(String(value)) === 0 ? null : String(value))

/** How the values of a parameter are sent. */
export function encoder(type: ParameterType): (value: unknown) => string | null {
  const kind = kindOf(type)
  if (kind === 'uuid') return uuid
  if (kind === 'instant' || kind === 'plain_instant') return instant
  if (kind === 'inet') return inet
  return (value) => textWithoutNul(String(type.mapToDriverValue(value as never)))
}

/** The type of such values where they are entries of a list. */
export function entryType(type: ParameterType): string | undefined {
  const kind = kindOf(type)
  if (kind === 'uuid') return 'uuid'
  return kind === undefined && is(type, Column) && type.columnType === 'SQLiteText' ? 'text' : undefined
}

/**
 * Postgres has no texts with U+0000 (https://www.postgresql.org/docs/current/datatype-character.html). The noncharacter
 * U+FFFF in its place makes a text that equals no stored one, as the former does on SQLite. JSON escapes it.
 */
const textWithoutNul = (text: string) => text.replaceAll('\0', '\uffff')

/** How the values of a field are read. */
export function decoder(field: Field): ((value: unknown) => unknown) | undefined {
  if (!is(field, Column)) return expressionDecoder(is(field, SQL.Aliased) ? field.sql : field)
  if (field.columnType === 'SQLiteInteger') return number
  if (kindOf(field) === 'json') return (value) => objectIn(String(value)) ?? missing(field) ?? null
  return field.columnType === 'SQLiteText' ? undefined : (value) => field.mapFromDriverValue(value)
}

/** Free-form JSON; `jsonb` has an order of keys of its own. @returns undefined for null, a list or a text, which SQL can store */
function objectIn(text: string): JsonObject | undefined {
  const value = sortedJson(JSON.parse(text))
  return isJsonObject(value) ? value : undefined
}

/** The decoder of `sql.mapWith`, which drizzle keeps in a field that its types leave out. */
function expressionDecoder(expression: SQL): ((value: unknown) => unknown) | undefined {
  const { decoder: mapped } = expression as unknown as { decoder: typeof noopDecoder }
  return mapped === noopDecoder ? undefined : (value) => mapped.mapFromDriverValue(value)
}

const number = (value: unknown) => Number(value)

/** Rows that were made in SQL may have no value where GoTrue and we write one. */
export function missing(field: Field): unknown {
  if (!is(field, Column) || !field.notNull) return undefined
  if (field.name === 'aal') return 'aal1'
  if (field.columnType === 'SQLiteTextJson') return {}
  return { SQLiteText: '', SQLiteInteger: 0, SQLiteBoolean: false }[field.columnType]
}
