/** Consuming links and codes (`GET` and `POST /verify`): their effects, and the resulting session. */
import { secretEqual } from '../../lib/secrets'
import type {
  NewSession,
  OpenedSession,
  TokenUse,
  UsedUp,
  User,
  VerificationKind,
  VerificationToken,
} from '../../store'
import { asksBothAddresses, needsBothAddresses } from '../accounts/contact-change'
import { pendingContacts } from '../accounts/pending-contacts'
import { type Context, withCurrentTime } from '../kernel/context'
import { isTokenRefusal, Refusal } from '../kernel/refusal'
import { noteAccount, noteAttempt } from '../kernel/request-facts'
import { requireStrongPassword } from '../passwords/password-strength'
import { type IssuedSession, issueFirstTokens, newSession } from '../sessions/issue-tokens'
import { newAuthCode } from '../tokens/pkce'
import { testCode } from '../tokens/sms-codes'
import { PKCE_PREFIX } from '../tokens/verification-record'
import { findToken, findTokenByCode } from '../tokens/verification-token'
import { normalizeEmail, normalizePhone } from '../users/users'
import {
  confirmEmail,
  confirmNewEmail,
  confirmNewPhone,
  confirmPhone,
  requireSameAddress,
  type Verification,
  verificationRefusal,
} from './effects'

/**
 * The kinds accepted for each `type`; magic link and recovery share one, as do sign-up and invitation
 * (docs/decisions.md#d14).
 */
const MAIL_KINDS: Record<string, VerificationKind[]> = {
  signup: ['signup', 'invite'],
  invite: ['signup', 'invite'],
  magiclink: ['magic_link', 'password_reset'],
  recovery: ['magic_link', 'password_reset'],
  email: ['signup', 'invite', 'magic_link', 'password_reset'],
  email_change: ['email_change'],
}

/** The purpose of a PKCE link, by the `type` it is opened with: a flow belongs to one purpose. */
const FLOW_KINDS: Record<string, VerificationKind> = {
  signup: 'signup',
  invite: 'invite',
  magiclink: 'magic_link',
  recovery: 'password_reset',
  email_change: 'email_change',
}

const PHONE_KINDS: Record<string, VerificationKind[]> = {
  sms: ['phone_confirmation'],
  phone_change: ['phone_change'],
}

export type VerificationResult =
  | { outcome: 'signed_in'; issued: IssuedSession; kind: VerificationKind }
  /** One of two confirmations of a new address was given. */
  | { outcome: 'half_confirmed' }
  /** A code to be exchanged for a session, in the PKCE flow. */
  | { outcome: 'code'; code: string }

export interface FollowedLink {
  token: string
  type: string
}

/** Follows a link. In the PKCE flow it results in a code, otherwise in a session. */
export async function followLink(context: Context, { token, type }: FollowedLink): Promise<VerificationResult> {
  context.limits.request('verifications', context.client.ip)
  return verifyToken(context, { token, type, asCode: token.startsWith(PKCE_PREFIX) })
}

export interface SubmittedToken {
  token: string
  type: string
  /** A new password, set along with it. */
  password?: string | undefined
}

/** Consumes a token hash: always for a session. */
export async function verifyTokenHash(context: Context, shown: SubmittedToken): Promise<VerificationResult> {
  context.limits.request('verifications', context.client.ip)
  return verifyToken(context, { ...shown, asCode: false })
}

async function verifyToken(
  context: Context,
  { token: plaintext, type, password, asCode }: SubmittedToken & { asCode: boolean },
): Promise<VerificationResult> {
  noteAttempt(context, 'otp')
  const kinds = Object.hasOwn(MAIL_KINDS, type) ? MAIL_KINDS[type] : undefined
  if (!kinds) throw new Refusal('verify_type_unknown')
  if (password !== undefined) await requireStrongPassword(context, password)
  try {
    const current = withCurrentTime(context)
    const { token, tokenUse } = await findToken(current, { plaintext, family: 'supabase', kinds })
    if (asCode && token.kind !== (FLOW_KINDS[type] ?? token.kind)) throw new Refusal('flow_missing')
    return await consumeToken(current, { token, tokenUse, password, asCode })
  } catch (error) {
    throw asLinkError(error)
  }
}

/**
 * Recovers an account in one step: the mailed token and a new password (src/surfaces/gotrue/README.md).
 * Only success consumes the token.
 */
export async function recoverDirectly(context: Context, shown: SubmittedToken): Promise<VerificationResult> {
  if (!shown.password) throw new Refusal('recovery_password_missing')
  return verifyTokenHash(context, { ...shown, type: 'recovery' })
}

export interface CodeVerification {
  email: string | undefined
  phone: string | undefined
  code: string
  type: string
  audience: string
  password?: string | undefined
}

/** Consumes a code from a mail or an SMS. */
export async function verifyCode(context: Context, shown: CodeVerification): Promise<VerificationResult> {
  const { code, type, password, audience } = shown
  noteAttempt(context, 'otp')
  context.limits.request('verifications', context.client.ip)
  if (password !== undefined) await requireStrongPassword(context, password)
  const { to, kinds } = addressed(shown)
  if (!kinds) throw new Refusal('code_wrong')
  const testUser = to.phone === undefined ? undefined : await testNumberUser(context, to.phone, code, type)
  if (testUser && testUser.aud !== audience) throw new Refusal('code_wrong')
  if (testUser) {
    const session = newSession(context, testUser.id, 'otp')
    const opened = await confirmPhone(context, { user: testUser }, session.row)
    return signedIn(context, opened, { session, kind: kinds[0] as VerificationKind, used: [] })
  }
  try {
    const { token, tokenUse, refund } = await findTokenByCode(context, { to, code, kinds })
    try {
      // An SMS provider may have checked the code.
      const verified = await consumeToken(withCurrentTime(context), {
        token,
        tokenUse,
        password,
        audience,
        asCode: false,
      })
      await refund()
      return verified
    } catch (error) {
      // A correct code is not a guess, even if it is refused for another reason.
      if (!isTokenRefusal(error)) await refund()
      throw error
    }
  } catch (error) {
    throw isTokenRefusal(error) ? new Refusal('code_wrong') : error
  }
}

function addressed({ email, phone, type }: CodeVerification) {
  const kindsOf = (table: Record<string, VerificationKind[]>) => (Object.hasOwn(table, type) ? table[type] : undefined)
  if (phone) return { to: { phone: normalizePhone(phone) }, kinds: kindsOf(PHONE_KINDS) }
  try {
    return { to: { email: normalizeEmail(email ?? '') }, kinds: kindsOf(MAIL_KINDS) }
  } catch {
    throw new Refusal('verify_email_malformed')
  }
}

/** The user of a test number whose fixed code was given; no prior request is needed (GoTrue's SMS_TEST_OTP). */
async function testNumberUser(context: Context, phone: string, code: string, type: string): Promise<User | undefined> {
  const fixed = testCode(context, phone)
  if (type !== 'sms' || fixed === undefined) return undefined
  const refund = await context.limits.code(phone)
  if (!secretEqual(fixed, code)) throw new Refusal('code_wrong')
  await refund()
  return context.store.findUserByPhone(phone)
}

interface TokenVerification {
  token: VerificationToken
  tokenUse: TokenUse
  password?: string | undefined
  /** The audience that the user must belong to; undefined for any. */
  audience?: string
  asCode: boolean
}

/** Confirms a new address without a session. @returns `pending` while the other address has to confirm */
export async function confirmNewEmailOnly(
  context: Context,
  verification: Verification,
): Promise<'pending' | 'changed'> {
  const { user } = verification
  if (isFirstOfTwo(context, verification)) {
    if (await confirmFirstOfTwo(context, verification)) return 'pending'
    const again = await context.store.findUser(user.id)
    if (again) return confirmNewEmailOnly(context, { ...verification, user: again })
  }
  await confirmNewEmail(context, verification, undefined)
  return 'changed'
}

async function consumeToken(context: Context, shown: TokenVerification): Promise<VerificationResult> {
  const { token, tokenUse, password, audience, asCode } = shown
  const user = token.userId === null ? undefined : await context.store.findUser(token.userId)
  if (user) noteAccount(context, user.id)
  if (!user || user.aud !== (audience ?? user.aud)) throw new Refusal('token_unknown')
  const verification = { user, token, tokenUse, password }
  // If the other confirmation arrived concurrently, this one is the second.
  if (token.kind === 'email_change' && isFirstOfTwo(context, verification))
    return (await confirmFirstOfTwo(context, verification)) ?? consumeToken(context, shown)
  if (!asCode) return signInWith(context, verification)
  if (token.flowStateId === null) throw new Refusal('flow_missing')
  const { code, hash } = newAuthCode(context)
  const confirm = token.kind === 'email_change' ? confirmNewEmail : confirmEmail
  await confirm(context, verification, { authCode: { flowId: token.flowStateId, hash } })
  return { outcome: 'code', code }
}

/**
 * Whether a confirmation is only recorded, because the other address has to confirm too. The current address alone is
 * never enough, because it proves nothing about the new one.
 */
function isFirstOfTwo(context: Context, { user, token }: Verification): boolean {
  if (user.emailChangeConfirmStatus !== 0) return false
  const isOfCurrentAddress = token.email === user.email
  return isOfCurrentAddress ? asksBothAddresses(context, user) : needsBothAddresses(context, user)
}

/** @returns undefined if the other confirmation came first */
async function confirmFirstOfTwo(
  { store, now }: Context,
  { user, token, tokenUse }: Verification,
): Promise<VerificationResult | undefined> {
  const emailChange = requireSameAddress(pendingContacts(user, now).email, token.payload)
  const { outcome } = await store.confirmFirstAddress({ id: user.id, now, tokenUse, emailChange })
  if (outcome === 'changed') return { outcome: 'half_confirmed' }
  if (outcome === 'changed_concurrently') return undefined
  throw verificationRefusal(outcome)
}

async function signInWith(context: Context, verification: Verification): Promise<VerificationResult> {
  const { user, token, password } = verification
  const session = newSession(context, user.id, 'otp')
  const opened = await openWith(context, verification, session.row)
  if (!opened) throw new Error('a verification opened no session')
  const isReusable = REUSABLE.has(token.kind) && password === undefined
  const used = isReusable ? [{ kind: 'token' as const, id: token.id }] : []
  return signedIn(context, opened, { session, kind: token.kind, used })
}

async function openWith(
  context: Context,
  verification: Verification,
  session: NewSession,
): Promise<OpenedSession | undefined> {
  switch (verification.token.kind) {
    case 'phone_confirmation':
      return confirmPhone(context, verification, session)
    case 'phone_change':
      return confirmNewPhone(context, verification, session)
    case 'email_change':
      return confirmNewEmail(context, verification, { session })
    case 'signup':
    case 'invite':
    case 'magic_link':
    case 'password_reset':
      return confirmEmail(context, verification, { session })
    case 'reauthentication':
      throw new Refusal('token_kind_mismatch')
  }
}

/**
 * Kinds whose token is given back if a hook then refuses the session, because their effect may be repeated. A change of
 * an address, a number or a password is not undone, so its token stays used.
 */
const REUSABLE: ReadonlySet<VerificationKind> = new Set<VerificationKind>([
  'signup',
  'invite',
  'magic_link',
  'password_reset',
  'phone_confirmation',
])

const signedIn = async (
  context: Context,
  opened: OpenedSession,
  { session, kind, used }: { session: ReturnType<typeof newSession>; kind: VerificationKind; used: readonly UsedUp[] },
): Promise<VerificationResult> => ({
  outcome: 'signed_in',
  issued: await issueFirstTokens(context, opened, session, used),
  kind,
})

/** Supabase's surface does not distinguish token errors. */
function asLinkError(error: unknown): unknown {
  return isTokenRefusal(error) ? new Refusal('link_invalid') : error
}
