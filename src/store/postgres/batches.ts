/**
 * Sends reads of several requests as one query, which costs less than one each. A read is sent at the end of this turn of
 * the event loop, or, while a batch of its statement is under way, with the next one. So it is never sent before it was
 * asked for, and sees everything that was committed by then.
 */
import type { Query } from '../query'
import type { Connection } from './connect'
import { isPlanOutdated, unavailableFor } from './errors'

export type Row = Record<string, unknown>
export type Value = string | null
/** Runs a statement. */
export type Send = (query: Query, values: readonly Value[]) => Promise<Row[]>

const MAX_BATCH = 100
/** How long a batch waits for the one before it, whose connection may be dead. */
const PATIENCE_MS = 50

/** The column with the number of the read that a row answers, from 1. */
const NUMBER = '#'

interface Read {
  values: readonly Value[]
  resolve(rows: Row[] | Promise<Row[]>): void
  reject(error: unknown): void
}

/** The reads of one statement that wait to be sent. */
interface Lane {
  query: Query
  text: string
  waiting: Read[]
  /** Whether the next batch will be sent without further request. */
  isMoving: boolean
}

export function batching(connection: Connection): Send {
  const lanes = new Map<Query, Lane | undefined>()
  const alone: Send = (query, values) => connection.unsafe<Row[]>(query.text, [...values])

  function laneOf(query: Query): Lane | undefined {
    if (!lanes.has(query)) {
      const text = batchText(query)
      lanes.set(query, text === undefined ? undefined : { query, text, waiting: [], isMoving: false })
    }
    return lanes.get(query)
  }

  function moveOn(lane: Lane): void {
    lane.isMoving = lane.waiting.length > 0
    if (lane.isMoving) setImmediate(sendNext, lane)
  }

  function sendNext(lane: Lane): void {
    let isOver = false
    const end = () => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      moveOn(lane)
    }
    const timer = setTimeout(end, PATIENCE_MS)
    void send(lane, lane.waiting.splice(0, MAX_BATCH)).then(end)
  }

  /** Settles all of them. */
  async function send({ query, text }: Lane, batch: readonly Read[]): Promise<void> {
    const apart = () =>
      Promise.all(batch.map(({ values, resolve, reject }) => alone(query, values).then(resolve, reject)))
    if (batch.length === 1) return void (await apart())
    try {
      const rows = await connection.unsafe<Row[]>(text, listsOf(batch))
      const answers = batch.map((): Row[] => [])
      for (const row of rows) answers[Number(row[NUMBER]) - 1]?.push(row)
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] ?? [])
    } catch (error) {
      // Otherwise one of them may be at fault, such as by a damaged row.
      if (!unavailableFor(error) && !isPlanOutdated(error)) return void (await apart())
      for (const { reject } of batch) reject(error)
    }
  }

  return (query, values) => {
    const lane = laneOf(query)
    if (!lane) return alone(query, values)
    return new Promise((resolve, reject) => {
      lane.waiting.push({ values, resolve, reject })
      if (!lane.isMoving) moveOn(lane)
    })
  }
}

/**
 * A query that reads for each entry of the lists in its parameters what the statement reads for one. OFFSET 0 keeps the
 * plan of the statement, which uses its index. The lists are hidden in a subquery, so that one plan serves all lengths
 * (https://www.postgresql.org/docs/current/sql-prepare.html#SQL-PREPARE-NOTES).
 * @returns undefined for a statement that orders its rows, locks them, or has parameters whose type is not known
 */
export function batchText({ text, bindings }: Query): string | undefined {
  if (bindings.length === 0 || !/^select\b/i.test(text) || /\b(order by|limit|for update)\b/i.test(text))
    return undefined
  const types = bindings.map((binding) => ('listType' in binding ? binding.listType : undefined))
  if (types.includes(undefined)) return undefined
  const lists = types.map((type, index) => `(SELECT $${index + 1}::${type})`)
  const names = types.map((_, index) => `p${index + 1}`)
  return `SELECT k."${NUMBER}", q.* FROM unnest(${lists.join(', ')}) WITH ORDINALITY AS k(${names.join(', ')}, "${NUMBER}")
CROSS JOIN LATERAL (${text.replaceAll('$', 'k.p')} OFFSET 0) q`
}

/** The values of each parameter, as the text of a list (https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO). */
const listsOf = (batch: readonly Read[]): string[] =>
  (batch[0]?.values ?? []).map((_, index) => `{${batch.map(({ values }) => entryOf(values[index])).join(',')}}`)

const entryOf = (value: Value | undefined) => (value == null ? 'NULL' : `"${value.replaceAll(/["\\]/g, '\\$&')}"`)
