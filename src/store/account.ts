/** An account with what belongs to it, and the changes of one. */
import type { Factor, Identity, Session, User, WebauthnCredential } from './schema'

/** An account with its identities, oldest first. */
export interface Account {
  user: User
  identities: Identity[]
  factors: Factor[]
}

/** One change, as the rows show it. Changes without a row that stays carry it. */
export type AccountChange = { userId: string } & (
  | { kind: 'created'; user: Omit<User, 'uid' | 'confirmedAt'>; isByAdministrator: boolean }
  | { kind: 'saved'; before: User; after: User; setsPassword: boolean }
  | { kind: 'deleted'; account: Account }
  | { kind: 'session_opened'; session: Session; methods: readonly string[] }
  | { kind: 'sessions_ended'; sessionIds: readonly string[] }
  | { kind: 'identity_linked' | 'identity_unlinked'; identity: Identity }
  | { kind: 'factor_enrolled' | 'factor_verified' | 'factor_removed'; factor: Factor }
  | { kind: 'passkey_created' | 'passkey_removed'; passkey: WebauthnCredential }
  | { kind: 'role_granted' | 'role_revoked'; role: string }
)
