/** A sign-up in progress, and its result. */
import type { Account, User } from '../../store'
import type { Channel } from '../messages/sms'
import type { IssuedSession } from '../sessions/issue-tokens'
import type { CodeChallenge } from '../tokens/pkce'
import type { Contact } from '../users/contacts'

export interface PendingSignUp {
  contact: Contact
  challenge: CodeChallenge | undefined
  channel: Channel
  /** Hash of the password; null for accounts that sign in with a code only. */
  encryptedPassword: string | null
  metadata: User['rawUserMetaData']
  /** Audience of the new user. */
  audience: string
  /** Where the link of the mail redirects to. */
  redirectTo: string
  /** Registration with a service: creates the account without signing in. */
  isForService?: boolean
}

/** A session, or the account as far as its owner may see it before confirming the address. */
export type SignUpResult = { outcome: 'signed_in'; issued: IssuedSession } | WithoutSession

export interface WithoutSession {
  outcome: 'without_session'
  account: Account
  messageId?: string | undefined
}
