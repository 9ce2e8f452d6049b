/**
 * Moves everything of a server between SQLite and Postgres, so that sessions and links go on working: also the pepper
 * and the API keys, which are in secrets.json on SQLite and in the database on Postgres. Secrets in the tables that are
 * shared with GoTrue change their form (docs/decisions.md#d36).
 */
import {
  generateSecrets,
  putSecrets,
  requireNoOtherSecrets,
  type Secrets,
  storedSecrets,
} from '../adapters/data-folder'
import { aesGcmSealer } from '../adapters/sealer'
import { systemRandom } from '../adapters/system'
import type { Settings } from '../config'
import { isPostgresUrl } from '../lib/postgres-url'
import { ENCRYPTION_KEY_ID_KEY } from '../store/meta-keys'
import {
  copyRows,
  countRows,
  examineTarget,
  MoveRefused,
  openSource,
  openTarget,
  type Progress,
  type RowCounts,
} from '../store/move'
import { version } from '../version'
import { sealerOf } from './keys'
import { rowConverter } from './moved-rows'
import { sharedSecrets } from './shared-secrets'

/** One of the two databases of a move. */
export interface Place {
  /** Absolute path of a file, or URL. */
  database: string
  /** Of a file: the folder with its secrets.json. */
  folder: string
}

export interface MoveOptions {
  settings: Settings
  from: Place
  to: Place
  /** Unix milliseconds. */
  now: number
  /** Whether rows are only counted. */
  isDry?: boolean
  onProgress?(progress: Progress): void
}

export interface Moved {
  rows: RowCounts
  /** What the server uses from now on. */
  secrets: Secrets
}

/**
 * All or nothing. The caller holds the lock of the file, and has checked the version of the source.
 * @throws if either database cannot be moved, the encryption key is another one, or a row does not fit
 */
export async function moveDatabase({
  settings,
  from,
  to,
  now,
  isDry = false,
  onProgress,
}: MoveOptions): Promise<Moved> {
  if (isPostgresUrl(from.database) === isPostgresUrl(to.database))
    throw new MoveRefused('a move is from SQLite to Postgres or back; copy a database with the tools of its own kind')
  await using source = await openSource(from.database)
  const present = await secretsOf(from, settings, await source.meta(), now)
  const secrets = { ...present, ...givenIn(settings) }
  if (!isPostgresUrl(to.database)) requireNoOtherSecrets(to.folder, secrets)
  if (isDry) {
    await examineTarget(to.database)
    return { rows: await countRows(source), secrets }
  }
  await using target = await openTarget(to.database, { now, version })
  const convert = rowConverter({
    from: sealerFor(from, settings, present),
    to: sealerFor(to, settings, secrets),
    isFromShared: isPostgresUrl(from.database),
    pepper: Buffer.from(settings.tokens.tokenPepper ?? secrets.tokenPepper),
  })
  const rows = await copyRows(source, target, { convert, ...(onProgress && { onProgress }) })
  // Should the commit fail, the next attempt finds its own secrets here.
  if (!isPostgresUrl(to.database)) putSecrets(to.folder, secrets, systemRandom.bytes(6).toString('hex'))
  await target.finish(await metaOf(to, settings, secrets))
  return { rows, secrets }
}

/** The secrets that the source was written with. @throws if they are not at hand */
async function secretsOf(
  { database, folder }: Place,
  settings: Settings,
  meta: ReadonlyMap<string, string>,
  now: number,
): Promise<Secrets> {
  if (isPostgresUrl(database)) {
    const store = {
      isShared: true,
      getMeta: async (key: string) => meta.get(key),
      initMeta: async ({ value }: { value: string }) => value,
    }
    return sharedSecrets(store, settings, generateSecrets({ random: systemRandom.bytes, now }))
  }
  const stored = storedSecrets(folder, database)
  if (!stored) throw new MoveRefused(`${folder} has no secrets.json; name the folder or file of a server`)
  const keys = [settings.tokens.encryptionKey?.toString('base64'), stored.encryptionKey].filter(
    (key) => key !== undefined,
  )
  const encryptionKey = keys.find((key) => keyIdOf(key) === meta.get(ENCRYPTION_KEY_ID_KEY))
  if (encryptionKey === undefined)
    throw new MoveRefused(
      `${database} was written with another encryption key than that in ${folder}/secrets.json; restore the secrets.json that belongs to it, or set AUTH_ENCRYPTION_KEY`,
    )
  return { ...stored, encryptionKey }
}

const keyIdOf = (key: string) => aesGcmSealer(Buffer.from(key, 'base64')).keyId

/** Those secrets that must be set on Postgres, if they are set. */
const givenIn = ({ tokens: { jwtSecret, encryptionKey } }: Settings): Partial<Secrets> => ({
  ...(jwtSecret !== undefined && { jwtSecret }),
  ...(encryptionKey !== undefined && { encryptionKey: encryptionKey.toString('base64') }),
})

const withSecrets = (settings: Settings, { jwtSecret, encryptionKey }: Secrets): Settings => ({
  ...settings,
  tokens: { ...settings.tokens, jwtSecret, encryptionKey: Buffer.from(encryptionKey, 'base64') },
})

const sealerFor = ({ database }: Place, settings: Settings, secrets: Secrets) =>
  sealerOf(withSecrets(settings, secrets), secrets, { isShared: isPostgresUrl(database) })

/** What a server finds about itself in the database. */
async function metaOf({ database }: Place, settings: Settings, secrets: Secrets): Promise<Map<string, string>> {
  const entries = new Map([[ENCRYPTION_KEY_ID_KEY, keyIdOf(secrets.encryptionKey)]])
  const initMeta = async ({ key, value }: { key: string; value: string }) => {
    entries.set(key, value)
    return value
  }
  if (isPostgresUrl(database))
    await sharedSecrets(
      { isShared: true, getMeta: async (key) => entries.get(key), initMeta },
      withSecrets(settings, secrets),
      secrets,
    )
  return entries
}
