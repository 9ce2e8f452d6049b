/** New accounts: with a password, or anonymous (contract 1.2). */
import type { AuditEntry, Identity } from '../store'
import { auditEntry } from './audit'
import type { Client, Deps } from './deps'
import { requireStrong } from './passwords'
import { Refusal } from './refusal'
import { type IssuedSession, issue, newSession } from './sessions'
import { newUser, normaliseEmail, normalisePhone, ownIdentity, providersMetadata, storableMetadata } from './users'

export interface SignUp {
  email: string | undefined
  phone: string | undefined
  password: string
  /** The user's own metadata. */
  data: Record<string, unknown>
  /** Audience of the new user. */
  audience: string
  client: Client
}

/**
 * Makes an account with a password and signs it in.
 * @throws {Refusal} in the order of contract 1.2
 */
export async function signUp(
  deps: Deps,
  { email, phone, password, data, audience, client }: SignUp,
): Promise<IssuedSession> {
  const { policy, clock, random, passwords, limits } = deps
  limits.request('signUps', client.ip)
  if (policy.signup.disabled) throw new Refusal('signup_disabled')
  if (password === '') throw new Refusal('password_missing')
  requireStrong(policy, password)
  if (email && phone) throw new Refusal('email_and_phone_at_signup')
  const contact = phone ? phoneContact(deps, phone) : emailContact(deps, email ?? '')
  const metadata = storableMetadata(data)
  // Hashed before anybody looks whether the account exists, so that both take as long.
  const encryptedPassword = await passwords.hash(password)
  const now = clock.now()
  const id = random.uuid()
  const identity = ownIdentity(deps, now, id, contact.provider, { ...metadata, ...contact.identityData })
  // The identity stays unverified: nobody has shown yet that the address is theirs.
  const rawUserMetaData = { ...identity.identityData, email_verified: contact.provider === 'email' }
  const user = newUser(deps, now, {
    id,
    aud: audience,
    encryptedPassword,
    ...contact.columns(now),
    lastSignInAt: now,
    rawAppMetaData: providersMetadata([contact.provider]),
    rawUserMetaData,
  })
  const session = newSession(deps, now, id, 'password', client)
  const audit = [
    auditEntry(deps, now, 'user_signedup', user, { provider: contact.provider }),
    auditEntry(deps, now, 'login', user, { provider: contact.provider }),
  ]
  const registered = await deps.store.registerUser({ user, identities: [identity], session: session.row, audit })
  if (registered.outcome !== 'registered') {
    await deps.store.appendAudit([
      auditEntry(deps, now, 'user_repeated_signup', registered.user, { provider: contact.provider }),
    ])
    throw new Refusal('user_exists')
  }
  // GoTrue answers a sign-up with one map in both places, though it stores two
  const shown = { ...registered.opened, identities: [{ ...identity, identityData: rawUserMetaData }] }
  return issue(deps, now, shown, session.key)
}

/** Makes an account with nothing to sign in with but the session it gets. */
export async function signUpAnonymously(
  deps: Deps,
  { data, audience, client }: Pick<SignUp, 'data' | 'audience' | 'client'>,
): Promise<IssuedSession> {
  const { policy, clock, random, limits } = deps
  if (!policy.signup.anonymous) throw new Refusal('anonymous_disabled')
  if (policy.signup.disabled) throw new Refusal('signup_disabled')
  limits.request('anonymous', client.ip)
  const now = clock.now()
  const id = random.uuid()
  const user = newUser(deps, now, {
    id,
    aud: audience,
    isAnonymous: true,
    lastSignInAt: now,
    rawUserMetaData: storableMetadata(data),
  })
  const session = newSession(deps, now, id, 'anonymous', client)
  const audit: AuditEntry[] = [auditEntry(deps, now, 'login', user)]
  const identities: Identity[] = []
  const registered = await deps.store.registerUser({ user, identities, session: session.row, audit })
  if (registered.outcome !== 'registered') throw new Error(`a fresh id was taken: ${registered.outcome}`)
  return issue(deps, now, registered.opened, session.key)
}

interface Contact {
  provider: 'email' | 'phone'
  columns(now: number): { email?: string; phone?: string; emailConfirmedAt?: number; phoneConfirmedAt?: number }
  identityData: Record<string, string | boolean>
}

function emailContact({ policy }: Deps, text: string): Contact {
  if (!policy.signup.email) throw new Refusal('email_signup_disabled')
  const email = normaliseEmail(text)
  if (!policy.signup.confirmsEmail) throw new Refusal('confirmation_mail_failed')
  return {
    provider: 'email',
    columns: (now) => ({ email, emailConfirmedAt: now }),
    identityData: { email, email_verified: false, phone_verified: false },
  }
}

function phoneContact({ policy }: Deps, text: string): Contact {
  if (!policy.signup.phone) throw new Refusal('phone_signup_disabled')
  const phone = normalisePhone(text)
  if (!policy.signup.confirmsPhone) throw new Refusal('sms_unavailable')
  // GoTrue leaves the number and its confirmation out of a signed-up phone identity
  return {
    provider: 'phone',
    columns: (now) => ({ phone, phoneConfirmedAt: now }),
    identityData: { email_verified: false, phone_verified: false },
  }
}
