/** Reads of several requests sent as one query. */
import type { Query } from '../query'
import { inBatches, listOf, unnested } from './batches'
import type { Connection } from './connect'
import { isPlanOutdated, unavailableFor } from './errors'

export type Row = Record<string, unknown>
export type Value = string | null
/** Runs a statement. */
export type Send = (query: Query, values: readonly Value[]) => Promise<Row[]>

/** The column with the number of the read that a row answers. */
const NUMBER = '#'

export function batchingReads(connection: Connection): Send {
  const alone: Send = (query, values) => connection.unsafe<Row[]>(query.text, [...values])
  const senders = new Map<Query, (values: readonly Value[]) => Promise<Row[]>>()

  function senderOf(query: Query): (values: readonly Value[]) => Promise<Row[]> {
    const text = batchText(query)
    if (text === undefined) return (values) => alone(query, values)
    return inBatches(async (batch: readonly (readonly Value[])[]) => {
      const apart = () => batch.map((values) => alone(query, values))
      if (batch.length === 1) return [await (apart()[0] as Promise<Row[]>)]
      try {
        return answersIn(await connection.unsafe<Row[]>(text, listsOf(batch)), batch.length)
      } catch (error) {
        if (unavailableFor(error) ?? isPlanOutdated(error)) throw error
        // One of them may be at fault, such as by a damaged row.
        return apart()
      }
    })
  }

  return (query, values) => {
    const known = senders.get(query)
    if (known) return known(values)
    const made = senderOf(query)
    senders.set(query, made)
    return made(values)
  }
}

function answersIn(rows: readonly Row[], count: number): Row[][] {
  const answers = Array.from({ length: count }, (): Row[] => [])
  for (const row of rows) answers[Number(row[NUMBER]) - 1]?.push(row)
  return answers
}

/** The values of each parameter. */
const listsOf = (batch: readonly (readonly Value[])[]): string[] =>
  (batch[0] ?? []).map((_, index) => listOf(batch.map((values) => values[index] as Value)))

/**
 * A query that reads for each entry of the lists in its parameters what the statement reads for one. OFFSET 0 keeps the
 * plan of the statement, which uses its index.
 * @returns undefined for a statement that orders its rows, locks them, or has parameters whose type is not known
 */
export function batchText({ text, bindings }: Query): string | undefined {
  if (bindings.length === 0 || !/^select\b/i.test(text) || /\b(order by|limit|for update)\b/i.test(text))
    return undefined
  const types = bindings.map((binding) => ('entryType' in binding ? binding.entryType : undefined))
  if (types.includes(undefined)) return undefined
  const columns = Object.fromEntries(types.map((type, index) => [`p${index + 1}`, type as string]))
  return `SELECT k."${NUMBER}", q.* FROM ${unnested('k', columns, `"${NUMBER}"`)}
CROSS JOIN LATERAL (${text.replaceAll('$', 'k.p')} OFFSET 0) q`
}
