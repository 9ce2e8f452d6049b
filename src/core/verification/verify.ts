/** Consuming links and codes (`GET` and `POST /verify`): their effects, and the resulting session. */
import { secretEqual } from '../../lib/secrets'
import type { Spending, User, VerificationKind, VerificationToken } from '../../store'
import { type Context, withCurrentTime } from '../kernel/context'
import { isTokenRefusal, Refusal } from '../kernel/refusal'
import { testCode } from '../messages/sms'
import { requireStrong } from '../passwords/password-strength'
import { type IssuedSession, issueTokens, newSession } from '../sessions/sessions'
import { newAuthCode } from '../tokens/pkce'
import { findToken, findTokenByCode, PKCE_PREFIX } from '../tokens/verification-token'
import { normaliseEmail, normalisePhone } from '../users/users'
import { applyVerification, type Completion, refusalOf, requireSameAddress } from './effects'

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
  const kinds = Object.hasOwn(MAIL_KINDS, type) ? MAIL_KINDS[type] : undefined
  if (!kinds) throw new Refusal('verify_type_unknown')
  if (password !== undefined) await requireStrong(context, password)
  try {
    const current = withCurrentTime(context)
    const { token, spend } = await findToken(current, { plaintext, family: 'supabase', kinds })
    if (asCode && token.kind !== (FLOW_KINDS[type] ?? token.kind)) throw new Refusal('flow_missing')
    return await spendToken(current, { token, spend, password, asCode })
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
  context.limits.request('verifications', context.client.ip)
  if (password !== undefined) await requireStrong(context, password)
  const { to, kinds } = addressed(shown)
  if (!kinds) throw new Refusal('code_wrong')
  const testUser = to.phone === undefined ? undefined : await testNumberUser(context, to.phone, code, type)
  if (testUser && testUser.aud !== audience) throw new Refusal('code_wrong')
  if (testUser) return completeVerification(context, { user: testUser, kind: kinds[0] as VerificationKind })
  try {
    const { token, spend, refund } = await findTokenByCode(context, { to, code, kinds })
    try {
      // An SMS provider may have checked the code.
      const verified = await spendToken(withCurrentTime(context), { token, spend, password, audience, asCode: false })
      refund()
      return verified
    } catch (error) {
      // A correct code is not a guess, even if it is refused for another reason.
      if (!isTokenRefusal(error)) refund()
      throw error
    }
  } catch (error) {
    throw isTokenRefusal(error) ? new Refusal('code_wrong') : error
  }
}

function addressed({ email, phone, type }: CodeVerification) {
  const kindsOf = (table: Record<string, VerificationKind[]>) => (Object.hasOwn(table, type) ? table[type] : undefined)
  if (phone) return { to: { phone: normalisePhone(phone) }, kinds: kindsOf(PHONE_KINDS) }
  try {
    return { to: { email: normaliseEmail(email ?? '') }, kinds: kindsOf(MAIL_KINDS) }
  } catch {
    throw new Refusal('verify_email_malformed')
  }
}

/** The user of a test number whose fixed code was given; no prior request is needed (GoTrue's SMS_TEST_OTP). */
async function testNumberUser(context: Context, phone: string, code: string, type: string): Promise<User | undefined> {
  const fixed = testCode(context, phone)
  if (type !== 'sms' || fixed === undefined) return undefined
  const takeBack = context.limits.code(phone)
  if (!secretEqual(fixed, code)) throw new Refusal('code_wrong')
  takeBack()
  return context.store.findUserByPhone(phone)
}

interface TokenVerification {
  token: VerificationToken
  spend: Spending
  password?: string | undefined
  /** The audience that the user must belong to; undefined for any. */
  audience?: string
  asCode: boolean
}

/** Confirms a new address without a session. @returns `pending` while the other address has to confirm */
export async function confirmNewEmail(
  context: Context,
  shown: Pick<TokenVerification, 'token' | 'spend'> & { user: User },
): Promise<'pending' | 'changed'> {
  const { token, spend, user } = shown
  if (isFirstOfTwo(context, user, token)) {
    if (await confirmFirstOfTwo(context, user, token, spend)) return 'pending'
    const again = await context.store.findUser(user.id)
    if (again) return confirmNewEmail(context, { ...shown, user: again })
  }
  await applyVerification(context, { user, kind: token.kind, token, spend }, {})
  return 'changed'
}

async function spendToken(context: Context, shown: TokenVerification): Promise<VerificationResult> {
  const { token, spend, password, audience, asCode } = shown
  const user = token.userId === null ? undefined : await context.store.findUser(token.userId)
  if (!user || user.aud !== (audience ?? user.aud)) throw new Refusal('token_unknown')
  // If the other confirmation arrived concurrently, this one is the second.
  if (token.kind === 'email_change' && isFirstOfTwo(context, user, token))
    return (await confirmFirstOfTwo(context, user, token, spend)) ?? spendToken(context, shown)
  const flowId = asCode ? token.flowStateId : null
  if (asCode && flowId === null) throw new Refusal('flow_missing')
  return completeVerification(context, { user, kind: token.kind, token, spend, password }, flowId)
}

/**
 * With secure email change the first confirmation is only recorded. With autoconfirm the new address alone is enough,
 * as in GoTrue; the current one alone is not, because it proves nothing about the new one.
 */
function isFirstOfTwo({ policy }: Context, user: User, token: VerificationToken): boolean {
  const isOpen = policy.mail.secureChange && user.email !== null && user.emailChangeConfirmStatus === 0
  return isOpen && (!policy.signup.autoconfirmsEmail || token.email === user.email)
}

async function confirmFirstOfTwo(
  context: Context,
  user: User,
  token: VerificationToken,
  spend: Spending,
): Promise<VerificationResult | undefined> {
  requireSameAddress(user.emailChange, token.payload)
  const changed = await context.store.changeUser({
    ...{ id: user.id, now: context.now, spend, actor: { sessionId: undefined } },
    set: { emailChangeConfirmStatus: 1 },
    onlyIf: { emailChange: user.emailChange, emailChangeConfirmStatus: 0 },
    audit: [],
  })
  if (changed.outcome === 'changed') return { outcome: 'half_confirmed' }
  if (changed.outcome === 'changed_concurrently') return undefined
  throw refusalOf(changed.outcome)
}

/** @param flowId results in a code of this flow instead of a session */
async function completeVerification(
  context: Context,
  completion: Completion,
  flowId: string | null = null,
): Promise<VerificationResult> {
  const { user } = completion
  const session = flowId ? undefined : newSession(context, user.id, 'otp')
  const authCode = flowId ? newAuthCode(context) : undefined
  const opened = await applyVerification(context, completion, {
    session: session?.row,
    ...(authCode && flowId && { authCode: { flowId, hash: authCode.hash } }),
  })
  if (authCode) return { outcome: 'code', code: authCode.code }
  if (!session || !opened) throw new Error('a verification opened no session')
  return { outcome: 'signed_in', issued: await issueTokens(context, opened, session.key), kind: completion.kind }
}

/** Supabase's surface does not distinguish token errors. */
function asLinkError(error: unknown): unknown {
  return isTokenRefusal(error) ? new Refusal('link_invalid') : error
}
