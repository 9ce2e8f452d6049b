/** Sessions and their tokens. */
import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { Aal } from '../../lib/assurance'
import { bool, instant } from './columns'

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
    /** Counter of the first refresh token issued after the session became aal2. */
    elevatedAtCounter: integer('elevated_at_counter'),
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
    passedFactorAt: instant('passed_factor_at'),
  },
  (t) => [primaryKey({ columns: [t.userId, t.network] })],
)

export const sessionTokens = sqliteTable(
  'session_tokens',
  {
    lookupId: text('lookup_id').primaryKey(),
    kind: text('kind').$type<SessionTokenKind>().notNull(),
    familyId: text('family_id').notNull(),
    tokenHash: text('token_hash').notNull(),
    aal: text('aal').$type<Aal>().notNull(),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    revokedAt: instant('revoked_at'),
  },
  (t) => [index('session_tokens_family').on(t.familyId)],
)

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

export const externalSessions = sqliteTable(
  'external_sessions',
  {
    id: text('id').primaryKey(),
    lookupId: text('lookup_id').notNull().unique(),
    tokenHash: text('token_hash').notNull(),
    server: text('server').notNull(),
    externalId: text('external_id').notNull(),
    uid: text('uid', { mode: 'json' }).$type<string | number>(),
    username: text('username').notNull(),
    email: text('email').notNull(),
    upstreamToken: text('upstream_token').notNull(),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
  },
  (t) => [index('external_sessions_expiry').on(t.expiresAt, t.id)],
)

/** The purpose of a session token; `service` is a refresh token of the service surface. */
export type SessionTokenKind = 'access' | 'refresh' | 'cookie' | 'service' | 'federation'

export type Session = typeof sessions.$inferSelect

export type AmrClaim = typeof mfaAmrClaims.$inferSelect

export type KnownNetwork = typeof knownNetworks.$inferSelect

export type SessionToken = typeof sessionTokens.$inferSelect

export type ExternalSession = typeof externalSessions.$inferSelect

export type PersonalAccessToken = typeof personalAccessTokens.$inferSelect
