import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { ensureSecrets } from '../../src/adapters/data-folder'
import { aesGcmSealer } from '../../src/adapters/sealer'
import { systemRandom } from '../../src/adapters/system'
import { restoreBackup } from '../../src/compose/backup'
import { backUpNow } from '../../src/compose/backup-now'
import { destinationOf } from '../../src/compose/backup-settings'
import { load } from '../../src/config/load'
import { HOUR } from '../../src/lib/milliseconds'
import { execute, putMigratedDatabase } from '../support/database'
import { AT, allRowsOf, putEveryRow } from '../support/every-row'
import { removeFolder } from '../support/remove-folder'
import { testBucket } from '../support/s3'

const root = mkdtempSync(join(tmpdir(), 'latchkey-backup-now-'))
afterAll(() => removeFolder(root))

async function filledPlace() {
  const folder = mkdtempSync(join(root, 'data-'))
  const database = join(folder, 'latchkey.db')
  await putMigratedDatabase(database)
  const { secrets } = ensureSecrets(folder, { database: '', random: systemRandom.bytes, now: AT })
  const sealer = aesGcmSealer(Buffer.from(secrets.encryptionKey, 'base64'))
  putEveryRow(database, sealer, secrets.tokenPepper)
  return { folder, database, sealer }
}

async function inFolder(set: Record<string, string> = {}) {
  const backups = mkdtempSync(join(root, 'backups-'))
  const { settings, problems } = load({ set: { AUTH_BACKUP_FOLDER: backups, ...set } })
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  const { sealer, ...place } = await filledPlace()
  const destination = destinationOf(settings)
  if (!destination) throw new Error('no destination')
  return { backups, sealer, ...place, backUp: (now: number) => backUpNow({ ...place, settings, destination, now }) }
}

test('a backup counts once it was signed in to; older ones are deleted, other files are not', async () => {
  const { backups, folder, backUp } = await inFolder({ AUTH_BACKUP_KEEP: '2' })
  writeFileSync(join(backups, 'latchkey-notes.backup'), 'mine')
  const made = await backUp(AT)
  expect(made).toMatchObject({ name: 'latchkey-20260101T000000Z.backup', removed: [], userId: expect.any(String) })
  await backUp(AT + HOUR)
  expect((await backUp(AT + 2 * HOUR)).removed).toEqual(['latchkey-20260101T000000Z.backup'])
  expect(readdirSync(backups).sort()).toEqual([
    'latchkey-20260101T010000Z.backup',
    'latchkey-20260101T020000Z.backup',
    'latchkey-notes.backup',
  ])
  expect(readdirSync(folder).sort()).toEqual(['latchkey.db', 'secrets.json'])
})

test('a database that nobody could sign in to is not kept as a backup, and deletes no older one', async () => {
  const { backups, database, folder, backUp } = await inFolder({ AUTH_BACKUP_KEEP: '1' })
  await backUp(AT)
  await execute(
    database,
    "UPDATE sessions SET refresh_token_hmac_key = 'aaaaaaaa.bbbb' WHERE refresh_token_hmac_key <> ''",
  )
  await expect(backUp(AT + HOUR)).rejects.toThrow('sealed with key')
  expect(readdirSync(backups)).toEqual(['latchkey-20260101T000000Z.backup'])
  expect(readdirSync(folder).sort()).toEqual(['latchkey.db', 'secrets.json'])
})

test('a backup for a recipient is verified, and only the recipient can restore it afterwards', async () => {
  const identity = await generateX25519Identity()
  const { backups, sealer, database, backUp } = await inFolder({
    AUTH_BACKUP_RECIPIENT: await identityToRecipient(identity),
  })
  const { name, userId } = await backUp(AT)
  expect(userId).toBeString()
  const folder = mkdtempSync(join(root, 'restored-'))
  const target = { folder, database: join(folder, 'latchkey.db'), path: join(backups, name) }
  const others = [await generateX25519Identity()]
  await expect(restoreBackup({ ...target, keys: { identities: others } })).rejects.toThrow('for another identity')
  await restoreBackup({ ...target, keys: { identities: [identity] } })
  expect(allRowsOf(target.database, sealer)).toEqual(allRowsOf(database, sealer))
})

const ACCESS = {
  AUTH_BACKUP_S3_BUCKET: 'backups',
  AUTH_BACKUP_S3_PREFIX: 'auth/',
  AUTH_BACKUP_S3_ACCESS_KEY_ID: 'key-id',
  AUTH_BACKUP_S3_SECRET_ACCESS_KEY: 'a-secret-access-key',
  AUTH_BACKUP_KEEP: '3',
}

async function inBucket(url: string, set: Record<string, string> = {}) {
  const { settings } = load({ set: { ...ACCESS, AUTH_BACKUP_S3_ENDPOINT: url, ...set } })
  const { sealer, ...place } = await filledPlace()
  const destination = destinationOf(settings)
  if (!destination) throw new Error('no destination')
  return { ...place, sealer, destination, backUp: (now: number) => backUpNow({ ...place, settings, destination, now }) }
}

test('backups in a bucket are read back, listed over several pages and deleted when there are more', async () => {
  using bucket = testBucket('backups')
  const { backUp, destination, database, sealer } = await inBucket(bucket.url)
  bucket.objects.set('auth/other.txt', Buffer.from('mine'))
  bucket.objects.set('latchkey-20200101T000000Z.backup', Buffer.from('of another prefix'))
  for (let hour = 0; hour < 5; hour++) await backUp(AT + hour * HOUR)
  expect((await destination.list()).map(({ name }) => name)).toEqual([
    'latchkey-20260101T040000Z.backup',
    'latchkey-20260101T030000Z.backup',
    'latchkey-20260101T020000Z.backup',
  ])
  expect([...bucket.objects.keys()].sort()).toEqual([
    'auth/latchkey-20260101T020000Z.backup',
    'auth/latchkey-20260101T030000Z.backup',
    'auth/latchkey-20260101T040000Z.backup',
    'auth/other.txt',
    'latchkey-20200101T000000Z.backup',
  ])
  const path = join(root, 'downloaded.backup')
  writeFileSync(path, bucket.objects.get('auth/latchkey-20260101T040000Z.backup') ?? '')
  const folder = mkdtempSync(join(root, 'restored-'))
  const target = join(folder, 'latchkey.db')
  await restoreBackup({ path, keys: {}, folder, database: target })
  expect(allRowsOf(target, sealer)).toEqual(allRowsOf(database, sealer))
  expect(JSON.stringify(bucket.requests)).not.toContain('a-secret-access-key')
})

test('a large backup is uploaded in parts', async () => {
  using bucket = testBucket('backups')
  const { backUp, database } = await inBucket(bucket.url)
  await execute(database, 'CREATE TABLE filler AS SELECT randomblob(12000000) AS bytes')
  const { name, bytes } = await backUp(AT)
  expect(bucket.objects.get(`auth/${name}`)?.length).toBe(bytes)
  expect(bucket.requests.filter(({ method }) => method === 'PUT').length).toBeGreaterThan(2)
})

test('a bucket that returns other content than was written has no backup, and keeps the older ones', async () => {
  using bucket = testBucket('backups')
  const { backUp, destination } = await inBucket(bucket.url, { AUTH_BACKUP_KEEP: '1' })
  const { name } = await backUp(AT)
  bucket.damage = (bytes) => Buffer.from(bytes.map((byte, at) => (at === 20_000 ? byte ^ 1 : byte)))
  await expect(backUp(AT + HOUR)).rejects.toThrow('was read back from s3://backups/auth/ with other content')
  expect((await destination.list()).map((each) => each.name)).toEqual([name])
})

test('a bucket that refuses is named, with its reason and without the key', async () => {
  using bucket = testBucket('backups')
  const { backUp } = await inBucket(bucket.url, { AUTH_BACKUP_S3_ACCESS_KEY_ID: 'someone-else' })
  const error = await backUp(AT).then(
    () => '',
    (refusal: Error) => refusal.message,
  )
  expect(error).toContain('s3://backups/auth/: AccessDenied')
  expect(error).not.toContain('a-secret-access-key')
  expect(readFileSync('/proc/self/cmdline', 'utf8')).not.toContain('a-secret-access-key')
})

test.each([
  [{ ...ACCESS, AUTH_BACKUP_FOLDER: '/b' }, 'cannot both be set: backups go to one place'],
  [{ AUTH_BACKUP_S3_BUCKET: 'b' }, 'AUTH_BACKUP_S3_BUCKET needs AUTH_BACKUP_S3_ACCESS_KEY_ID'],
  [
    { AUTH_BACKUP_PASSPHRASE: 'p'.repeat(12), AUTH_BACKUP_RECIPIENT: `age1${'q'.repeat(58)}` },
    'a file of age has either',
  ],
  [{ AUTH_BACKUP_PASSPHRASE: 'short' }, 'must be at least 12 bytes long'],
  [{ AUTH_BACKUP_RECIPIENT: 'ssh-ed25519 AAAA' }, 'must be a recipient of age'],
  [{ AUTH_BACKUP_S3_PREFIX: '/a b' }, 'must be made of'],
  [{ AUTH_BACKUP_S3_ENDPOINT: 'https://s3.example.com' }, 'have no effect without AUTH_BACKUP_S3_BUCKET'],
])('the settings %j are refused: %s', (set, sentence) => {
  const errors = load({ set }).problems.filter(({ severity }) => severity === 'error')
  expect(errors.map(({ message }) => message).join('\n')).toContain(sentence)
})
