/** The effect of each kind of link or code, applied together with consuming it (`/verify`). */
import type {
  AuditEntry,
  ConfirmationResult,
  NewMessage,
  NewSession,
  OpenedSession,
  TokenUse,
  User,
  VerificationToken,
} from '../../store'
import { pendingContacts } from '../accounts/pending-contacts'
import { type Action, auditEntry } from '../kernel/audit'
import { type Context, withCurrentTime } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { prepareNotice } from '../messages/mail'
import { randomPassword } from '../passwords/passwords'
import { isFirstConfirmation, preHijackCleanup } from '../users/pre-hijack'
import { hasVerifiedFactor } from '../users/second-factor-status'
import { contactIdentity } from '../users/users'

/** A link or code about to be used. */
export interface Verification {
  user: User
  token: VerificationToken
  tokenUse: TokenUse
  /** Set along with it. */
  password?: string | undefined
}

/** Confirms the account's own address. @returns the session, if `result` asks for one */
export async function confirmEmail(
  context: Context,
  verification: Verification,
  result: ConfirmationResult,
): Promise<OpenedSession | undefined> {
  const { user, token, tokenUse } = verification
  const encryptedPassword = await newPasswordHash(context, verification)
  const current = withCurrentTime(context)
  const email = requireSameAddress(user.email, token.email)
  const isSignUp = token.kind === 'signup' || token.kind === 'invite'
  const isNew = isSignUp || user.emailConfirmedAt === null
  const confirmed = await context.store.confirmEmail({
    id: user.id,
    now: current.now,
    tokenUse,
    identity: isSignUp ? contactIdentity(current, user.id, 'email', { email, email_verified: true }) : undefined,
    userMetaData: isNew ? { email_verified: true } : {},
    cleanup: preHijackCleanup(current, user, token),
    encryptedPassword,
    result,
    messages: passwordNotice(current, verification),
    audit: auditEntries(current, user, isNew ? 'user_signedup' : undefined, 'session' in result),
  })
  if (confirmed.outcome !== 'changed') throw verificationRefusal(confirmed.outcome)
  return confirmed.opened
}

/** Replaces the account's address with the pending one. @param result undefined if it opens no session */
export async function confirmNewEmail(
  context: Context,
  verification: Verification,
  result: ConfirmationResult | undefined,
): Promise<OpenedSession | undefined> {
  const { user, token, tokenUse } = verification
  const encryptedPassword = await newPasswordHash(context, verification)
  const current = withCurrentTime(context)
  const email = requireSameAddress(pendingContacts(user, current.now).email, token.payload)
  const confirmed = await context.store.confirmEmailChange({
    id: user.id,
    now: current.now,
    tokenUse,
    email,
    identity: contactIdentity(current, user.id, 'email', { email, email_verified: true }),
    encryptedPassword,
    result,
    messages: prepareNotice(current, {
      template: 'email_changed_notification',
      user,
      to: user.email,
      values: { OldEmail: user.email ?? '', Email: email },
    }),
    audit: auditEntries(current, user, 'user_modified', result !== undefined && 'session' in result),
  })
  if (confirmed.outcome !== 'changed') throw verificationRefusal(confirmed.outcome)
  return confirmed.opened
}

/** Confirms the account's own number. @param verification without a token for the fixed code of a test number */
export async function confirmPhone(
  context: Context,
  verification: Verification | { user: User; token?: undefined; tokenUse?: undefined; password?: undefined },
  session: NewSession,
): Promise<OpenedSession> {
  const { user, token, tokenUse } = verification
  const encryptedPassword = await newPasswordHash(context, verification)
  const current = withCurrentTime(context)
  if (token) requireSameAddress(user.phone, token.phone)
  const confirmed = await context.store.confirmPhone({
    id: user.id,
    now: current.now,
    tokenUse,
    encryptedPassword,
    session,
    messages: passwordNotice(current, verification),
    audit: auditEntries(current, user, user.phoneConfirmedAt === null ? 'user_signedup' : undefined, true),
  })
  if (confirmed.outcome !== 'changed') throw verificationRefusal(confirmed.outcome)
  return confirmed.opened
}

/** Replaces the account's number with the pending one. */
export async function confirmNewPhone(
  context: Context,
  verification: Verification,
  session: NewSession,
): Promise<OpenedSession> {
  const { user, token, tokenUse } = verification
  const encryptedPassword = await newPasswordHash(context, verification)
  const current = withCurrentTime(context)
  const phone = requireSameAddress(pendingContacts(user, current.now).phone, token.phone)
  const confirmed = await context.store.confirmPhoneChange({
    id: user.id,
    now: current.now,
    tokenUse,
    phone,
    identity: contactIdentity(current, user.id, 'phone', { phone, phone_verified: true }),
    encryptedPassword,
    session,
    messages: prepareNotice(current, {
      template: 'phone_changed_notification',
      user,
      to: user.email,
      values: { OldPhone: user.phone ?? '', Phone: phone },
    }),
    audit: auditEntries(current, user, 'user_modified', true),
  })
  if (confirmed.outcome !== 'changed') throw verificationRefusal(confirmed.outcome)
  return confirmed.opened
}

/** The hash of the password to set, if there is one; an invited account without a password gets a random one. */
async function newPasswordHash(
  context: Context,
  { user, token, password }: Partial<Verification> & { user: User },
): Promise<string | undefined> {
  const { passwords } = context
  // A stolen inbox does not include the second factor (docs/decisions.md#d3).
  if (password !== undefined && !isFirstConfirmation(user, token) && (await hasVerifiedFactor(context, user)))
    throw new Refusal('aal_too_low')
  const isInvited = token?.kind === 'invite' && user.encryptedPassword === null && password === undefined
  const secret = isInvited ? randomPassword(context) : password
  return secret === undefined ? undefined : passwords.hash(secret)
}

/** A token for an address that the account no longer has or wants is invalid. */
export function requireSameAddress(present: string | null, proven: string | null): string {
  if (present === null || present !== proven) throw new Refusal('token_unknown')
  return present
}

const passwordNotice = (context: Context, { user, password }: Pick<Verification, 'user' | 'password'>): NewMessage[] =>
  password === undefined
    ? []
    : prepareNotice(context, { template: 'password_changed_notification', user, to: user.email })

const auditEntries = (context: Context, user: User, action: Action | undefined, isSignIn: boolean): AuditEntry[] => [
  ...(action ? [auditEntry(context, action, user)] : []),
  ...(isSignIn ? [auditEntry(context, 'login', user)] : []),
]

type Outcome = Awaited<
  ReturnType<
    Context['store'][
      | 'confirmEmail'
      | 'confirmEmailChange'
      | 'confirmFirstAddress'
      | 'confirmPhone'
      | 'confirmPhoneChange']
  >
>['outcome']

export function verificationRefusal(outcome: Exclude<Outcome, 'changed' | 'changed_concurrently'>): Refusal {
  if (outcome === 'flow_gone') return new Refusal('flow_missing')
  return new Refusal(outcome === 'user_gone' ? 'token_unknown' : outcome)
}
