/** Every statement that is written apart for Postgres. */
import type { Parameters, Query, Statement } from '../../query'
import { accountPairs } from './accounts'
import { auditPairs } from './audit'
import { factorPairs } from './factors'
import { type Pair, pairedQuery } from './pair'
import { queuePairs } from './queues'

const pairs: readonly Pair[] = [...accountPairs, ...auditPairs, ...factorPairs, ...queuePairs]

const textOf = new Map(pairs.map(({ statement, text }) => [statement.index, text]))

export function replacement(
  { index }: Pick<Statement<never, unknown>, 'index'>,
  query: Query,
  parameters: Parameters,
): Query {
  const text = textOf.get(index)
  return text === undefined ? query : pairedQuery(text, query, parameters)
}
