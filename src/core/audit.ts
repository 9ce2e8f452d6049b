/** Entries of the audit log, in GoTrue's words (contract 1.13). */
import type { JsonObject } from '../lib/json'
import { NIL_UUID } from '../lib/uuid'
import type { AuditEntry, User } from '../store'
import type { Deps } from './deps'

const LOG_TYPES = {
  login: 'account',
  logout: 'account',
  user_signedup: 'team',
  user_deleted: 'team',
  user_repeated_signup: 'user',
  user_modified: 'user',
  user_updated_password: 'user',
  token_refreshed: 'token',
  token_revoked: 'token',
} as const

export type Action = keyof typeof LOG_TYPES

/** Who did it: a user, or the holder of a service key. */
export type Actor = Pick<User, 'id' | 'email' | 'phone' | 'isSsoUser' | 'rawUserMetaData'> | { role: string }

/** @param traits what the action was about */
export function auditEntry(
  { random }: Pick<Deps, 'random'>,
  now: number,
  action: Action,
  actor: Actor,
  traits?: JsonObject,
): AuditEntry {
  const name = 'role' in actor ? undefined : actor.rawUserMetaData.full_name
  const payload: JsonObject = {
    action,
    actor_id: 'role' in actor ? NIL_UUID : actor.id,
    ...(typeof name === 'string' && { actor_name: name }),
    actor_username: 'role' in actor ? actor.role : (actor.email ?? actor.phone ?? ''),
    actor_via_sso: 'role' in actor ? false : actor.isSsoUser,
    log_type: LOG_TYPES[action],
    ...(traits && { traits }),
  }
  return { id: random.uuid(), payload, createdAt: now }
}
