/** The server itself. */
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { instant } from './columns'

export const meta = sqliteTable('meta', {
  key: text('key').primaryKey(),
  value: text('value').notNull(),
})

export const signingKeys = sqliteTable('signing_keys', {
  kid: text('kid').primaryKey(),
  alg: text('alg').notNull(),
  privateJwk: text('private_jwk').notNull(),
  createdAt: instant('created_at').notNull(),
  signsFrom: instant('signs_from'),
  revokedAt: instant('revoked_at'),
})

export const spentCaptchas = sqliteTable('spent_captchas', {
  id: text('id').primaryKey(),
  expiresAt: instant('expires_at').notNull(),
})

export const auditSeals = sqliteTable('audit_seals', {
  seq: integer('seq').primaryKey(),
  sealedAt: instant('sealed_at').notNull(),
  toAt: text('to_at').notNull(),
  toId: text('to_id').notNull(),
  lastAt: instant('last_at').notNull(),
  members: text('members').notNull(),
  late: text('late').notNull(),
  mac: text('mac').notNull(),
})

export type AuditSeal = typeof auditSeals.$inferSelect
export type SigningKeyRow = typeof signingKeys.$inferSelect
