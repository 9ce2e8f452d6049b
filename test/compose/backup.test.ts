import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { migrations } from '../../migrations'
import { type ManifestFacts, textPart, writeArchive } from '../../src/adapters/backup/archive'
import type { DecryptionKeys, Encryption } from '../../src/adapters/backup/encryption'
import { ensureSecrets, secretsText } from '../../src/adapters/data-folder'
import { aesGcmSealer } from '../../src/adapters/sealer'
import { systemRandom } from '../../src/adapters/system'
import { makeBackup, restoreBackup, verifyBackup } from '../../src/compose/backup'
import { commandCore } from '../../src/compose/command-core'
import { load } from '../../src/config/load'
import { openStore } from '../../src/store'
import { execute, openConnection, putMigratedDatabase, readRows } from '../support/database'
import { ADA, AT, allRowsOf, putEveryRow } from '../support/every-row'
import { hasPostgres, newPostgresDatabase } from '../support/postgres'
import { removeFolder } from '../support/remove-folder'

const root = mkdtempSync(join(tmpdir(), 'latchkey-backup-'))
afterAll(() => removeFolder(root))

const settingsOf = (set: Record<string, string> = {}) => load({ set }).settings
const newFolder = () => mkdtempSync(join(root, 'data-'))

/** A data folder with rows of every kind. */
async function filledPlace() {
  const folder = newFolder()
  const database = join(folder, 'latchkey.db')
  await putMigratedDatabase(database)
  const { secrets } = ensureSecrets(folder, { database: '', random: systemRandom.bytes, now: AT })
  const sealer = aesGcmSealer(Buffer.from(secrets.encryptionKey, 'base64'))
  putEveryRow(database, sealer, secrets.tokenPepper)
  return { folder, database, secrets, sealer }
}

const source = await filledPlace()
let files = 0

async function backUp(encryption?: Encryption, settings = settingsOf()): Promise<string> {
  const path = join(root, `${++files}.backup`)
  const { folder, database } = source
  await makeBackup({ settings, folder, database, path, scratch: folder, encryption, now: AT })
  return path
}

const restoreTo = (folder: string, path: string, keys: DecryptionKeys = {}) =>
  restoreBackup({ path, keys, folder, database: join(folder, 'latchkey.db') })

const verify = (path: string, keys: DecryptionKeys = {}, settings = settingsOf()) =>
  verifyBackup({ settings, path, keys, scratch: root })

/** A backup with correct checksums and this content. */
async function forged(database: Uint8Array, changes: Partial<ManifestFacts> = {}): Promise<string> {
  const path = join(root, `${++files}.backup`)
  const facts: ManifestFacts = {
    created: new Date(AT).toISOString(),
    latchkey: '9.9.9',
    engine: 'sqlite',
    migrations: migrations.map(({ name }) => name),
    settings_needed: [],
    ...changes,
  }
  const text = textPart('latchkey.db', '')
  const sha256 = new Bun.CryptoHasher('sha256').update(database).digest('hex')
  const part = {
    ...text,
    size: database.length,
    sha256,
    read: async function* () {
      yield database
    },
  }
  const parts = [textPart('secrets.json', secretsText(source.secrets)), part]
  await Bun.write(path, Buffer.concat(await Array.fromAsync(writeArchive(facts, parts))))
  return path
}

test('everything is restored as it was, and nothing else is left in the folders', async () => {
  const path = await backUp()
  const folder = join(root, 'restored')
  mkdirSync(folder)
  await restoreTo(folder, path)
  expect(readdirSync(folder).sort()).toEqual(['latchkey.db', 'secrets.json'])
  expect(readFileSync(join(folder, 'secrets.json'), 'utf8')).toBe(secretsText(source.secrets))
  expect(allRowsOf(join(folder, 'latchkey.db'), source.sealer)).toEqual(allRowsOf(source.database, source.sealer))
  expect(readdirSync(source.folder).filter((name) => name.startsWith('.backup-'))).toEqual([])
  for (const file of [path, join(folder, 'latchkey.db'), join(folder, 'secrets.json')])
    expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a verified backup was signed in to, and its secrets were decrypted', async () => {
  const before = readFileSync(source.database)
  const { trial, manifest } = await verify(await backUp())
  expect(trial?.userId).toBeString()
  expect(trial?.openedSecrets).toBeGreaterThan(8)
  expect(manifest.migrations).toEqual(migrations.map(({ name }) => name))
  expect(readFileSync(source.database).equals(before)).toBe(true)
})

test('a trial session calls no hook', async () => {
  let calls = 0
  using hook = Bun.serve({
    port: 0,
    fetch() {
      calls++
      return Response.json({})
    },
  })
  const settings = settingsOf({
    AUTH_HOOK_CUSTOM_ACCESS_TOKEN_ENABLED: 'true',
    AUTH_HOOK_CUSTOM_ACCESS_TOKEN_URI: `http://127.0.0.1:${hook.port}/`,
    AUTH_HOOK_CUSTOM_ACCESS_TOKEN_SECRETS: `v1,whsec_${'A'.repeat(32)}`,
  })
  expect((await verify(await backUp(), {}, settings)).trial?.userId).toBeString()
  expect(calls).toBe(0)
})

test('an encrypted backup has neither secrets nor rows in plaintext, and is restored with its key', async () => {
  const identity = await generateX25519Identity()
  const path = await backUp({ recipients: [await identityToRecipient(identity)] })
  const bytes = readFileSync(path)
  for (const text of [
    source.secrets.encryptionKey,
    source.secrets.jwtSecret,
    'SQLite format 3',
    'ada@example.com',
    'manifest',
  ])
    expect(bytes.includes(text)).toBe(false)
  const folder = newFolder()
  await restoreTo(folder, path, { identities: [identity] })
  expect(await readRows(join(folder, 'latchkey.db'), 'SELECT id FROM users WHERE id = ?', ADA)).toHaveLength(1)
})

test('the database of a backup, without its secrets, shows no secret of an account', async () => {
  const folder = newFolder()
  await restoreTo(folder, await backUp())
  const { sealer, secrets } = source
  const bytes = readFileSync(join(folder, 'latchkey.db'))
  for (const secret of [secrets.encryptionKey, secrets.tokenPepper, secrets.jwtSecret])
    expect(bytes.includes(secret)).toBe(false)
  const rows = await readRows<{ secret: string; id: string }>(
    join(folder, 'latchkey.db'),
    "SELECT id, secret FROM mfa_factors WHERE secret <> ''",
  )
  expect(rows.length).toBeGreaterThan(0)
  for (const { id, secret } of rows) {
    const plain = sealer.open(secret, `mfa_factors.secret:${id}`)
    expect(bytes.includes(Buffer.from(plain))).toBe(false)
    expect(() => aesGcmSealer(Buffer.alloc(32)).open(secret, `mfa_factors.secret:${id}`)).toThrow('sealed with key')
  }
})

test('a changed secret of a row fails the trial, though the file is intact', async () => {
  const path = join(newFolder(), 'latchkey.db')
  writeFileSync(path, readFileSync(source.database))
  await execute(path, "UPDATE mfa_factors SET secret = substr(secret, 1, 20) || 'AAAA' || substr(secret, 25)")
  const copy = join(newFolder(), 'latchkey.db')
  await execute(path, 'VACUUM INTO ?', copy)
  const forgery = await forged(readFileSync(copy))
  await expect(verify(forgery)).rejects.toThrow()
})

test('secrets of another server fail the trial', async () => {
  const settings = settingsOf({ AUTH_ENCRYPTION_KEY: 'a'.repeat(64) })
  await expect(verify(await backUp(), {}, settings)).rejects.toThrow('another encryption key')
})

test('settings with secrets that are not in the file are named in it', async () => {
  const { manifest } = await verify(await backUp(undefined, settingsOf({ AUTH_JWT_SECRET: 's'.repeat(40) })))
  expect(manifest.settings_needed).toEqual(['AUTH_JWT_SECRET'])
})

function runScript(database: string, sql: string): void {
  using connection = openConnection(database)
  connection.run(sql)
}

/** The folder afterwards must be as empty as before. */
async function refusedRestore(path: string, keys: DecryptionKeys = {}): Promise<string> {
  const folder = newFolder()
  const refusal = await restoreTo(folder, path, keys).then(
    () => 'restored',
    (error: Error) => error.message,
  )
  expect(readdirSync(folder)).toEqual([])
  return refusal
}

test('a flipped byte in the manifest, the secrets or the database is refused, and the folder stays empty', async () => {
  const bytes = readFileSync(await backUp())
  const [manifest, secrets] = [bytes.indexOf('"created"') + 14, bytes.indexOf(source.secrets.tokenPepper)]
  const database = bytes.indexOf('SQLite format 3')
  for (const at of [manifest, secrets, database, database + 9000, bytes.length - 1100]) {
    const path = join(root, 'flipped.backup')
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    writeFileSync(path, changed)
    expect(await refusedRestore(path)).toMatch(
      /^.*flipped\.backup cannot be restored: (its checksums|manifest|the header|bytes)/,
    )
  }
})

test('a truncated file is refused', async () => {
  const bytes = readFileSync(await backUp())
  const path = join(root, 'truncated.backup')
  for (const length of [0, 100, 3000, bytes.length >> 1, bytes.length - 512]) {
    writeFileSync(path, bytes.subarray(0, length))
    expect(await refusedRestore(path)).toContain('it is truncated: it ends in')
  }
})

test('a damaged database with correct checksums is refused', async () => {
  const bytes = readFileSync(source.database)
  bytes.fill(0x55, 8192, 12_288)
  expect(await refusedRestore(await forged(bytes))).toContain('has a damaged database: it is damaged')
})

test('a backup of a newer executable is refused by its name', async () => {
  const newer = [...migrations.map(({ name }) => name), '9999-from-the-future']
  const path = await forged(readFileSync(source.database), { migrations: newer })
  expect(await refusedRestore(path)).toMatch(
    /is from a newer executable \(latchkey 9\.9\.9\): its database has migration 9999-from-the-future, which is unknown here/,
  )
})

test('a backup of an older executable is restored, and migrated in the trial and at the next start', async () => {
  const older = migrations.slice(0, -2)
  const database = join(newFolder(), 'latchkey.db')
  writeFileSync(database, '')
  for (const { sql } of older) runScript(database, sql)
  await execute(
    database,
    'CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT',
  )
  for (const [index, { name, sql }] of older.entries())
    await execute(
      database,
      'INSERT INTO schema_migrations (version, name, sha256, applied_at) VALUES (?, ?, ?, 0)',
      index + 1,
      name,
      new Bun.CryptoHasher('sha256').update(sql).digest('hex'),
    )
  const path = await forged(readFileSync(database), { migrations: older.map(({ name }) => name) })
  expect((await verify(path)).trial?.userId).toBeUndefined()
  const folder = newFolder()
  await restoreTo(folder, path)
  expect(await readRows(join(folder, 'latchkey.db'), 'SELECT name FROM schema_migrations')).toHaveLength(older.length)
})

test('a folder with anything in it is refused, and stays as it is', async () => {
  const path = await backUp()
  for (const name of ['latchkey.db', 'secrets.json', 'latchkey.db-wal', 'templates']) {
    const folder = newFolder()
    writeFileSync(join(folder, name), 'x')
    await expect(restoreTo(folder, path)).rejects.toThrow(`is not empty (it has ${name})`)
    expect(readdirSync(folder)).toEqual([name])
    expect(readFileSync(join(folder, name), 'utf8')).toBe('x')
  }
})

test('locks and lost+found do not count, so that a mounted disk can be restored to', async () => {
  const folder = newFolder()
  mkdirSync(join(folder, 'lost+found'))
  writeFileSync(join(folder, 'latchkey.lock'), '')
  await restoreTo(folder, await backUp())
  expect(existsSync(join(folder, 'secrets.json'))).toBe(true)
})

test('a backup that cannot be written leaves nothing', async () => {
  const { folder, database } = source
  const path = join(root, 'missing-folder', 'x.backup')
  const options = { settings: settingsOf(), folder, database, scratch: folder, encryption: undefined, now: AT }
  await expect(makeBackup({ ...options, path })).rejects.toThrow()
  expect(readdirSync(folder).filter((name) => name.startsWith('.backup-'))).toEqual([])
})

test.skipIf(!hasPostgres)('a backup of SQLite is not restored into Postgres', async () => {
  await using postgres = await newPostgresDatabase()
  const path = await backUp()
  await expect(restoreBackup({ path, keys: {}, folder: root, database: postgres.url })).rejects.toThrow(
    'is a backup of SQLite; restore it into a data folder',
  )
})

test('the audit log verifies where it is restored', async () => {
  const { folder, database, secrets } = await filledPlace()
  const coreOn = async (target: string) => {
    const store = await openStore(target, AT)
    const core = await commandCore({ settings: settingsOf(), secrets, store, report: () => {} })
    return {
      task: core.forTask(),
      async [Symbol.asyncDispose]() {
        await core[Symbol.asyncDispose]()
        await store.close()
      },
    }
  }
  const path = join(root, 'sealed.backup')
  {
    await using source = await coreOn(database)
    expect(await source.task.sealAudit()).toBe(2)
    await makeBackup({
      settings: settingsOf(),
      folder,
      database,
      path,
      scratch: folder,
      encryption: undefined,
      now: AT,
    })
  }
  const target = newFolder()
  await restoreTo(target, path)
  await using restored = await coreOn(join(target, 'latchkey.db'))
  expect(await restored.task.verifyAudit()).toMatchObject({ fault: undefined, sealed: 2, unsealed: 0 })
  await execute(join(target, 'latchkey.db'), "UPDATE audit_log_entries SET ip_address = '203.0.113.9' WHERE seq = 2")
  expect((await restored.task.verifyAudit()).fault).toMatchObject({ kind: 'entry_changed', entry: ADA })
})
