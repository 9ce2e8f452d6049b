/** What migrations do with rows of older versions. */
import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { migrations } from '../../../migrations'
import { migrate } from '../../../src/store/sqlite/migrate'

const options = { now: 1, snapshot() {} }

/** A database from before that migration, filled and then migrated. */
function migrated(number: string, fill: (db: Database) => void): Database {
  const db = new Database(':memory:', { strict: true })
  const before = migrations.findIndex(({ name }) => name.startsWith(number))
  migrate(db, migrations.slice(0, before), options)
  fill(db)
  migrate(db, migrations, options)
  return db
}

const addUser = (db: Database, columns: Record<string, string | number>) => {
  const all: Record<string, string | number> = { aud: 'a', role: 'r', created_at: 1, updated_at: 5, ...columns }
  const names = Object.keys(all)
  db.query(`INSERT INTO users (${names}) VALUES (${names.map((name) => `$${name}`)})`).run(all)
}
const addIdentity = (db: Database, user: string, provider: string, createdAt = 1) =>
  db
    .query(
      `INSERT INTO identities (id, user_id, provider, provider_id, identity_data, created_at, updated_at)
       VALUES (?, ?, ?, ?, '{}', ?, 1)`,
    )
    .run(`${user} ${provider}`, user, provider, provider === 'email' ? user : `${user} there`, createdAt)

test('0014 marks accounts that were never sent a message as created by administrators', () => {
  const db = migrated('0014', (old) => {
    addUser(old, { id: 'made', email: 'made@x', encrypted_password: 'hash' })
    addUser(old, { id: 'invited', email: 'invited@x', confirmation_sent_at: 1 })
    addUser(old, { id: 'provider', email: 'provider@x' })
    addIdentity(old, 'provider', 'github')
    addUser(old, { id: 'anonymous', is_anonymous: 1 })
    addUser(old, { id: 'confirmed', email: 'c@x', email_confirmed_at: 1, encrypted_password: 'hash' })
  })
  const rows = db.query('SELECT id FROM users WHERE is_admin_created = 1 AND is_password_from_admin = 1').values()
  expect(rows).toEqual([['made']])
})

test('0015 adds identities for passwords, and providers of confirmed users', () => {
  const db = migrated('0015', (old) => {
    addUser(old, { id: 'both', email: 'both@x', email_confirmed_at: 1, encrypted_password: 'hash' })
    addIdentity(old, 'both', 'google')
    addUser(old, { id: 'named', email: 'named@x', email_confirmed_at: 1, is_anonymous: 1 })
    addIdentity(old, 'named', 'email')
    addUser(old, { id: 'still', is_anonymous: 1, email: 'still@x' })
    addUser(old, { id: 'none', email: 'none@x', email_confirmed_at: 1, raw_app_meta_data: '{"provider":"google"}' })
    addIdentity(old, 'none', 'google')
  })
  expect(db.query('SELECT id, is_anonymous, raw_app_meta_data FROM users ORDER BY id').values()).toEqual([
    ['both', 0, '{"provider":"google","providers":["google","email"]}'],
    ['named', 0, '{"provider":"email","providers":["email"]}'],
    ['none', 0, '{"provider":"google"}'],
    ['still', 1, '{}'],
  ])
  const made = db.query(`SELECT id, provider_id, identity_data FROM identities WHERE provider_id = 'both'`).get()
  expect(made).toMatchObject({
    provider_id: 'both',
    identity_data: '{"email":"both@x","email_verified":true,"phone_verified":false,"sub":"both"}',
  })
  expect((made as { id: string }).id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('0018 keeps the parent of the current refresh token of an aal2 session, and no older one', () => {
  const db = migrated('0018', (old) => {
    addUser(old, { id: 'u' })
    for (const [id, aal] of [
      ['elevated', 'aal2'],
      ['plain', 'aal1'],
    ] as const)
      old
        .query(
          `INSERT INTO sessions (id, user_id, aal, refresh_token_hmac_key, refresh_token_counter, created_at, updated_at)
           VALUES (?, 'u', ?, 'k', 7, 1, 1)`,
        )
        .run(id, aal)
  })
  expect(db.query('SELECT id, elevated_at_counter FROM sessions ORDER BY id').values()).toEqual([
    ['elevated', 6],
    ['plain', null],
  ])
})
