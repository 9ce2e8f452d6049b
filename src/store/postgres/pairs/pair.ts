/** Statements that are written apart for Postgres. */
import { Column, is } from 'drizzle-orm'
import type { Binding, Decoder, Parameters, Query, Statement, Values } from '../../query'
import { decoder, encoder } from '../codec'
import { qualified } from '../qualified'
import { castOf } from '../shared-tables'

/** A statement and its text, with its parameters as `:name` and its selected columns as `{columns}`. */
export interface Pair {
  statement: Statement<never, unknown>
  text: string
}

/** @param text names each selected column as the property of the row */
export const pair = (statement: Pick<Pair['statement'], 'index' | 'query'>, text: string): Pair => ({
  statement: statement as Pair['statement'],
  text,
})

/** A statement of SQLite, and the one with the same parameters and rows that Postgres runs in its place. */
export type StandIn = readonly [statement: Pick<Pair['statement'], 'index'>, other: Pick<Pair['statement'], 'query'>]

/** @param query of the shared statement, whose selection and decoders also hold for the other text */
export function pairedQuery(text: string, { text: shared, decoders }: Query, parameters: Parameters): Query {
  const bindings: Binding[] = []
  const columns = /^select (.*?) from /.exec(shared)?.[1] ?? ''
  const placed = text.replaceAll('{columns}', columns).replace(/(?<!:):([a-z]\w*)/gi, (_, name: string) => {
    const type = parameters[name]
    if (!type) throw new Error(`the statement has no parameter ${name}`)
    bindings.push({ name, encode: encoder(type) })
    const cast = castOf(type)
    return `$${bindings.length}${cast ? `::${cast}` : ''}`
  })
  return { text: qualified(placed), bindings, decoders: decoders as readonly Decoder[] }
}

/**
 * A statement that SQLite does not have.
 * @param columns of the result, with the column or kind of each
 */
export function postgresStatement<P extends Parameters, C extends Parameters>(
  parameters: P,
  columns: C,
  text: string,
): Statement<Values<P>, Values<C>> {
  const decoders = Object.entries(columns).flatMap(([property, type]) => {
    const decode = is(type, Column) ? decoder(type) : undefined
    return decode ? [{ property, decode }] : []
  })
  let query: Query | undefined
  return {
    index: -1,
    query() {
      query ??= pairedQuery(text, { text: '', bindings: [], decoders }, parameters)
      return query
    },
  }
}
