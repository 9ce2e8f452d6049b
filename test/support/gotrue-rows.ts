/** Rows as GoTrue leaves them, written in SQL. */
import { createHash } from 'node:crypto'
import type { SQL } from 'bun'
import { PASSWORD } from './app'
import { outdatedHash } from './fakes'

const NIL = '00000000-0000-0000-0000-000000000000'

/** A new row, with what GoTrue always writes. @returns its id */
async function insert(db: SQL, table: string, row: Record<string, unknown>): Promise<string> {
  const columns = Object.keys(row)
  const [made] = await db.unsafe(
    `INSERT INTO auth.${table} (${columns.join()}) VALUES (${columns.map((_, index) => `$${index + 1}`).join()}) RETURNING id`,
    Object.values(row),
  )
  return made.id
}

/** A confirmed account with PASSWORD. */
export const gotrueUser = (db: SQL, row: Record<string, unknown> = {}): Promise<string> =>
  insert(db, 'users', {
    instance_id: NIL,
    id: crypto.randomUUID(),
    aud: 'authenticated',
    role: 'authenticated',
    email: `${crypto.randomUUID()}@example.com`,
    encrypted_password: outdatedHash(PASSWORD),
    email_confirmed_at: '2025-12-01T00:00:00.123456Z',
    confirmation_token: '',
    recovery_token: '',
    email_change_token_new: '',
    email_change: '',
    raw_app_meta_data: { provider: 'email', providers: ['email'] },
    raw_user_meta_data: {},
    created_at: '2025-12-01T00:00:00.123456Z',
    updated_at: '2025-12-01T00:00:00.123456Z',
    ...row,
  })

export const gotrueSession = (db: SQL, userId: string, row: Record<string, unknown> = {}): Promise<string> =>
  insert(db, 'sessions', {
    id: crypto.randomUUID(),
    user_id: userId,
    aal: 'aal1',
    created_at: '2025-12-31T00:00:00Z',
    updated_at: '2025-12-31T00:00:00Z',
    ...row,
  })

export const gotrueRefreshToken = (
  db: SQL,
  {
    userId,
    sessionId,
    ...row
  }: { userId: string; sessionId: string; token: string; parent?: string; revoked?: boolean },
): Promise<string> =>
  insert(db, 'refresh_tokens', {
    instance_id: NIL,
    user_id: userId,
    session_id: sessionId,
    revoked: false,
    created_at: '2025-12-31T00:00:00Z',
    updated_at: '2025-12-31T00:00:00Z',
    ...row,
  })

export const gotrueFactor = (db: SQL, userId: string, row: Record<string, unknown> = {}): Promise<string> =>
  insert(db, 'mfa_factors', {
    id: crypto.randomUUID(),
    user_id: userId,
    friendly_name: null,
    factor_type: 'totp',
    status: 'verified',
    secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
    created_at: '2025-12-01T00:00:00Z',
    updated_at: '2025-12-01T00:00:00Z',
    ...row,
  })

/** What GoTrue stores of a code, and mails as the token of the link. */
export const gotrueTokenHash = (address: string, code: string): string =>
  createHash('sha224')
    .update(address + code)
    .digest('hex')

/** Both places in which GoTrue keeps the token of a mail. */
export async function gotrueToken(
  db: SQL,
  { userId, type, hash, address, createdAt }: Record<'userId' | 'type' | 'hash' | 'address' | 'createdAt', string>,
): Promise<void> {
  await insert(db, 'one_time_tokens', {
    id: crypto.randomUUID(),
    user_id: userId,
    token_type: type,
    token_hash: hash,
    relates_to: address,
    created_at: createdAt,
    updated_at: createdAt,
  })
  await db.unsafe(`UPDATE auth.users SET ${type} = $2 WHERE id = $1`, [userId, hash])
}
