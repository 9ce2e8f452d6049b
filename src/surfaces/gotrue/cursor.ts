/** Pages of the lists that GoTrue does not have: a limit, and a cursor that continues after the last row. */
import { type TObject, Type } from '@sinclair/typebox'
import { Refusal } from '../../core/kernel/refusal'
import type { QueryValues } from '../../http/parameters'

export const DEFAULT_PER_CURSOR_PAGE = 50
export const MAX_PER_CURSOR_PAGE = 200
/** Characters: it repeats the filters. */
const MAX_CURSOR = 8000

export const cursorQuery = {
  limit: Type.Optional(
    Type.Integer({
      description: 'At most 200; a larger number counts as 200.',
      default: DEFAULT_PER_CURSOR_PAGE,
      minimum: 1,
    }),
  ),
  cursor: Type.Optional(Type.String({ description: '`next_cursor` of the page before.' })),
}

export const listOf = <Shape extends TObject>($id: string, shape: Shape) =>
  Type.Object(
    {
      items: Type.Array(shape),
      next_cursor: Type.Union([Type.String(), Type.Null()], { description: 'Null on the last page.' }),
    },
    { $id },
  )

export type Position = readonly (string | number)[]

export interface Cursor {
  limit: number
  /** Where the page begins; undefined for the first one. */
  after: Position | undefined
  /** @param position of the last row of this page */
  next(position: Position): string
}

/**
 * @param list its path
 * @param query all parameters: a cursor is for the same list with the same filters
 * @throws {Refusal} if the limit or the cursor is not one of ours
 */
export function cursorOf(
  list: string,
  query: QueryValues<typeof cursorQuery> & Record<string, string | undefined>,
): Cursor {
  const { limit: limitText, cursor, ...filters } = query
  const given = Object.entries(filters).filter(([, value]) => value)
  const mark = JSON.stringify([list, given.sort()])
  return {
    limit: limitOf(limitText),
    after: cursor ? positionOf(cursor, mark) : undefined,
    next: (position) => Buffer.from(JSON.stringify([mark, ...position])).toString('base64url'),
  }
}

function limitOf(text: string | undefined): number {
  if (!text) return DEFAULT_PER_CURSOR_PAGE
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (limit === 0)
    throw new Refusal('parameter_malformed', { detail: `limit must be a number from 1 to ${MAX_PER_CURSOR_PAGE}` })
  return Math.min(limit, MAX_PER_CURSOR_PAGE)
}

const foreign = () =>
  new Refusal('parameter_malformed', { detail: 'cursor must be next_cursor of the same list with the same filters' })

function positionOf(cursor: string, mark: string): Position {
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(cursor.slice(0, MAX_CURSOR), 'base64url').toString())
  } catch {
    throw foreign()
  }
  if (!Array.isArray(parsed) || parsed[0] !== mark || !parsed.slice(1).every(isPart)) throw foreign()
  return parsed.slice(1)
}

const isPart = (part: unknown) => typeof part === 'string' || (typeof part === 'number' && Number.isFinite(part))

/** The position of a list in the order of numbers. */
export function numberAfter(after: Position | undefined): number | undefined {
  if (after === undefined) return undefined
  const [number] = after
  if (!Number.isSafeInteger(number)) throw foreign()
  return number as number
}

/** @returns one page of the rows that were read, which are one more than the limit, if there are that many */
export function pageOfRows<Row>(rows: readonly Row[], cursor: Cursor, positionOfRow: (row: Row) => Position) {
  const page = rows.slice(0, cursor.limit)
  const last = page.at(-1)
  return { page, next_cursor: rows.length > cursor.limit && last ? cursor.next(positionOfRow(last)) : null }
}

/** An instant of a query (RFC 3339), in Unix milliseconds. */
export function instantOf(name: string, text: string | undefined): number | undefined {
  if (!text) return undefined
  const at = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/i.test(text)
    ? Date.parse(text)
    : Number.NaN
  if (Number.isNaN(at) || at < 0)
    throw new Refusal('parameter_malformed', { detail: `${name} must be an instant such as 2026-01-01T00:00:00Z` })
  return at
}

/** One of some words; undefined without a value. */
export function choiceOf<Choice extends string>(
  name: string,
  text: string | undefined,
  choices: readonly Choice[],
): Choice | undefined {
  if (!text) return undefined
  const found = choices.find((choice) => choice === text)
  if (found === undefined)
    throw new Refusal('parameter_malformed', { detail: `${name} must be one of ${choices.join(', ')}` })
  return found
}

/** A text that can be compared on every engine. */
export function textOf(name: string, text: string | undefined): string | undefined {
  if (!text) return undefined
  if (text.includes('\0') || text.length > 500)
    throw new Refusal('parameter_malformed', { detail: `${name} is too long or contains a NUL character` })
  return text
}
