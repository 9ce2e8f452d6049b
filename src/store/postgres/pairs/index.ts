/** Every statement that is written apart for Postgres. */
import type { Dialect, Parameters, Query, Statement } from '../../query'
import { accountPairs } from './accounts'
import { auditPairs } from './audit'
import { auditSealPairs } from './audit-seals'
import { factorPairs } from './factors'
import { type Pair, pairedQuery } from './pair'
import { queuePairs } from './queues'
import { sweepStandIns } from './sweeps'

const pairs: readonly Pair[] = [...accountPairs, ...auditPairs, ...auditSealPairs, ...factorPairs, ...queuePairs]

const standIns = new Map(sweepStandIns.map(([{ index }, other]) => [index, other]))
const textByIndex = new Map(pairs.map(({ statement, text }) => [statement.index, text]))

export function replacement(
  this: Dialect,
  { index }: Pick<Statement<never, unknown>, 'index'>,
  query: Query,
  parameters: Parameters,
): Query {
  const standIn = standIns.get(index)
  if (standIn) return standIn.query(this)
  const text = textByIndex.get(index)
  return text === undefined ? query : pairedQuery(text, query, parameters)
}
