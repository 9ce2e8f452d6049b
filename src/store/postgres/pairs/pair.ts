/** Statements that are written apart for Postgres. */
import type { Binding, Decoder, Parameters, Query, Statement } from '../../query'
import { encoder } from '../codec'
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
  return { text: placed, bindings, decoders: decoders as readonly Decoder[] }
}
