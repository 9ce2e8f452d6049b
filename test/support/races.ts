/** Two transactions of which one reads before, and writes after, the other has committed. */
import type { Engine, Queries, Tx } from '../../src/store/engine'
import type { Statement } from '../../src/store/query'
import { databaseTokens } from '../../src/store/verification/database'
import { currentEngine } from './engines'

/**
 * Runs an operation whose reads are outdated when it first writes, because a rival committed in between. If it notices,
 * the engine runs it again, then after the rival. On SQLite, where writes wait for each other, the rival runs in the
 * transaction of the operation; on Postgres it has its own.
 * @returns the outcomes of both
 */
export async function race<Rival, Outcome>(
  engine: Engine,
  rival: (tx: Tx) => Promise<Rival>,
  operation: (tx: Tx) => Promise<Outcome>,
): Promise<{ rival: Rival; outcome: Outcome }> {
  let rivalOutcome: Rival | undefined
  let isFirstRun = true
  const isConcurrent = currentEngine() === 'postgres'
  const outcome = await engine.write(async (tx) => {
    const runRival = async () => {
      rivalOutcome = await (isConcurrent ? engine.write(rival) : rival(tx))
    }
    if (isFirstRun) {
      isFirstRun = false
      return operation(beforeFirstWrite(tx, runRival))
    }
    if (!isConcurrent) await runRival()
    return operation(tx)
  })
  return { rival: rivalOutcome as Rival, outcome }
}

const isWrite = ({ query }: Pick<Statement<never, unknown>, 'query'>) => /^(insert|update|delete) /.test(query().text)

function beforeFirstWrite(tx: Tx, work: () => Promise<void>): Tx {
  let isPending = true
  const first = async (statement: Pick<Statement<never, unknown>, 'query'>) => {
    if (!isPending || !isWrite(statement)) return
    isPending = false
    await work()
  }
  const queries: Queries = {
    isRemote: tx.isRemote,
    async one(statement, ...values) {
      await first(statement)
      return tx.one(statement, ...values)
    },
    async all(statement, ...values) {
      await first(statement)
      return tx.all(statement, ...values)
    },
    async run(statement, ...values) {
      await first(statement)
      return tx.run(statement, ...values)
    },
  }
  return { ...tx, ...queries, tokens: databaseTokens(queries) }
}
