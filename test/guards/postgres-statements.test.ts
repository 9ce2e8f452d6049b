/** The statements of the store on Postgres: each can be prepared, alone and for a batch, and finds its rows by an index. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import '../../src/store'
import { batchText } from '../../src/store/postgres/batched-reads'
import { postgres } from '../../src/store/postgres/dialect'
import { statements } from '../../src/store/query'
import { hasPostgres, type PostgresDatabase, postgresDatabase, runOn } from '../support/postgres'

const queries = statements.map((statement) => statement.query(postgres))
const texts = [...new Set(queries.flatMap((query) => [query.text, batchText(query) ?? query.text]))]

/** The sweep of anonymous users compares them with all factors at once, in the background. */
const SWEEP = /^(delete from "auth"|select "id" from "latchkey")\."users" .*"users"\."id" > \$1/

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  Plans?: Plan[]
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]

describe.skipIf(!hasPostgres)('a statement on Postgres', () => {
  let database: PostgresDatabase
  beforeAll(async () => {
    database = await postgresDatabase()
    // A plan that has to read a table in full does so in spite of it.
    await runOn(database.url, 'SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan')
  }, 60_000)
  afterAll(async () => {
    await runOn(database.url, 'RESET ALL')
    await database[Symbol.asyncDispose]()
  })

  test.each(texts.map((text) => [text]))('%s', async (text) => {
    await runOn(database.url, `PREPARE checked AS ${text}`)
    const [prepared] = await runOn<{ parameters: number }>(
      database.url,
      "SELECT cardinality(parameter_types) AS parameters FROM pg_prepared_statements WHERE name = 'checked'",
    )
    const nulls = Array(prepared?.parameters ?? 0).fill('NULL')
    const execute = nulls.length > 0 ? `checked(${nulls})` : 'checked'
    const [row] = await runOn<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      database.url,
      `EXPLAIN (FORMAT JSON, COSTS OFF) EXECUTE ${execute}`,
    )
    await runOn(database.url, 'DEALLOCATE checked')
    const plan = row?.['QUERY PLAN'][0].Plan as Plan
    const scanned = nodesOf(plan).filter((node) => node['Node Type'] === 'Seq Scan')
    if (!SWEEP.test(text)) expect(scanned.map((node) => node['Relation Name'])).toEqual([])
  })
})
