/** Sessions that GoTrue opened for an OAuth client, with rights that only GoTrue knows. */
import { describe, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { openStore } from '../../../src/store'
import { hasPostgres, postgresDatabase, runOn } from '../../support/postgres'

describe.skipIf(!hasPostgres)('on Postgres', () => {
  test('they are not sessions here, and end with the others of their user', async () => {
    await using database = await postgresDatabase()
    const [user, client, own, delegated] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]
    const nil = '00000000-0000-0000-0000-000000000000'
    await runOn(database.url, 'INSERT INTO auth.users (instance_id, id) VALUES ($1, $2)', nil, user)
    await runOn(
      database.url,
      `INSERT INTO auth.oauth_clients (id, registration_type, redirect_uris, grant_types, token_endpoint_auth_method)
       VALUES ($1, 'manual', 'https://example.com', 'authorization_code', 'none')`,
      client,
    )
    const insert = 'INSERT INTO auth.sessions (id, user_id, oauth_client_id, created_at) VALUES ($1, $2, $3, now())'
    await runOn(database.url, insert, own, user, null)
    await runOn(database.url, insert, delegated, user, client)
    const store = await openStore(database.url, Date.now())
    try {
      expect((await store.findSession(own))?.session.id).toBe(own)
      expect(await store.findSession(delegated)).toBeUndefined()
      expect((await store.listSessions(user)).map(({ session }) => session.id)).toEqual([own])
      await store.endUserSessions({ userId: user, which: 'all', audit: [] })
      expect(await runOn(database.url, 'SELECT id FROM auth.sessions')).toEqual([])
    } finally {
      await store.close()
    }
  })
})
