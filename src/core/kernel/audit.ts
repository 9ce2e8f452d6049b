/** Entries of the audit log, with GoTrue's action names (`GET /admin/audit`). */
import type { JsonObject } from '../../lib/json'
import { NIL_UUID } from '../../lib/uuid'
import type { AuditEntry, User } from '../../store'
import type { Context } from './context'

const LOG_TYPES = {
  login: 'account',
  logout: 'account',
  hook_refused: 'account',
  invite_accepted: 'account',
  user_signedup: 'team',
  user_deleted: 'team',
  user_invited: 'team',
  user_confirmation_requested: 'user',
  user_recovery_requested: 'user',
  user_reauthenticate_requested: 'user',
  user_repeated_signup: 'user',
  user_exported: 'user',
  user_modified: 'user',
  user_updated_password: 'user',
  identity_linked: 'user',
  identity_unlinked: 'user',
  custom_provider_created: 'team',
  custom_provider_updated: 'team',
  custom_provider_deleted: 'team',
  signing_key_created: 'team',
  signing_key_activated: 'team',
  signing_key_revoked: 'team',
  message_retried: 'team',
  limit_reset: 'team',
  event_replayed: 'team',
  factor_in_progress: 'factor',
  factor_unenrolled: 'factor',
  factor_deleted: 'factor',
  factor_updated: 'factor',
  challenge_created: 'factor',
  verification_attempted: 'factor',
  generate_recovery_codes: 'user',
  passkey_created: 'user',
  passkey_updated: 'user',
  passkey_deleted: 'user',
  role_granted: 'account',
  role_revoked: 'account',
  personal_token_created: 'token',
  personal_token_revoked: 'token',
  token_refreshed: 'token',
  token_revoked: 'token',
} as const

/** Characters of a user's own name repeated in an entry. */
const MAX_NAME = 255

export type Action = keyof typeof LOG_TYPES

/** The actor: a user, or the role of a service key. */
export type Actor = Pick<User, 'id' | 'email' | 'phone' | 'isSsoUser' | 'rawUserMetaData'> | string

/** @param traits details of the action */
export function auditEntry(
  { random, now, client, policy }: Pick<Context, 'random' | 'now' | 'client' | 'policy'>,
  action: Action,
  actor: Actor,
  traits?: JsonObject,
): AuditEntry {
  const { requestId } = client
  const payload = {
    action,
    ...actorFields(actor),
    log_type: LOG_TYPES[action],
    ...(traits && { traits }),
    ...(requestId !== undefined && { request_id: requestId }),
  }
  return { id: random.uuid(), payload, createdAt: now, ipAddress: policy.retention.auditAddresses ? client.ip : '' }
}

function actorFields(actor: Actor): JsonObject {
  if (typeof actor === 'string') return { actor_id: NIL_UUID, actor_username: actor, actor_via_sso: false }
  const name = actor.rawUserMetaData.full_name
  return {
    actor_id: actor.id,
    ...(typeof name === 'string' && { actor_name: name.slice(0, MAX_NAME) }),
    actor_username: actor.email ?? actor.phone ?? '',
    actor_via_sso: actor.isSsoUser,
  }
}
