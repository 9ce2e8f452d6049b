/** Second factors and passkeys. */
import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, unique, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { FactorType } from '../../lib/factor-types'
import { bool, instant, texts } from './columns'

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

export const mfaAttempts = sqliteTable(
  'mfa_attempts',
  {
    userId: text('user_id').notNull(),
    network: text('network').notNull(),
    attempts: integer('attempts').notNull(),
    since: instant('since').notNull(),
  },
  (t) => [primaryKey({ columns: [t.userId, t.network] })],
)

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

export type Factor = typeof mfaFactors.$inferSelect

export type MfaChallenge = typeof mfaChallenges.$inferSelect

export type WebauthnCredential = typeof webauthnCredentials.$inferSelect

export type WebauthnChallenge = typeof webauthnChallenges.$inferSelect
