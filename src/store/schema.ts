/** Every table and column, as `migrations/` makes them; the comments on what a column holds are there. */
import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, unique, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { FactorType } from '../lib/factor-types'
import type { JsonObject } from '../lib/json'
import type { OpenIdMetadata } from '../lib/open-id-metadata'

/** Unix milliseconds. */
const instant = (name: string) => integer(name)
const json = (name: string) => text(name, { mode: 'json' }).$type<JsonObject>()
const texts = (name: string) => text(name, { mode: 'json' }).$type<string[]>()
const bool = (name: string) => integer(name, { mode: 'boolean' })

export const meta = sqliteTable('meta', {
  key: text('key').primaryKey(),
  value: text('value').notNull(),
})

export const users = sqliteTable(
  'users',
  {
    uid: integer('uid').primaryKey({ autoIncrement: true }),
    id: text('id').notNull().unique(),
    aud: text('aud').notNull(),
    role: text('role').notNull(),
    email: text('email'),
    encryptedPassword: text('encrypted_password'),
    emailConfirmedAt: instant('email_confirmed_at'),
    invitedAt: instant('invited_at'),
    confirmationSentAt: instant('confirmation_sent_at'),
    recoverySentAt: instant('recovery_sent_at'),
    emailChange: text('email_change'),
    emailChangeSentAt: instant('email_change_sent_at'),
    emailChangeConfirmStatus: integer('email_change_confirm_status').notNull().default(0),
    phone: text('phone').unique(),
    phoneConfirmedAt: instant('phone_confirmed_at'),
    phoneChange: text('phone_change'),
    phoneChangeSentAt: instant('phone_change_sent_at'),
    reauthenticationSentAt: instant('reauthentication_sent_at'),
    confirmedAt: integer('confirmed_at').generatedAlwaysAs(
      sql`min(coalesce(email_confirmed_at, phone_confirmed_at), coalesce(phone_confirmed_at, email_confirmed_at))`,
    ),
    rawAppMetaData: json('raw_app_meta_data').notNull(),
    rawUserMetaData: json('raw_user_meta_data').notNull(),
    lastSignInAt: instant('last_sign_in_at'),
    bannedUntil: instant('banned_until'),
    isSsoUser: bool('is_sso_user').notNull().default(false),
    isAnonymous: bool('is_anonymous').notNull().default(false),
    deletedAt: instant('deleted_at'),
    factorCount: integer('factor_count').notNull().default(0),
    username: text('username'),
    matrixUserId: text('matrix_user_id'),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (t) => [
    uniqueIndex('users_email').on(t.email).where(sql`is_sso_user = 0`),
    index('users_created').on(t.aud, t.createdAt, t.uid),
    uniqueIndex('users_username').on(t.username).where(sql`username IS NOT NULL`),
  ],
)

export const identities = sqliteTable(
  'identities',
  {
    id: text('id').primaryKey(),
    userId: text('user_id').notNull(),
    provider: text('provider').notNull(),
    providerId: text('provider_id').notNull(),
    identityData: json('identity_data').notNull(),
    email: text('email').generatedAlwaysAs(sql`lower(json_extract(identity_data, '$.email'))`),
    lastSignInAt: instant('last_sign_in_at'),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (t) => [
    unique().on(t.providerId, t.provider),
    index('identities_user').on(t.userId),
    index('identities_email').on(t.email).where(sql`email IS NOT NULL`),
  ],
)

export const sessions = sqliteTable(
  'sessions',
  {
    id: text('id').primaryKey(),
    userId: text('user_id').notNull(),
    aal: text('aal').$type<Aal>().notNull(),
    factorId: text('factor_id'),
    notAfter: instant('not_after'),
    refreshedAt: instant('refreshed_at'),
    userAgent: text('user_agent'),
    ip: text('ip'),
    tag: text('tag'),
    refreshTokenHmacKey: text('refresh_token_hmac_key').notNull(),
    refreshTokenCounter: integer('refresh_token_counter').notNull(),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (t) => [
    index('sessions_user').on(t.userId, t.createdAt),
    index('sessions_factor').on(t.factorId).where(sql`factor_id IS NOT NULL`),
  ],
)

export const refreshTokens = sqliteTable(
  'refresh_tokens',
  {
    id: integer('id').primaryKey(),
    tokenHash: text('token_hash').notNull().unique(),
    userId: text('user_id').notNull(),
    sessionId: text('session_id').notNull(),
    parentHash: text('parent_hash'),
    revoked: bool('revoked').notNull(),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (t) => [index('refresh_tokens_session').on(t.sessionId), index('refresh_tokens_user').on(t.userId)],
)

export const mfaAmrClaims = sqliteTable(
  'mfa_amr_claims',
  {
    sessionId: text('session_id').notNull(),
    authenticationMethod: text('authentication_method').notNull(),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.sessionId, t.authenticationMethod] })],
)

export const knownNetworks = sqliteTable(
  'known_networks',
  {
    userId: text('user_id').notNull(),
    network: text('network').notNull(),
    lastSeenAt: instant('last_seen_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.userId, t.network] })],
)

export const roles = sqliteTable('roles', {
  name: text('name').primaryKey(),
  description: text('description').notNull(),
})

export const userRoles = sqliteTable(
  'user_roles',
  {
    userId: text('user_id').notNull(),
    role: text('role').notNull(),
    grantedAt: instant('granted_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.userId, t.role] })],
)

export const auditLogEntries = sqliteTable('audit_log_entries', {
  seq: integer('seq').primaryKey(),
  id: text('id').notNull(),
  payload: json('payload').notNull(),
  createdAt: instant('created_at').notNull(),
  ipAddress: text('ip_address').notNull().default(''),
})

export const verificationTokens = sqliteTable(
  'verification_tokens',
  {
    id: text('id').primaryKey(),
    kind: text('kind').$type<VerificationKind>().notNull(),
    family: text('family').$type<VerificationFamily>().notNull(),
    email: text('email'),
    phone: text('phone'),
    userId: text('user_id'),
    payload: text('payload'),
    tokenHash: text('token_hash').notNull(),
    tokenPrefix: text('token_prefix').notNull(),
    codeHash: text('code_hash'),
    codeAttempts: integer('code_attempts').notNull().default(0),
    flowStateId: text('flow_state_id'),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    consumedAt: instant('consumed_at'),
  },
  (t) => [
    index('verification_tokens_prefix').on(t.tokenPrefix),
    index('verification_tokens_email').on(t.email).where(sql`email IS NOT NULL AND consumed_at IS NULL`),
    index('verification_tokens_phone').on(t.phone).where(sql`phone IS NOT NULL AND consumed_at IS NULL`),
    index('verification_tokens_user').on(t.userId, t.consumedAt).where(sql`user_id IS NOT NULL`),
    index('verification_tokens_expiry').on(t.expiresAt),
  ],
)

export const flowState = sqliteTable(
  'flow_state',
  {
    id: text('id').primaryKey(),
    userId: text('user_id'),
    authCodeHash: text('auth_code_hash').unique(),
    authCodeIssuedAt: instant('auth_code_issued_at'),
    codeChallenge: text('code_challenge').notNull(),
    codeChallengeMethod: text('code_challenge_method').$type<'s256' | 'plain'>().notNull(),
    authenticationMethod: text('authentication_method').notNull(),
    providerTokens: text('provider_tokens'),
    createdAt: instant('created_at').notNull(),
  },
  (t) => [index('flow_state_user').on(t.userId)],
)

export const oauthStates = sqliteTable(
  'oauth_states',
  {
    stateHash: text('state_hash').primaryKey(),
    provider: text('provider').notNull(),
    browserHash: text('browser_hash'),
    redirectTo: text('redirect_to').notNull(),
    codeChallenge: text('code_challenge'),
    codeChallengeMethod: text('code_challenge_method').$type<'s256' | 'plain'>(),
    upstreamVerifier: text('upstream_verifier'),
    linkingUserId: text('linking_user_id'),
    inviteTokenId: text('invite_token_id'),
    invitedUserId: text('invited_user_id'),
    createdAt: instant('created_at').notNull(),
    usedAt: instant('used_at'),
  },
  (t) => [index('oauth_states_linking').on(t.linkingUserId).where(sql`linking_user_id IS NOT NULL`)],
)

export const messages = sqliteTable(
  'messages',
  {
    seq: integer('seq').primaryKey(),
    id: text('id').notNull().unique(),
    channel: text('channel').$type<'email' | 'sms'>().notNull(),
    template: text('template').notNull(),
    recipient: text('recipient').notNull(),
    content: text('content'),
    state: text('state').$type<MessageState>().notNull(),
    attempts: integer('attempts').notNull().default(0),
    error: text('error'),
    nextAttemptAt: instant('next_attempt_at'),
    expiresAt: instant('expires_at').notNull(),
    createdAt: instant('created_at').notNull(),
    sentAt: instant('sent_at'),
  },
  (t) => [
    index('messages_due').on(t.nextAttemptAt).where(sql`next_attempt_at IS NOT NULL`),
    index('messages_recipient').on(t.recipient, t.seq),
  ],
)

export const mfaFactors = sqliteTable(
  'mfa_factors',
  {
    id: text('id').primaryKey(),
    userId: text('user_id').notNull(),
    friendlyName: text('friendly_name').notNull(),
    factorType: text('factor_type').$type<FactorType>().notNull(),
    status: text('status').$type<'unverified' | 'verified'>().notNull(),
    secret: text('secret').notNull(),
    lastStep: integer('last_step').notNull().default(-1),
    lastChallengedAt: instant('last_challenged_at'),
    phone: text('phone'),
    webAuthnAaguid: text('web_authn_aaguid'),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (t) => [
    unique().on(t.userId, t.friendlyName),
    uniqueIndex('mfa_factors_phone').on(t.userId, t.phone).where(sql`phone IS NOT NULL`),
  ],
)

export const mfaChallenges = sqliteTable(
  'mfa_challenges',
  {
    id: text('id').primaryKey(),
    factorId: text('factor_id').notNull(),
    ipAddress: text('ip_address').notNull(),
    createdAt: instant('created_at').notNull(),
    verifiedAt: instant('verified_at'),
    otpCodeHash: text('otp_code_hash'),
    webAuthnChallenge: text('web_authn_challenge'),
  },
  (t) => [index('mfa_challenges_factor').on(t.factorId)],
)

export const mfaAttempts = sqliteTable('mfa_attempts', {
  userId: text('user_id').primaryKey(),
  attempts: integer('attempts').notNull(),
  since: instant('since').notNull(),
})

export const mfaRecoveryCodes = sqliteTable(
  'mfa_recovery_codes',
  {
    factorId: text('factor_id').notNull(),
    codeHash: text('code_hash').notNull(),
    usedAt: instant('used_at'),
  },
  (t) => [primaryKey({ columns: [t.factorId, t.codeHash] })],
)

export const webauthnCredentials = sqliteTable(
  'webauthn_credentials',
  {
    id: text('id').primaryKey(),
    userId: text('user_id').notNull(),
    factorId: text('factor_id').unique(),
    credentialId: text('credential_id').notNull().unique(),
    publicKey: text('public_key').notNull(),
    signCount: integer('sign_count').notNull(),
    transports: texts('transports').notNull(),
    aaguid: text('aaguid').notNull(),
    backupEligible: bool('backup_eligible').notNull(),
    backedUp: bool('backed_up').notNull(),
    friendlyName: text('friendly_name').notNull(),
    lastUsedAt: instant('last_used_at'),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (t) => [index('webauthn_credentials_user').on(t.userId, t.createdAt)],
)

export const webauthnChallenges = sqliteTable(
  'webauthn_challenges',
  {
    id: text('id').primaryKey(),
    userId: text('user_id'),
    challenge: text('challenge').notNull(),
    expiresAt: instant('expires_at').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (t) => [index('webauthn_challenges_user').on(t.userId).where(sql`user_id IS NOT NULL`)],
)

export const customOAuthProviders = sqliteTable('custom_oauth_providers', {
  id: text('id').primaryKey(),
  providerType: text('provider_type').$type<'oauth2' | 'oidc'>().notNull(),
  identifier: text('identifier').notNull().unique(),
  name: text('name').notNull(),
  clientId: text('client_id').notNull(),
  clientSecret: text('client_secret').notNull(),
  acceptableClientIds: texts('acceptable_client_ids').notNull(),
  scopes: texts('scopes').notNull(),
  pkceEnabled: bool('pkce_enabled').notNull(),
  attributeMapping: json('attribute_mapping').notNull(),
  customClaimsAllowlist: texts('custom_claims_allowlist').notNull(),
  authorizationParams: text('authorization_params', { mode: 'json' }).$type<Record<string, string>>().notNull(),
  enabled: bool('enabled').notNull(),
  emailOptional: bool('email_optional').notNull(),
  issuer: text('issuer'),
  discoveryUrl: text('discovery_url'),
  skipNonceCheck: bool('skip_nonce_check').notNull(),
  discoveryDocument: text('discovery_document', { mode: 'json' }).$type<OpenIdMetadata>(),
  discoveredAt: instant('discovered_at'),
  authorizationUrl: text('authorization_url'),
  tokenUrl: text('token_url'),
  userinfoUrl: text('userinfo_url'),
  jwksUri: text('jwks_uri'),
  createdAt: instant('created_at').notNull(),
  updatedAt: instant('updated_at').notNull(),
})

export const signingKeys = sqliteTable('signing_keys', {
  kid: text('kid').primaryKey(),
  alg: text('alg').notNull(),
  privateJwk: text('private_jwk').notNull(),
  createdAt: instant('created_at').notNull(),
  signsFrom: instant('signs_from'),
  revokedAt: instant('revoked_at'),
})
export const sessionTokens = sqliteTable(
  'session_tokens',
  {
    lookupId: text('lookup_id').primaryKey(),
    kind: text('kind').$type<SessionTokenKind>().notNull(),
    familyId: text('family_id').notNull(),
    tokenHash: text('token_hash').notNull(),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    revokedAt: instant('revoked_at'),
  },
  (t) => [index('session_tokens_family').on(t.familyId)],
)

export const matrixRegistrations = sqliteTable(
  'matrix_registrations',
  {
    userId: text('user_id').primaryKey(),
    suffix: integer('suffix').notNull(),
    attempts: integer('attempts').notNull(),
    nextAttemptAt: instant('next_attempt_at').notNull(),
    error: text('error'),
  },
  (t) => [index('matrix_registrations_due').on(t.nextAttemptAt)],
)

export const web3Messages = sqliteTable('web3_messages', {
  messageHash: text('message_hash').primaryKey(),
  expiresAt: instant('expires_at').notNull(),
})

export const externalSessions = sqliteTable('external_sessions', {
  id: text('id').primaryKey(),
  lookupId: text('lookup_id').notNull().unique(),
  tokenHash: text('token_hash').notNull(),
  server: text('server').notNull(),
  externalId: text('external_id').notNull(),
  upstreamToken: text('upstream_token').notNull(),
  createdAt: instant('created_at').notNull(),
  expiresAt: instant('expires_at').notNull(),
})

export const personalAccessTokens = sqliteTable(
  'personal_access_tokens',
  {
    id: text('id').primaryKey(),
    lookupId: text('lookup_id').notNull().unique(),
    userId: text('user_id').notNull(),
    name: text('name').notNull(),
    tokenHash: text('token_hash').notNull(),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at'),
    lastUsedAt: instant('last_used_at'),
  },
  (t) => [index('personal_access_tokens_user').on(t.userId, t.createdAt)],
)

/** What a token of a session is for; `service` is a refresh token of the service surface. */
export type SessionTokenKind = 'access' | 'refresh' | 'cookie' | 'service' | 'federation'

/** What a verification token proves or allows (verification-tokens.md). */
export type VerificationKind =
  | 'password_reset'
  | 'magic_link'
  | 'email_change'
  | 'signup'
  | 'invite'
  | 'reauthentication'
  | 'phone_confirmation'
  | 'phone_change'

/** The endpoints below `/auth/v1`, or those below `/api/auth`. */
export type VerificationFamily = 'supabase' | 'service'

export type MessageState = 'queued' | 'sent' | 'failed' | 'kept'

/** Authenticator assurance level (NIST SP 800-63B, as GoTrue uses it). */
export type Aal = 'aal1' | 'aal2'

export type User = typeof users.$inferSelect
/** Its address is worked out by the database; `identityData` says the same. */
export type Identity = Omit<typeof identities.$inferSelect, 'email'>
export type Session = typeof sessions.$inferSelect
export type AmrClaim = typeof mfaAmrClaims.$inferSelect
export type AuditRow = typeof auditLogEntries.$inferSelect
export type VerificationToken = typeof verificationTokens.$inferSelect
export type FlowState = typeof flowState.$inferSelect
export type OAuthState = typeof oauthStates.$inferSelect
export type CustomProvider = typeof customOAuthProviders.$inferSelect
export type Message = typeof messages.$inferSelect
export type Factor = typeof mfaFactors.$inferSelect
export type MfaChallenge = typeof mfaChallenges.$inferSelect
export type SigningKeyRow = typeof signingKeys.$inferSelect
export type WebauthnCredential = typeof webauthnCredentials.$inferSelect
export type WebauthnChallenge = typeof webauthnChallenges.$inferSelect
export type SessionToken = typeof sessionTokens.$inferSelect
export type MatrixRegistration = typeof matrixRegistrations.$inferSelect
export type ExternalSession = typeof externalSessions.$inferSelect
export type PersonalAccessToken = typeof personalAccessTokens.$inferSelect
