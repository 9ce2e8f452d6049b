/** Who wants an account, and what they are answered. */
import type { Account, User } from '../../store'
import type { Contact } from '../accounts/contacts'
import type { Client } from '../deps'
import type { Channel } from '../messages/sms'
import type { IssuedSession } from '../sessions/sessions'
import type { Challenge } from '../sign-in/pkce'

export interface Applicant {
  contact: Contact
  challenge: Challenge | undefined
  channel: Channel
  /** None: there is only a code to sign in with. */
  encryptedPassword: string | null
  metadata: User['rawUserMetaData']
  /** Audience of the new user. */
  audience: string
  /** Where the link of the mail leads back to. */
  redirectTo: string
  client: Client
  /** Registers with a service: the account is made, and nobody signed in. */
  isForService?: boolean
}

/** A session, or the account as far as its owner may know it before the address is confirmed. */
export type SignedUp =
  | { outcome: 'signed_in'; issued: IssuedSession }
  | { outcome: 'without_session'; account: Account; messageId?: string | undefined }
