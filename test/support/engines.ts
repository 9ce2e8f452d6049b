/** The engines of the store, for tests that are to pass on each. */
import { afterAll, beforeAll, describe } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Engine } from '../../src/store/engine'
import { openPostgres } from '../../src/store/postgres/open'
import { openSqlite } from '../../src/store/sqlite/open'
import { databaseTokens } from '../../src/store/verification/database'
import { putMigratedDatabase } from './database'
import { ENGINE_VARIABLE, hasPostgres, newPostgresDatabase, postgresDatabase, postgresServer } from './postgres'
import { removeFolder } from './remove-folder'

export type EngineName = 'sqlite' | 'postgres'

/** The engine of tests that are written for any. */
const engineOfRun: EngineName = process.env[ENGINE_VARIABLE] === 'postgres' ? 'postgres' : 'sqlite'
let engineOfTest = engineOfRun

/** The engine on which databases are created now. */
export const currentEngine = (): EngineName => engineOfTest

/** Defines the same tests on each engine. Those on Postgres are skipped where none is installed. */
export function eachEngine(define: (engine: EngineName) => void): void {
  const backToEngineOfRun = () => {
    engineOfTest = engineOfRun
  }
  describe('on SQLite', () => {
    beforeAll(() => {
      engineOfTest = 'sqlite'
    })
    afterAll(backToEngineOfRun)
    define('sqlite')
  })
  describe.skipIf(!hasPostgres)('on Postgres', () => {
    beforeAll(async () => {
      engineOfTest = 'postgres'
      await postgresServer()
    }, 60_000)
    afterAll(backToEngineOfRun)
    define('postgres')
  })
}

export interface TestDatabase extends AsyncDisposable {
  /** Path or URL, as `openStore` takes it. */
  target: string
}

/**
 * An empty database on the current engine.
 * @param isOwn whether no other test gets it afterwards
 */
export async function newDatabase({ isOwn = false } = {}): Promise<TestDatabase> {
  if (engineOfTest === 'postgres') {
    const { url, [Symbol.asyncDispose]: dispose } = await (isOwn ? newPostgresDatabase() : postgresDatabase())
    return { target: url, [Symbol.asyncDispose]: dispose }
  }
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-database-'))
  return {
    target: join(folder, 'latchkey.db'),
    [Symbol.asyncDispose]: async () => removeFolder(folder),
  }
}

/**
 * The database of a server with this data folder. On Postgres its URL is kept in the folder, for the next start.
 * @param isNew whether the server starts for the first time, with an empty database
 */
export async function databaseOfFolder(folder: string, isNew: boolean): Promise<TestDatabase> {
  const nothing = { async [Symbol.asyncDispose]() {} }
  if (engineOfTest === 'sqlite') {
    const target = join(folder, 'latchkey.db')
    if (isNew) await putMigratedDatabase(target)
    return { target, ...nothing }
  }
  const file = join(folder, 'database-url')
  if (existsSync(file)) return { target: readFileSync(file, 'utf8'), ...nothing }
  const { url, [Symbol.asyncDispose]: dispose } = await postgresDatabase()
  writeFileSync(file, url)
  return { target: url, [Symbol.asyncDispose]: dispose }
}

/** Opens the engine of a database, for operations that are not bound. */
export function openEngine(target: string): Promise<Engine> {
  const options = { now: 1, tokensOf: databaseTokens, onEvent() {} }
  return engineOfTest === 'postgres' ? openPostgres(target, options) : openSqlite(target, options)
}
