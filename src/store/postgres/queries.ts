/** The statements of the store on one connection, or on a pool of them. */
import type { Queries } from '../engine'
import type { Binding, Decoder, Statement } from '../query'
import { batchingReads, type Row, type Send, type Value } from './batched-reads'
import type { Connection } from './connect'
import { postgres } from './dialect'

export const queriesOn = (connection: Connection): Queries =>
  queriesBy((query, values) => connection.unsafe<Row[]>(query.text, [...values]))

/** Outside of transactions: reads may be sent together. */
export const batchedQueriesOn = (connection: Connection): Queries => queriesBy(batchingReads(connection))

function queriesBy(send: Send): Queries {
  const run = (statement: Pick<Statement<never, unknown>, 'query'>, values: object | undefined) => {
    const query = statement.query(postgres)
    return send(query, bound(query.bindings, values)) as Promise<Row[] & { count: number }>
  }
  // Rows have the type that the statement carries.
  return {
    isRemote: true,
    async one(statement, ...[values]) {
      const row = (await run(statement, values))[0]
      return (row && decoded(row, statement.query(postgres).decoders)) as never
    },
    async all(statement, ...[values]) {
      const { decoders } = statement.query(postgres)
      return [...(await run(statement, values))].map((row) => decoded(row, decoders)) as never
    },
    async run(statement, ...[values]) {
      try {
        return (await run(statement, values)).count
      } catch (error) {
        throw Object.assign(error as Error, { statement: statement.query(postgres).text })
      }
    },
  }
}

const bound = (bindings: readonly Binding[], values: object = {}) =>
  bindings.map((binding) => boundValue(binding, values as Row))

function boundValue(binding: Binding, values: Row): Value {
  if (!('name' in binding)) return binding.value as Value
  const value = values[binding.name]
  if (value === undefined) throw new Error(`the statement has no value for its parameter ${binding.name}`)
  return (value === null || !binding.encode ? value : binding.encode(value)) as Value
}

function decoded(row: Row, decoders: readonly Decoder[]): Row {
  for (const { property, decode, missing = null } of decoders) {
    const value = row[property]
    row[property] = value === null ? missing : decode(value)
  }
  return row
}
