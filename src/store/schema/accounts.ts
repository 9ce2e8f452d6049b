/** Accounts, their identities and roles, and the audit log. */
import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, unique, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { bool, instant, json } from './columns'

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
    factorSmsSentAt: instant('factor_sms_sent_at'),
    confirmedAt: integer('confirmed_at').generatedAlwaysAs(
      sql`min(coalesce(email_confirmed_at, phone_confirmed_at), coalesce(phone_confirmed_at, email_confirmed_at))`,
    ),
    rawAppMetaData: json('raw_app_meta_data').notNull(),
    rawUserMetaData: json('raw_user_meta_data').notNull(),
    adminUserMetaData: json('admin_user_meta_data').notNull(),
    isAdminCreated: bool('is_admin_created').notNull().default(false),
    isPasswordFromAdmin: bool('is_password_from_admin').notNull().default(false),
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
  (t) => [primaryKey({ columns: [t.userId, t.role] }), index('user_roles_role').on(t.role, t.userId)],
)

export const auditLogEntries = sqliteTable('audit_log_entries', {
  seq: integer('seq').primaryKey(),
  id: text('id').notNull(),
  payload: json('payload').notNull(),
  createdAt: instant('created_at').notNull(),
  ipAddress: text('ip_address').notNull().default(''),
})

export const matrixRegistrations = sqliteTable(
  'matrix_registrations',
  {
    userId: text('user_id').primaryKey(),
    suffix: integer('suffix').notNull(),
    attempts: integer('attempts').notNull(),
    nextAttemptAt: instant('next_attempt_at').notNull(),
    error: text('error'),
    password: text('password'),
  },
  (t) => [index('matrix_registrations_due').on(t.nextAttemptAt)],
)

export type User = typeof users.$inferSelect

/** The email column is generated from `identityData`. */
export type Identity = Omit<typeof identities.$inferSelect, 'email'>

export type AuditRow = typeof auditLogEntries.$inferSelect
export type MatrixRegistration = typeof matrixRegistrations.$inferSelect
