/** A query prepared on one connection. */
import type { Database, SQLQueryBindings } from 'bun:sqlite'
import type { Binding, Decoder, Query } from '../query'

type Row = Record<string, unknown>

export interface Prepared {
  one(values: object | undefined): Row | undefined
  all(values: object | undefined): Row[]
  /** @returns how many rows changed */
  run(values: object | undefined): number
}

export function prepare(database: Database, { text, bindings, decoders }: Query): Prepared {
  const prepared = database.prepare<Row, SQLQueryBindings[]>(text)
  return {
    one(values) {
      const row = prepared.get(...bound(bindings, values))
      return row === null ? undefined : decoded(row, decoders)
    },
    all(values) {
      const rows = prepared.all(...bound(bindings, values))
      if (decoders.length > 0) for (const row of rows) decoded(row, decoders)
      return rows
    },
    run: (values) => prepared.run(...bound(bindings, values)).changes,
  }
}

/** Changes the row in place, which costs half of building another object. */
function decoded(row: Row, decoders: readonly Decoder[]): Row {
  for (const { property, decode } of decoders) {
    const value = row[property]
    if (value !== null) row[property] = decode(value)
  }
  return row
}

const bound = (bindings: readonly Binding[], values: object = {}) =>
  bindings.map((binding) => boundValue(binding, values as Row) as SQLQueryBindings)

function boundValue(binding: Binding, values: Row): unknown {
  if (!('name' in binding)) return binding.value
  const value = values[binding.name]
  if (value === undefined) throw new Error(`the statement has no value for its parameter ${binding.name}`)
  return value === null || !binding.encode ? value : binding.encode(value)
}
