/** The secrets that all servers on one Postgres database share. */
import { beforeAll, describe, expect, test } from 'bun:test'
import { generateSecrets } from '../../src/adapters/data-folder'
import { systemRandom } from '../../src/adapters/system'
import { jwtSecretWarning, sharedSecrets } from '../../src/compose/shared-secrets'
import { load } from '../../src/config/load'
import { openStore, type Store } from '../../src/store'
import { hasPostgres, postgresDatabase, runOn } from '../support/postgres'

const KEY = '0'.repeat(64)
const settings = (url: string, key = KEY) =>
  load({ set: { AUTH_DATABASE_URL: url, AUTH_JWT_SECRET: 'j'.repeat(32), AUTH_ENCRYPTION_KEY: key } }).settings
const generated = (now = 0) => generateSecrets({ random: systemRandom.bytes, now })

/** Work on servers of their own, on one new database. */
async function withServers<T>(count: number, work: (stores: Store[], url: string) => Promise<T>): Promise<T> {
  await using database = await postgresDatabase()
  const stores = await Promise.all(Array.from({ length: count }, () => openStore(database.url, 0)))
  try {
    return await work(stores, database.url)
  } finally {
    await Promise.all(stores.map((store) => store.close()))
  }
}

describe.skipIf(!hasPostgres)('on Postgres', () => {
  // The first database starts the server.
  beforeAll(() => withServers(0, async () => {}), 60_000)

  test('of eight servers that start at once, one generates the secrets of all', () =>
    withServers(8, async (stores, url) => {
      const found = await Promise.all(stores.map((store) => sharedSecrets(store, settings(url), generated())))
      expect(new Set(found.map((secrets) => JSON.stringify(secrets))).size).toBe(1)
      const [first] = stores as [Store]
      expect(await sharedSecrets(first, settings(url), generated(1))).toEqual(found[0] as never)
    }))

  test('they are encrypted, and those of the settings are not stored', () =>
    withServers(1, async ([store], url) => {
      const secrets = await sharedSecrets(store as Store, settings(url), generated())
      const rows = JSON.stringify(await runOn(url, 'SELECT * FROM latchkey.meta'))
      for (const secret of Object.values(secrets)) expect(rows).not.toContain(secret)
      expect([secrets.jwtSecret, Buffer.from(secrets.encryptionKey, 'base64')]).toEqual([
        'j'.repeat(32),
        Buffer.alloc(32),
      ])
    }))

  test('another JWT secret than that of the server that started last is a warning, once', () =>
    withServers(1, async ([store], url) => {
      const secrets = await sharedSecrets(store as Store, settings(url), generated())
      const other = { ...secrets, jwtSecret: 'k'.repeat(32) }
      const warnings: (string | undefined)[] = []
      for (const each of [secrets, secrets, other, other, secrets])
        warnings.push(await jwtSecretWarning(store as Store, each))
      const warning = expect.stringContaining('AUTH_JWT_SECRET is not that of the server that started last')
      expect(warnings).toEqual([undefined, undefined, warning, undefined, warning])
      expect(JSON.stringify(await runOn(url, 'SELECT * FROM latchkey.meta'))).not.toContain(other.jwtSecret)
    }))

  test('a server with another encryption key does not start, and changes nothing', () =>
    withServers(1, async ([store], url) => {
      const secrets = await sharedSecrets(store as Store, settings(url), generated())
      const other = sharedSecrets(store as Store, settings(url, '1'.repeat(64)), generated())
      expect(other).rejects.toThrow(
        'the database was written with another encryption key; set AUTH_ENCRYPTION_KEY to the key that its other servers have',
      )
      expect(await sharedSecrets(store as Store, settings(url), generated())).toEqual(secrets)
    }))
})
