/**
 * Sign-in with a provider account: the local account, the changes to it, and the session
 * (docs/wire-contract.md#account-linking).
 */
import { providersMetadata } from '../../lib/account-metadata'
import type { AuthenticationMethod } from '../../lib/assurance'
import { isInFuture, isWithin } from '../../lib/time'
import type {
  ConfirmationRequest,
  ConsumingGrant,
  FlowState,
  OpenedSession,
  SingleUse,
  UnconfirmedCleanup,
  UsedUp,
  User,
} from '../../store'
import { callAfterUserCreated } from '../hooks/after-user-created'
import { requireUserAllowed } from '../hooks/before-user-created'
import { auditEntry } from '../kernel/audit'
import { type Context, withCurrentTime } from '../kernel/context'
import type { ProviderTokens } from '../kernel/ports'
import { Refusal } from '../kernel/refusal'
import { prepareMail } from '../messages/mail'
import { callOrWithdraw, idsOf, sendConfirmation, withdrawNewAccount } from '../messages/store-then-send'
import { mintMailToken } from '../messages/verification-mail'
import { type IssuedSession, issueFirstTokens, newSession } from '../sessions/issue-tokens'
import { type CodeChallenge, newAuthCode, newFlow, sealProviderTokens } from '../tokens/pkce'
import { identityPayload, mayBePreHijacked } from '../users/pre-hijack'
import { dropUnconfirmedPassword, newUser } from '../users/users'
import { DEFAULT_DOMAIN, type ExternalAccount, externalIdentity, linkingDomain, resolveOwner } from './account-matching'

export interface ExternalSignIn {
  account: ExternalAccount
  method: AuthenticationMethod
  /** Whether accounts without an address are allowed. */
  isEmailOptional: boolean
  tokens: ProviderTokens | undefined
  /** The single-use credential that the sign-in consumes, and the refusal if it was already used. */
  once?: { use: SingleUse; refusal: Refusal } | undefined
  /** Set in the PKCE flow, which ends with a code. */
  challenge: CodeChallenge | undefined
  /** Where the confirmation link redirects to. */
  redirectTo: string
}

export type SignInResult = { outcome: 'session'; issued: IssuedSession } | { outcome: 'code'; code: string }

/** How often a sign-in is retried if a concurrent request changed the same account. */
const MAX_TRIES = 4

/** Signs in to the account that matches a provider's, or creates one. */
export async function signInExternally(context: Context, signIn: ExternalSignIn): Promise<SignInResult> {
  const { account, isEmailOptional } = signIn
  if (!account.candidate && !isEmailOptional) throw new Refusal('oauth_email_missing')
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const current = withCurrentTime(context)
    const owner = await resolveOwner(current, account)
    const arrived =
      owner.decision === 'new'
        ? await signUpAccount(current, signIn, owner.email)
        : await signInToAccount(current, signIn, owner.user)
    if (arrived) return arrived
  }
  throw new Error('an account kept changing during a sign-in')
}

/** @returns undefined if a concurrent request created it first */
async function signUpAccount(
  arriving: Context,
  signIn: ExternalSignIn,
  email: string | null,
): Promise<SignInResult | undefined> {
  const { account } = signIn
  const id = arriving.random.uuid()
  const proposed = {
    id,
    aud: arriving.policy.audience,
    email,
    rawAppMetaData: providersMetadata([account.provider]),
    rawUserMetaData: externalIdentity(arriving, id, account).identityData,
  }
  const context = await requireUserAllowed(arriving, proposed)
  const { policy, store, now } = context
  const identity = externalIdentity(context, id, account)
  const isProven = email !== null && (account.candidate?.isVerified || policy.signup.autoconfirmsEmail)
  const user = newUser(context, {
    ...proposed,
    emailConfirmedAt: isProven ? now : null,
    isSsoUser: linkingDomain(policy, account.provider) !== DEFAULT_DOMAIN,
  })
  const shown: User = { ...user, uid: 0, confirmedAt: null }
  const confirmation = isProven ? undefined : await confirmationFor(context, signIn, shown)
  const isSignedIn = isProven || maySignIn(context, signIn, confirmation)
  const ending = isSignedIn ? endingFor(context, signIn, id) : undefined
  const stored = ending && storedEnding(ending, signIn)
  const { mint = [], messages = [], call } = confirmation ?? {}
  const audit = [auditEntry(context, 'user_signedup', user, { provider: account.provider })]
  const created = await store.createUserWithIdentity({
    user: { ...user, confirmationSentAt: confirmation ? now : null },
    identity,
    mint,
    messages,
    ending: call ? undefined : stored,
    audit: call ? [] : audit,
  })
  if (created.outcome === 'used_before') throw alreadyUsedError(signIn)
  if (created.outcome !== 'created') return undefined
  let { opened } = created
  if (call) {
    await callOrWithdraw(context, call, () => withdrawNewAccount(context, created.account, { mint }))
    const completed = await store.completeIdentitySignUp({ id, now, ending: stored, audit })
    if (completed.outcome !== 'changed')
      throw completed.outcome === 'used_before' ? alreadyUsedError(signIn) : new Refusal(completed.outcome)
    opened = completed.opened
  }
  if (!ending) throw unconfirmedRefusal(account, confirmation !== undefined)
  await callAfterUserCreated(context, created.account.user)
  return finishSignIn(context, signIn, ending, opened)
}

/** @returns undefined if the account was changed concurrently */
async function signInToAccount(
  context: Context,
  signIn: ExternalSignIn,
  user: User,
): Promise<SignInResult | undefined> {
  const { account } = signIn
  const { store, now } = context
  if (isInFuture(user.bannedUntil, now)) throw new Refusal('user_banned')
  const identity = externalIdentity(context, user.id, account)
  const isConfirmed = user.emailConfirmedAt !== null || !account.candidate
  const proof = isConfirmed ? undefined : await proveOwnership(context, signIn, user)
  const { confirmation } = proof ?? {}
  const isSignedIn = isConfirmed || proof?.confirmedEmail !== undefined || maySignIn(context, signIn, confirmation)
  const ending = isSignedIn ? endingFor(context, signIn, user.id) : undefined
  const isSent = confirmation?.call
    ? await sendConfirmation(context, { user, call: confirmation.call, mint: confirmation.mint })
    : true
  if (!isSent) return undefined
  const signedIn = await store.signInWithIdentity({
    id: user.id,
    now,
    before: { email: user.email, emailConfirmedAt: user.emailConfirmedAt },
    identity,
    confirmation: proof && confirmationOf(proof),
    cleanup: proof && isUnconfirmed(user) ? unconfirmedCleanup(user) : undefined,
    ending: ending && storedEnding(ending, signIn),
    audit: ending && 'session' in ending ? [auditEntry(context, 'login', user, { provider: account.provider })] : [],
  })
  switch (signedIn.outcome) {
    case 'changed':
      if (!ending) throw unconfirmedRefusal(account, confirmation !== undefined)
      // GoTrue calls it for every sign-in that comes from a provider's page.
      if (signIn.once?.use.kind === 'oauth_state') await callAfterUserCreated(context, user)
      return finishSignIn(context, signIn, ending, signedIn.opened)
    case 'used_before':
      throw alreadyUsedError(signIn)
    case 'user_banned':
    case 'metadata_too_large':
      throw new Refusal(signedIn.outcome)
    case 'changed_concurrently':
    case 'identity_of_another':
    case 'email_taken':
    case 'user_gone':
      return undefined
  }
}

/**
 * Whether someone else may have created the account with this address: no address or number was ever confirmed. Its
 * contents are removed when the owner arrives (docs/threat-model.md#t46).
 */
const isUnconfirmed = (user: User) => mayBePreHijacked(user) && user.email !== null

const unconfirmedCleanup = (user: User): UnconfirmedCleanup => ({
  dropsPassword: dropUnconfirmedPassword(user).encryptedPassword === null,
  userMetaData: user.adminUserMetaData,
})

type ConfirmationMail = Awaited<ReturnType<typeof confirmationFor>>

/** How an unconfirmed account gets confirmed: by this sign-in, or by a mail. */
type OwnershipProof =
  | { confirmedEmail: string; confirmation?: undefined }
  | { confirmedEmail?: undefined; confirmation: ConfirmationMail }

async function proveOwnership(context: Context, signIn: ExternalSignIn, user: User): Promise<OwnershipProof> {
  const { emails, candidate } = signIn.account
  const verified = emails.flatMap(({ address, isVerified }) => (isVerified ? [address] : []))
  if (user.email !== null) {
    const isProven = verified.includes(user.email) || context.policy.signup.autoconfirmsEmail
    return isProven ? { confirmedEmail: user.email } : { confirmation: await confirmationFor(context, signIn, user) }
  }
  const isFree = candidate?.isVerified && (await context.store.findUserByEmail(candidate.address)) === undefined
  return isFree ? { confirmedEmail: candidate.address } : { confirmation: undefined }
}

/** The part of the proof to store. A mail that a hook has taken is stored already. */
function confirmationOf({
  confirmedEmail,
  confirmation,
}: OwnershipProof): ConfirmationRequest | { confirmedEmail: string } | undefined {
  if (confirmedEmail !== undefined) return { confirmedEmail }
  if (!confirmation) return undefined
  const { mint, messages, call } = confirmation
  return call ? { mint: [], messages: [], keeps: idsOf(mint) } : { mint, messages, keeps: [] }
}

/** The confirmation mail, with a link of the implicit flow; undefined if none can be sent now. */
async function confirmationFor(context: Context, { redirectTo, account }: ExternalSignIn, user: User) {
  const { now } = context
  const { email, confirmationSentAt: sentAt } = user
  if (email === null) return undefined
  if (isWithin(sentAt, context.policy.mail.cooldownMs, now)) return { mint: [], messages: [], call: undefined }
  const recipient = { ...user, email, confirmationSentAt: now }
  const payload = identityPayload({ provider: account.provider, providerId: account.profile.claims.sub })
  const { token } = mintMailToken(context, { user: recipient, purpose: 'signup', challenge: undefined, payload })
  const copies = [{ to: email, token }]
  const outgoing = await prepareMail(context, {
    template: 'confirmation',
    user: recipient,
    copies,
    redirectTo,
  })
  return { mint: [token.minting], messages: outgoing.messages, call: outgoing.call }
}

/** Whether a user with an unconfirmed address is signed in anyway. */
const maySignIn = ({ policy }: Context, { account, isEmailOptional }: ExternalSignIn, confirmation: ConfirmationMail) =>
  (isEmailOptional && !account.candidate) ||
  (policy.oauth.allowsUnverified && confirmation !== undefined) ||
  (policy.signup.autoconfirmsEmail && confirmation === undefined)

const unconfirmedRefusal = ({ provider }: ExternalAccount, wasAsked: boolean) =>
  new Refusal(wasAsked ? 'provider_email_unverified' : 'provider_email_unusable', { detail: provider })

/** Another request has already consumed the credential of this one. */
export const alreadyUsedError = ({ once }: Pick<ExternalSignIn, 'once'>): Error =>
  once?.refusal ?? new Error('a sign-in that consumes nothing was refused as already used')

/** The result of a sign-in: a session, or a flow whose code is exchanged for one. */
export type Ending = { session: ReturnType<typeof newSession> } | { flow: FlowState; code: string }

export function endingFor(
  context: Context,
  { challenge, method, tokens }: Pick<ExternalSignIn, 'challenge' | 'method' | 'tokens'>,
  userId: string,
): Ending {
  if (!challenge) return { session: newSession(context, userId, method) }
  const { code, hash } = newAuthCode(context)
  const flow = newFlow(context, userId, challenge, method)
  const providerTokens = tokens ? sealProviderTokens(context, flow.id, tokens) : null
  return { flow: { ...flow, authCodeHash: hash, authCodeIssuedAt: context.now, providerTokens }, code }
}

export const storedEnding = (ending: Ending, { once }: Pick<ExternalSignIn, 'once'>): ConsumingGrant =>
  'session' in ending ? { session: ending.session.row, use: once?.use } : { flow: ending.flow, use: once?.use }

/** @param used what was used up besides `once` */
export async function finishSignIn(
  context: Context,
  { tokens, once }: Pick<ExternalSignIn, 'tokens' | 'once'>,
  ending: Ending,
  opened: OpenedSession | undefined,
  used: readonly UsedUp[] = [],
): Promise<SignInResult> {
  if ('code' in ending) return { outcome: 'code', code: ending.code }
  if (!opened) throw new Error('a sign-in opened no session')
  const issued = await issueFirstTokens(context, opened, ending.session, [...used, ...(once ? [once.use] : [])])
  return { outcome: 'session', issued: { ...issued, providerTokens: tokens } }
}
