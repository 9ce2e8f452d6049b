/** The server itself. */
import { sqliteTable, text } from 'drizzle-orm/sqlite-core'
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

export type SigningKeyRow = typeof signingKeys.$inferSelect
