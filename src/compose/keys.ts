/** Derives this server's keys from settings and secrets, for the server and the command line. */
import { join, resolve } from 'node:path'
import type { Secrets } from '../adapters/data-folder'
import { derivedKey, type EncryptionKeys, gotrueSealer } from '../adapters/gotrue-sealer'
import { aesGcmSealer } from '../adapters/sealer'
import { systemClock, systemRandom } from '../adapters/system'
import type { Settings } from '../config'
import { type Action, auditEntry } from '../core/kernel/audit'
import { NO_CLIENT } from '../core/kernel/context'
import type { Sealer } from '../core/kernel/ports'
import type { ApiKeys, Keyring } from '../core/kernel/server-state'
import { roleKeyClaims, roleKeyProblem, roleKeysSince } from '../core/tokens/api-keys'
import { keyring } from '../core/tokens/jwt'
import * as signing from '../core/tokens/signing-keys'
import { isPostgresUrl, shownPostgresUrl } from '../lib/postgres-url'
import { hmacSha256 } from '../lib/secrets'
import type { Store } from '../store'
import { ENCRYPTION_KEY_ID_KEY } from '../store/meta-keys'
import { policyOf } from './policy'

/** The keys that an application needs to call this server. */
export interface Keys extends ApiKeys {
  /** JWTs equivalent to the API keys, for older clients. */
  anon: string
  serviceRole: string
}

export function apiKeysOf({ tokens }: Settings, secrets: Secrets): ApiKeys {
  return { publishable: tokens.publishableKey ?? secrets.publishableKey, secret: tokens.secretKey ?? secrets.secretKey }
}

/** @throws if a JWK of the settings is invalid */
export async function keyringOf({ tokens }: Settings, secrets: Pick<Secrets, 'jwtSecret'>): Promise<Keyring> {
  try {
    return await keyring({
      secret: tokens.jwtSecret ?? secrets.jwtSecret,
      secretKeyId: tokens.jwtKeyId,
      jwks: tokens.jwtKeys,
      validMethods: tokens.jwtValidMethods,
    })
  } catch (error) {
    throw new Error(`AUTH_JWT_KEYS contains an unusable key: ${(error as Error).message}`)
  }
}

/** They outlive every rotation. */
export async function roleKeys(
  ring: Keyring,
  { createdAt }: Secrets,
  now: number,
): Promise<Pick<Keys, 'anon' | 'serviceRole'> & { flaw: string | undefined }> {
  const since = roleKeysSince(Date.parse(createdAt), now)
  return {
    anon: await ring.signWithSecret(roleKeyClaims('anon', since)),
    serviceRole: await ring.signWithSecret(roleKeyClaims('service_role', since)),
    flaw: roleKeyProblem(since, now),
  }
}

/** The key that seals secrets in the database. */
export function sealingKeyOf({ tokens }: Settings, secrets: Pick<Secrets, 'encryptionKey'>): Buffer {
  return tokens.encryptionKey ?? Buffer.from(secrets.encryptionKey, 'base64')
}

/**
 * Tells servers with different data apart, as the header `X-Server-Id` of health checks. It reveals nothing of the key,
 * and is the same for all servers on one database.
 */
export const serverIdOf = (settings: Settings, secrets: Pick<Secrets, 'encryptionKey'>): string =>
  hmacSha256(sealingKeyOf(settings, secrets), 'id of the server').subarray(0, 12).toString('base64url')

/** The key of the seals of the audit log. */
export const auditKeyOf = (settings: Settings, secrets: Pick<Secrets, 'encryptionKey'>): Uint8Array =>
  hmacSha256(sealingKeyOf(settings, secrets), 'seals of the audit log')

/** Seals the secrets of the database; in tables shared with GoTrue, in GoTrue's form. */
export function sealerOf(
  settings: Settings,
  secrets: Pick<Secrets, 'encryptionKey'>,
  { isShared }: Pick<Store, 'isShared'>,
): Sealer {
  const key = sealingKeyOf(settings, secrets)
  const ours = aesGcmSealer(key)
  return isShared ? gotrueSealer(ours, gotrueKeysOf(settings, key)) : ours
}

/** Id of the key that is used for GoTrue's tables unless another one is set. */
const DERIVED_KEY_ID = 'latchkey'

/** @param sealingKey the key that a default is derived from */
function gotrueKeysOf({ encryption }: Settings, sealingKey: Buffer): EncryptionKeys {
  const { isOn, keyId = DERIVED_KEY_ID, key, decryptionKeys = [] } = encryption
  const byId = new Map([[DERIVED_KEY_ID, derivedKey(sealingKey)], ...decryptionKeys])
  if (key) byId.set(keyId, key)
  return { current: isOn ? keyId : undefined, byId }
}

/** The settings with which GoTrue reads what this server wrote to its tables. */
export function gotrueSettings(settings: Settings, secrets: Pick<Secrets, 'encryptionKey'>): Record<string, string> {
  const { current, byId } = gotrueKeysOf(settings, sealingKeyOf(settings, secrets))
  const text = (key: Buffer | undefined) => key?.toString('base64url') ?? ''
  const encryption = 'GOTRUE_SECURITY_DB_ENCRYPTION'
  return {
    [`${encryption}_ENCRYPT`]: String(current !== undefined),
    ...(current !== undefined && {
      [`${encryption}_ENCRYPTION_KEY_ID`]: current,
      [`${encryption}_ENCRYPTION_KEY`]: text(byId.get(current)),
    }),
    [`${encryption}_DECRYPTION_KEYS`]: [...byId].map(([id, key]) => `${id}:${text(key)}`).join(','),
    // Otherwise GoTrue gives new sessions refresh tokens of version 1.
    GOTRUE_SECURITY_REFRESH_TOKEN_ALGORITHM_VERSION: '2',
  }
}

/** The database: a postgres:// URL, or the absolute path of a file, by default `latchkey.db` in the data folder. */
export function databaseTarget({ database: { url } }: Settings, folder: string): string {
  return url !== undefined && isPostgresUrl(url) ? url : resolve(url ?? join(folder, 'latchkey.db'))
}

/** For logs and terminals: without the password of a URL. */
export const shownDatabase = (target: string): string => (isPostgresUrl(target) ? shownPostgresUrl(target) : target)

/** @throws if the database was written with another encryption key */
export async function requireSameKey(
  store: Pick<Store, 'getMeta' | 'initMeta' | 'isShared'>,
  keyId: string,
): Promise<void> {
  const key = ENCRYPTION_KEY_ID_KEY
  const known = (await store.getMeta(key)) ?? (await store.initMeta({ key, value: keyId }))
  if (known !== keyId) throw new Error(otherKeyProblem(store))
}

export function otherKeyProblem({ isShared }: Pick<Store, 'isShared'>): string {
  const advice = isShared
    ? 'set AUTH_ENCRYPTION_KEY to the key that its other servers have'
    : 'restore the secrets.json that belongs to it, or set AUTH_ENCRYPTION_KEY'
  return `the database was written with another encryption key; ${advice}`
}

/** Signing key operations of the command line, also while a server runs on the same database. */
export interface SigningKeys {
  list(): Promise<signing.SigningKey[]>
  create(alg: signing.Algorithm): Promise<string>
  import(jwk: Record<string, unknown>): Promise<string | undefined>
  schedule(which: { kid: string; isUrgent: boolean }): Promise<number | undefined>
  revoke(kid: string): Promise<boolean>
}

export const { ALGORITHMS } = signing

/** @throws if the database was written with another encryption key */
export async function signingKeysOf(settings: Settings, secrets: Secrets, store: Store): Promise<SigningKeys> {
  const sealer = aesGcmSealer(sealingKeyOf(settings, secrets))
  const policy = policyOf(settings)
  const deps = { store, clock: systemClock, sealer, policy }
  const audit = (action: Action) => (kid: string) => [
    auditEntry({ random: systemRandom, now: systemClock.now(), client: NO_CLIENT, policy }, action, 'command_line', {
      kid,
    }),
  ]
  await requireSameKey(store, sealer.keyId)
  return {
    list: () => signing.listSigningKeys(deps),
    create: (alg) => signing.createSigningKey(deps, alg, audit('signing_key_created')),
    import: (jwk) => signing.importSigningKey(deps, jwk, audit('signing_key_created')),
    schedule: (which) => signing.scheduleSigningKey(deps, { ...which, audit: audit('signing_key_activated') }),
    revoke: (kid) => signing.revokeSigningKey(deps, kid, audit('signing_key_revoked')),
  }
}
