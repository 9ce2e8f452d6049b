/** Links and codes, PKCE flows, and the messages that carry them. */
import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { Aal } from '../../lib/assurance'
import { instant } from './columns'

export const verificationTokens = sqliteTable(
  'verification_tokens',
  {
    id: text('id').primaryKey(),
    kind: text('kind').$type<VerificationKind>().notNull(),
    family: text('family').$type<TokenSurface>().notNull(),
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
    /** The session that the new one continues, and the assurance level that its owner showed. */
    sessionId: text('session_id'),
    aal: text('aal').$type<Aal>(),
    createdAt: instant('created_at').notNull(),
  },
  (t) => [index('flow_state_user').on(t.userId)],
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
    userId: text('user_id'),
  },
  (t) => [
    index('messages_due').on(t.nextAttemptAt).where(sql`next_attempt_at IS NOT NULL`),
    index('messages_recipient').on(t.recipient, t.seq),
    index('messages_user').on(t.userId, t.seq).where(sql`user_id IS NOT NULL`),
  ],
)

export type MessageState = 'queued' | 'sent' | 'failed' | 'kept'

/** The surface of the endpoints that accept the token: `/auth/v1` or `/api/auth`. */
export type TokenSurface = 'supabase' | 'service'

/** The purpose of a verification token (docs/other-surfaces.md#verification-tokens). */
export type VerificationKind =
  | 'password_reset'
  | 'magic_link'
  | 'email_change'
  | 'signup'
  | 'invite'
  | 'reauthentication'
  | 'phone_confirmation'
  | 'phone_change'

export type VerificationToken = typeof verificationTokens.$inferSelect

export type FlowState = typeof flowState.$inferSelect

export type Message = typeof messages.$inferSelect
