/** Access tokens, refresh tokens, API keys, and the keys that protect stored data. */
import type { JsonObject } from '../lib/json'
import { jsonObjects } from './json-values'
import { field, inMilliseconds } from './policy-field'
import { claimName, roleClaims } from './role-claims'
import { computed, setting } from './setting'
import {
  choice,
  duration,
  flag,
  integer,
  key256,
  list,
  orDefault,
  orZero,
  secret,
  text,
  type ValueType,
} from './value-types'

const signs = ({ key_ops: operations }: JsonObject) => Array.isArray(operations) && operations.includes('sign')

/**
 * GoTrue's JWT_KEYS: private JWKs (RFC 7517), exactly one of which signs; an empty list counts as unset. Supabase's
 * scripts add the JWT secret as a key without `kid` and `key_ops`.
 */
const signingKeys: ValueType<JsonObject[]> = {
  name: 'JSON array of JWKs',
  parse(value) {
    const keys = jsonObjects.parse(value)
    const signing = keys.filter(signs)
    if (keys.length > 0 && signing.length !== 1)
      throw new Error(`a list in which exactly one key has "sign" in its key_ops (found ${signing.length})`)
    for (const key of keys) {
      if (typeof key.alg !== 'string' || !/^(HS256|RS256|RS512|ES256|ES512|EdDSA)$/.test(key.alg))
        throw new Error('a list of keys whose "alg" is HS256, RS256, RS512, ES256, ES512 or EdDSA')
      if (!isNameless(key) && (typeof key.kid !== 'string' || key.kid === ''))
        throw new Error('a list of keys that all have a "kid"')
      if (key.kty === 'oct' && Buffer.from(String(key.k), 'base64url').length < 32)
        throw new Error('a list of keys of at least 32 bytes')
    }
    return keys
  },
}

/** The JWT secret as a key. */
const isNameless = (key: JsonObject) => key.kid === undefined && key.alg === 'HS256' && !signs(key)

/**
 * Leaves out the JWT secret as a key: as in GoTrue, AUTH_JWT_SECRET verifies HS256 tokens without `kid`. The algorithm
 * of a listed key is accepted.
 */
export function withoutNamelessKeys({
  jwtKeys: keys = [],
  jwtValidMethods,
}: {
  jwtKeys: JsonObject[] | undefined
  jwtValidMethods: string[] | undefined
}) {
  const named = keys.filter((key) => !isNameless(key))
  const hasNameless = named.length < keys.length
  return {
    jwtKeys: named.length > 0 ? named : undefined,
    jwtValidMethods: jwtValidMethods ?? (hasNameless ? [...new Set(keys.map(({ alg }) => String(alg)))] : undefined),
  }
}

const apiKey = (prefix: string): ValueType<string> => ({
  name: 'API key',
  parse(value) {
    if (!value.startsWith(prefix) || value.length < prefix.length + 22)
      throw new Error(`${prefix} and at least 22 random characters`)
    return value
  },
})

export const tokens = {
  jwtSecret: setting({
    name: 'JWT_SECRET',
    also: ['JWT_SECRET'],
    toml: 'jwt_secret',
    kind: secret(32),
    secret: true,
    defaultNote: 'generated at first start',
    doc: 'HS256 secret of access tokens and of the anon and service_role keys. Use the secret of your Supabase project to share tokens with it.',
  }),
  jwtKeys: setting({
    name: 'JWT_KEYS',
    tomlFile: 'signing_keys_path',
    kind: signingKeys,
    secret: true,
    defaultNote: 'none: HS256 with the secret',
    feeds: field('signing.isFixed', (keys) => keys !== undefined),
    doc: 'Private JWKs for ES256, RS256 or EdDSA; the one with `sign` in `key_ops` signs, the others verify.',
  }),
  jwtExpSeconds: setting({
    name: 'JWT_EXP',
    api: '/auth/v1',
    also: ['ACCESS_TOKEN_LIFETIME'],
    toml: 'jwt_expiry',
    kind: orZero(integer(30, 604_800)),
    default: 3600,
    unit: 'seconds',
    feeds: field('accessTokenMs', inMilliseconds),
    doc: 'Lifetime of an access token of `/auth/v1`. Below 120, supabase-js refreshes continuously.',
  }),
  jwtAud: setting({
    name: 'JWT_AUD',
    kind: text,
    default: 'authenticated',
    feeds: field('audience'),
    doc: 'Audience of users and tokens.',
  }),
  jwtIssuer: computed({
    name: 'JWT_ISSUER',
    api: '/auth/v1',
    toml: 'jwt_issuer',
    kind: text,
    defaultNote: '`AUTH_API_EXTERNAL_URL`',
    feeds: field('issuer'),
    doc: 'The `iss` claim, and the base of the OpenID discovery document.',
  }),
  jwtKeyId: setting({
    name: 'JWT_KEY_ID',
    kind: text,
    doc: '`kid` of tokens signed with the HS256 secret.',
  }),
  jwtValidMethods: setting({
    name: 'JWT_VALID_METHODS',
    also: ['GOTRUE_JWT_VALIDMETHODS'],
    kind: list,
    defaultNote: 'the algorithms of the keys',
    feeds: field('signing.validMethods'),
    doc: 'Accepted signature algorithms. Add `HS256` to keep anon and service_role JWTs valid beside asymmetric keys.',
  }),
  jwtDefaultGroupName: setting({
    name: 'JWT_DEFAULT_GROUP_NAME',
    api: '/auth/v1',
    kind: text,
    default: 'authenticated',
    feeds: field('defaultRole'),
    doc: 'Role of new users: the `role` claim of their tokens.',
  }),
  jwtAdminRoles: setting({
    name: 'JWT_ADMIN_ROLES',
    kind: list,
    default: ['service_role', 'supabase_admin'],
    feeds: field('adminRoles'),
    doc: 'Values of the `role` claim that may use the admin API.',
  }),
  jwtAdminGroupName: setting({
    name: 'JWT_ADMIN_GROUP_NAME',
    kind: text,
    default: 'admin',
    feeds: field('adminGroup'),
    doc: 'Role of users who may change their own `app_metadata`.',
  }),
  jwtRolesClaim: setting({
    name: 'JWT_ROLES_CLAIM',
    api: '/auth/v1',
    kind: claimName,
    defaultNote: 'none: only tokens of `/api/auth` list roles',
    feeds: field('roleClaims.listClaim'),
    doc: 'Claim of access tokens that lists the roles of the user, for example `user_roles`. The `role` claim stays as it is.',
  }),
  jwtRoleClaims: setting({
    name: 'JWT_ROLE_CLAIMS',
    api: '/auth/v1',
    kind: roleClaims,
    defaultNote: 'none',
    feeds: field('roleClaims.byRole'),
    doc: 'Claims that roles give to access tokens, for example `{"editor":{"user_role":"editor","permissions":["posts.write"]}}`. Roles named here can be granted.',
  }),
  publishableKey: setting({
    name: 'PUBLISHABLE_KEY',
    toml: 'publishable_key',
    kind: apiKey('sb_publishable_'),
    defaultNote: 'generated at first start',
    doc: 'API key for browsers and apps; it may be public.',
  }),
  secretKey: setting({
    name: 'SECRET_KEY',
    toml: 'secret_key',
    kind: apiKey('sb_secret_'),
    secret: true,
    defaultNote: 'generated at first start',
    doc: 'API key for your own servers: it grants access to the admin API.',
  }),
  encryptionKey: setting({
    name: 'ENCRYPTION_KEY',
    kind: key256,
    secret: true,
    defaultNote: 'generated at first start; on Postgres, `AUTH_SECURITY_DB_ENCRYPTION_ENCRYPTION_KEY`, if that is set',
    doc: 'Encrypts the secrets in the database (AES-256-GCM). Without it, a copy of the database is useless for forging tokens and cannot be served.',
  }),
  tokenPepper: setting({
    name: 'TOKEN_PEPPER',
    kind: secret(32),
    secret: true,
    defaultNote: 'generated at first start',
    doc: 'HMAC key for one-time and imported tokens.',
  }),
  tokenPepperPrevious: setting({
    name: 'TOKEN_PEPPER_PREVIOUS',
    kind: secret(32),
    secret: true,
    doc: 'The previous pepper: tokens hashed with it are still accepted.',
  }),
  flowStateExpiryMs: setting({
    name: 'EXTERNAL_FLOW_STATE_EXPIRY_DURATION',
    api: '/auth/v1',
    kind: orDefault(duration(300_000)),
    default: 300_000,
    feeds: field('flowMs'),
    doc: 'How long the code of a PKCE flow can be exchanged for a session.',
  }),
  serviceIssuer: setting({
    name: 'SERVICE_ISSUER',
    api: '/api/auth',
    kind: text,
    default: 'latchkey',
    feeds: field('service.issuer'),
    doc: 'Issuer of the access tokens of `/api/auth`.',
  }),
  serviceTokenSeconds: setting({
    name: 'ACCESS_TOKEN_TTL',
    api: '/api/auth',
    also: ['ACCESS_TOKEN_TTL'],
    kind: integer(30, 604_800),
    default: 1800,
    unit: 'seconds',
    feeds: field('service.accessTokenMs', inMilliseconds),
    doc: 'Lifetime of the access tokens (JWT) of services.',
  }),
  serviceRefreshSeconds: setting({
    name: 'REFRESH_TOKEN_TTL',
    api: '/api/auth',
    also: ['REFRESH_TOKEN_TTL'],
    kind: integer(60, 31_536_000),
    default: 604_800,
    unit: 'seconds',
    feeds: field('service.refreshTokenMs', inMilliseconds),
    doc: 'Lifetime of the refresh tokens of services (`srt_…`).',
  }),
  serviceAlgorithm: setting({
    name: 'JWT_ALGORITHM',
    also: ['JWT_ALGO', 'JWT_ALGORITHM'],
    kind: choice('hs256'),
    default: 'hs256',
    doc: 'Algorithm of access tokens while `AUTH_JWT_KEYS` is not set: only HS256.',
  }),
  nativeTokenSeconds: setting({
    name: 'ACCESS_TOKEN_TTL_SECONDS',
    api: '/api/auth',
    also: ['ACCESS_TOKEN_TTL_SECONDS'],
    kind: integer(30, 86_400),
    default: 900,
    unit: 'seconds',
    feeds: field('native.accessTokenMs', inMilliseconds),
    doc: 'Lifetime of the access tokens of native clients (`cat_…`).',
  }),
  nativeRefreshSeconds: setting({
    name: 'REFRESH_TOKEN_TTL_SECONDS',
    api: '/api/auth',
    also: ['REFRESH_TOKEN_TTL_SECONDS'],
    kind: integer(60, 31_536_000),
    default: 2_592_000,
    unit: 'seconds',
    feeds: field('native.refreshTokenMs', inMilliseconds),
    doc: 'Lifetime of the refresh tokens of native clients (`crt_…`), and of the session cookie.',
  }),
  refreshTokenRotation: setting({
    name: 'SECURITY_REFRESH_TOKEN_ROTATION_ENABLED',
    api: '/auth/v1',
    toml: 'enable_refresh_token_rotation',
    kind: flag,
    default: true,
    feeds: field('session.endOnReuse'),
    doc: 'Whether a reused refresh token ends its session.',
  }),
  refreshTokenReuseIntervalMs: setting({
    name: 'SECURITY_REFRESH_TOKEN_REUSE_INTERVAL',
    api: '/auth/v1',
    toml: 'refresh_token_reuse_interval',
    kind: duration(),
    default: 0,
    feeds: field('session.reuseIntervalMs'),
    doc: 'How long after a refresh older refresh tokens of the session are still accepted. The parent of the current one is always accepted.',
  }),
  refreshTokenAllowReuse: setting({
    name: 'SECURITY_REFRESH_TOKEN_ALLOW_REUSE',
    api: '/auth/v1',
    kind: flag,
    default: false,
    feeds: field('session.allowReuse'),
    doc: 'Accept every refresh token of a live session, regardless of its age. Unsafe: a stolen token then works until sign-out.',
  }),
}
