/** Databases on Postgres without any schema of ours. */
import { beforeAll } from 'bun:test'
import { SQL } from 'bun'
import { hasPostgres, postgresServer, runOn } from './postgres'

/** For a file that runs alone, the first use starts a server. */
const START_MS = 60_000
beforeAll(async () => {
  if (hasPostgres) await postgresServer()
}, START_MS)

export interface EmptyDatabase extends AsyncDisposable {
  url: string
  /** One connection of the superuser. */
  sql: SQL
}

/** Dropped once it is disposed of, with all its connections. */
export async function emptyDatabase(): Promise<EmptyDatabase> {
  const server = await postgresServer()
  const name = `empty_${crypto.randomUUID().replaceAll('-', '')}`
  await runOn(`${server}/postgres`, `CREATE DATABASE ${name}`)
  const url = `${server}/${name}`
  const sql = new SQL(url, { max: 1 })
  return {
    url,
    sql,
    async [Symbol.asyncDispose]() {
      await sql.close()
      await runOn(`${server}/postgres`, `DROP DATABASE ${name} WITH (FORCE)`)
    },
  }
}
