/** The user of an invitation or a link by an administrator: an existing one that is unconfirmed, or a new one. */
import { providersMetadata } from '../../lib/account-metadata'
import { mergeMetadata } from '../../lib/json'
import type { Account, ReplacedSignUp, User } from '../../store'
import { requireUserAllowed } from '../hooks/before-user-created'
import { type Context, withCurrentTime } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { requireStrongPassword } from '../passwords/password-strength'
import { randomPassword } from '../passwords/passwords'
import {
  contactIdentity,
  dropUnconfirmedPassword,
  inAudience,
  newUser,
  normalizeEmail,
  storableMetadata,
} from '../users/users'

/** The user that a link is for. */
export interface Invitee {
  user: User & { email: string }
  isNew: boolean
  identities: Account['identities']
  /** Metadata for an existing user. */
  added?: User['rawUserMetaData']
  /** Data that an existing user loses, and its replacement. */
  replaced?: ReplacedSignUp
}

export interface InviteeRequest {
  email: string
  data: Record<string, unknown>
  audience: string
  password?: string
}

/** The invited user: an unconfirmed one, or a new one. */
export async function findOrCreateInvitee(
  context: Context,
  { email: text, data, audience, password }: InviteeRequest,
  purpose: 'invite' | 'signup' = 'invite',
  needsNoPassword = false,
): Promise<Invitee> {
  const { store, random, passwords } = context
  const email = normalizeEmail(text)
  const existing = await store.findUserByEmail(email)
  if (existing && (existing.emailConfirmedAt !== null || !inAudience(existing, audience)))
    throw new Refusal('email_taken')
  if (existing) {
    const invitee = { user: { ...existing, email }, isNew: false, identities: [] }
    if (purpose === 'invite') return { ...invitee, replaced: dropUnconfirmedPassword(existing) }
    const added = storableMetadata(data)
    // The password of an account created by an administrator is kept; one from a sign-up may be someone else's.
    if (existing.isAdminCreated) return { ...invitee, added }
    const { encryptedPassword: present, rawUserMetaData } = existing
    const adminUserMetaData = mergeMetadata(present === null ? rawUserMetaData : existing.adminUserMetaData, added)
    const replaced = { ...dropUnconfirmedPassword(existing), adminUserMetaData }
    if (!password || existing.isPasswordFromAdmin) return { ...invitee, added, replaced }
    await requireStrongPassword(context, password)
    const encryptedPassword = await passwords.hash(password)
    return { ...invitee, added, replaced: { ...replaced, encryptedPassword, isPasswordFromAdmin: true } }
  }
  let encryptedPassword: string | null = null
  if (purpose === 'signup') {
    if (!needsNoPassword && !password) throw new Refusal('password_missing')
    if (!needsNoPassword) await requireStrongPassword(context, password ?? '')
    encryptedPassword = await passwords.hash(needsNoPassword ? randomPassword(context) : (password ?? ''))
  }
  const id = random.uuid()
  const proposed = {
    id,
    email,
    aud: audience,
    rawAppMetaData: providersMetadata(['email']),
    rawUserMetaData: storableMetadata(data),
  }
  const current = await requireUserAllowed(withCurrentTime(context), proposed)
  const user = newUser(current, {
    ...proposed,
    encryptedPassword,
    isAdminCreated: true,
    isPasswordFromAdmin: encryptedPassword !== null,
  })
  return {
    user: { ...user, email, uid: 0, confirmedAt: null },
    isNew: true,
    identities: [contactIdentity(current, id, 'email', { email })],
  }
}
