import type { HookIdentity, HookUser } from '../../hooks/user'
import { isoTime } from '../../lib/rfc3339'
import type { Account, Identity, User } from '../../store'

/** An account as hooks receive it: GoTrue's user object without identities. */
export function hookUser(user: User): HookUser {
  const times = {
    email_confirmed_at: user.emailConfirmedAt,
    invited_at: user.invitedAt,
    phone_confirmed_at: user.phoneConfirmedAt,
    confirmation_sent_at: user.confirmationSentAt,
    recovery_sent_at: user.recoverySentAt,
    email_change_sent_at: user.emailChangeSentAt,
    phone_change_sent_at: user.phoneChangeSentAt,
    last_sign_in_at: user.lastSignInAt,
    created_at: user.createdAt,
    updated_at: user.updatedAt,
  }
  return {
    id: user.id,
    aud: user.aud,
    role: user.role,
    email: user.email ?? '',
    phone: user.phone ?? '',
    ...(user.emailChange !== null && { new_email: user.emailChange }),
    ...(user.phoneChange !== null && { new_phone: user.phoneChange }),
    app_metadata: user.rawAppMetaData,
    user_metadata: user.rawUserMetaData,
    is_anonymous: user.isAnonymous,
    ...Object.fromEntries(Object.entries(times).flatMap(([name, ms]) => (ms === null ? [] : [[name, isoTime(ms)]]))),
  }
}

/** An account with its identities. */
export const hookAccount = ({ user, identities }: Pick<Account, 'user' | 'identities'>) => ({
  ...hookUser(user),
  identities: identities.map(hookIdentity),
})

export function hookIdentity(identity: Identity): HookIdentity {
  const { id, providerId, userId, provider, identityData, lastSignInAt, createdAt, updatedAt } = identity
  return {
    identity_id: id,
    id: providerId,
    user_id: userId,
    provider,
    identity_data: identityData,
    ...(lastSignInAt !== null && { last_sign_in_at: isoTime(lastSignInAt) }),
    created_at: isoTime(createdAt),
    updated_at: isoTime(updatedAt),
  }
}
