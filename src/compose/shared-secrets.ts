/**
 * The secrets that all servers on one Postgres database share, beyond those of the settings. The first server generates
 * them; they are kept in the database, encrypted with AUTH_ENCRYPTION_KEY.
 */
import type { Secrets } from '../adapters/data-folder'
import { aesGcmSealer } from '../adapters/sealer'
import type { Settings } from '../config'
import { hmacSha256 } from '../lib/secrets'
import type { Store } from '../store'
import { JWT_SECRET_ID_KEY, SHARED_SECRETS_KEY } from '../store/meta-keys'
import { requireSameKey } from './keys'

type SharedSecrets = Omit<Secrets, 'jwtSecret' | 'encryptionKey'>

/**
 * @param generated become the secrets of a database that has none yet
 * @returns the secrets of the database, with those of the settings
 * @throws if they are encrypted with another key
 */
export async function sharedSecrets(
  store: Pick<Store, 'getMeta' | 'initMeta' | 'isShared'>,
  { tokens: { jwtSecret, encryptionKey } }: Settings,
  generated: SharedSecrets,
): Promise<Secrets> {
  // config/postgres-checks.ts reports a missing one before
  if (jwtSecret === undefined || encryptionKey === undefined)
    throw new Error('on Postgres, AUTH_JWT_SECRET and AUTH_ENCRYPTION_KEY must be set')
  const sealer = aesGcmSealer(encryptionKey)
  await requireSameKey(store, sealer.keyId)
  const { createdAt, tokenPepper, publishableKey, secretKey } = generated
  const own = JSON.stringify({ createdAt, tokenPepper, publishableKey, secretKey } satisfies SharedSecrets)
  const sealed =
    (await store.getMeta(SHARED_SECRETS_KEY)) ??
    (await store.initMeta({ key: SHARED_SECRETS_KEY, value: sealer.seal(Buffer.from(own), SHARED_SECRETS_KEY) }))
  const shared: SharedSecrets = JSON.parse(sealer.open(sealed, SHARED_SECRETS_KEY).toString())
  return { ...shared, jwtSecret, encryptionKey: encryptionKey.toString('base64') }
}

/**
 * Compares the JWT secret with that of the server that started last. Another one may be a new secret, so it does not
 * prevent the start.
 * @returns a warning; undefined if they are equal
 */
export async function jwtSecretWarning(
  store: Pick<Store, 'getMeta' | 'putMeta'>,
  { jwtSecret, encryptionKey }: Pick<Secrets, 'jwtSecret' | 'encryptionKey'>,
): Promise<string | undefined> {
  const id = hmacSha256(Buffer.from(encryptionKey, 'base64'), jwtSecret).toString('hex').slice(0, FINGERPRINT_DIGITS)
  const known = await store.getMeta(JWT_SECRET_ID_KEY)
  if (known === id) return undefined
  await store.putMeta({ key: JWT_SECRET_ID_KEY, value: id })
  return known === undefined
    ? undefined
    : 'AUTH_JWT_SECRET is not that of the server that started last on this database; servers with different ones refuse the access tokens of each other'
}

const FINGERPRINT_DIGITS = 16
