/**
 * The first administrator (docs/admin-api.md#first-administrator): made with a token that only the operator sees, because
 * it is printed where the server was started.
 */
import { providersMetadata } from '../../lib/account-metadata'
import { HOUR } from '../../lib/milliseconds'
import { hmacSha256, secretEqual } from '../../lib/secrets'
import { auditEntry } from '../kernel/audit'
import { type Context, withCurrentTime } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { requireStrongPassword } from '../passwords/password-strength'
import { type IssuedSession, issueFirstTokens, newSession } from '../sessions/issue-tokens'
import { contactIdentity, newUser, normalizeEmail } from '../users/users'

const TOKEN_BYTES = 32
/** How long the printed link works. */
export const SETUP_LINK_MS = 24 * HOUR

/**
 * At start: makes a token if there never was an administrator. Earlier ones stop working.
 * @returns it in plaintext, to be printed once
 */
export async function openSetup({ store, random, peppers, now }: Context): Promise<string | undefined> {
  const token = random.bytes(TOKEN_BYTES).toString('base64url')
  const isOpen = await store.openSetup({ tokenHash: hashOf(peppers[0], token), expiresAt: now + SETUP_LINK_MS })
  return isOpen ? token : undefined
}

/** Whether a token is waiting to be used. */
export async function isSetupOpen({ store, now }: Context): Promise<boolean> {
  const pending = await store.findSetup()
  return pending !== undefined && pending.expiresAt > now
}

export interface Setup {
  token: string
  email: string
  password: string
  audience: string
}

/** @throws {Refusal} `setup_refused` for every token that does not work, before anything else is checked */
export async function setUpAdministrator(context: Context, setup: Setup): Promise<IssuedSession> {
  const { store, limits, passwords, peppers, random, client } = context
  limits.request('tokens', client.ip)
  const pending = await store.findSetup()
  const tokenHash = peppers
    .map((pepper) => hashOf(pepper, setup.token))
    .find((hash) => secretEqual(hash, pending?.tokenHash ?? ''))
  if (!pending || tokenHash === undefined || pending.expiresAt <= context.now) throw new Refusal('setup_refused')
  const email = normalizeEmail(setup.email)
  await requireStrongPassword(context, setup.password)
  if (setup.password === '') throw new Refusal('password_missing')
  const encryptedPassword = await passwords.hash(setup.password)
  const current = withCurrentTime(context)
  const { now } = current
  const id = random.uuid()
  const identity = contactIdentity(current, id, 'email', { email, email_verified: true })
  const user = newUser(current, {
    id,
    aud: setup.audience,
    email,
    emailConfirmedAt: now,
    encryptedPassword,
    lastSignInAt: now,
    rawAppMetaData: providersMetadata(['email']),
    rawUserMetaData: identity.identityData,
  })
  const session = newSession(current, id, 'password')
  const audit = [
    auditEntry(current, 'user_signedup', user, { provider: 'email' }),
    auditEntry(current, 'role_granted', user, { user_id: id, role: 'admin' }),
    auditEntry(current, 'login', user, { provider: 'email' }),
  ]
  const made = await store.createFirstAdministrator({
    tokenHash,
    user,
    identities: [identity],
    session: session.row,
    audit,
  })
  if (made.outcome === 'not_open') throw new Refusal('setup_refused')
  if (made.outcome !== 'registered') throw new Refusal('email_taken')
  return issueFirstTokens(current, made.opened, session)
}

const hashOf = (pepper: Buffer, token: string) => hmacSha256(pepper, `setup ${token}`).toString('hex')
