/** Signing in with an account at a provider: the account here, what it loses and gains, and the session (contract 8.2, 8.3). */
import { providersMetadata } from '../../lib/account-metadata'
import { isAhead, isWithin } from '../../lib/time'
import type { FlowState, Opened, SingleUse, User, UserChange } from '../../store'
import { mayBeStrangers, payloadOf, WAYS_IN } from '../accounts/strangers'
import { newUser, withoutUnprovenPassword } from '../accounts/users'
import { auditEntry } from '../audit'
import type { Client, Deps } from '../deps'
import { prepareMail } from '../messages/mail'
import { mintFor } from '../messages/mailed-tokens'
import type { ProviderTokens } from '../ports'
import { Refusal } from '../refusal'
import { type IssuedSession, issue, type Method, newSession } from '../sessions/sessions'
import { type Challenge, newAuthCode, newFlow, sealProviderTokens } from '../sign-in/pkce'
import { DEFAULT_DOMAIN, externalIdentity, linkingDomain, ownerOf, type Stranger } from './owners'

export interface ExternalSignIn {
  stranger: Stranger
  method: Method
  /** Whether an account without an address is one like any other. */
  isEmailOptional: boolean
  tokens: ProviderTokens | undefined
  /** What the sign-in may succeed with once, and the refusal where it was used before. */
  once?: { use: SingleUse; refusal: Refusal } | undefined
  /** Set in the PKCE flow, which ends in a code. */
  challenge: Challenge | undefined
  /** Where the link of a confirmation leads back to. */
  redirectTo: string
  client: Client
}

export type Arrived = { outcome: 'session'; issued: IssuedSession } | { outcome: 'code'; code: string }

/** How often a sign-in is tried anew where another request changed the same account meanwhile. */
const MAX_TRIES = 4

/**
 * @throws {Refusal<'oauth_email_missing' | 'user_banned' | 'signup_disabled' | 'owners_ambiguous' |
 *   'provider_email_unverified' | 'provider_email_unusable' | 'metadata_too_large' | …>}
 */
export async function signInExternally(deps: Deps, signIn: ExternalSignIn): Promise<Arrived> {
  const { stranger, isEmailOptional } = signIn
  if (!stranger.candidate && !isEmailOptional) throw new Refusal('oauth_email_missing')
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const owner = await ownerOf(deps, stranger)
    const arrived =
      owner.decision === 'new' ? await join(deps, signIn, owner.email) : await enter(deps, signIn, owner.user)
    if (arrived) return arrived
  }
  throw new Error('an account kept changing while somebody signed in to it')
}

/** @returns undefined where somebody else was faster */
async function join(deps: Deps, signIn: ExternalSignIn, email: string | null): Promise<Arrived | undefined> {
  const { stranger } = signIn
  const { policy, clock, random, store } = deps
  const now = clock.now()
  const id = random.uuid()
  const identity = externalIdentity(deps, now, id, stranger)
  const isProven = email !== null && (stranger.candidate?.isVerified || policy.signup.confirmsEmail)
  const user = newUser(deps, now, {
    ...{ id, email },
    emailConfirmedAt: isProven ? now : null,
    isSsoUser: linkingDomain(policy, stranger.provider) !== DEFAULT_DOMAIN,
    rawAppMetaData: providersMetadata([stranger.provider]),
    rawUserMetaData: identity.identityData,
  })
  const shown: User = { ...user, uid: 0, confirmedAt: null }
  const asks = isProven ? undefined : await confirmationFor(deps, now, signIn, shown)
  const isIn = isProven || maySignIn(deps, signIn, asks)
  const ending = isIn ? endingOf(deps, now, signIn, id) : undefined
  const created = await store.createUser({
    user: { ...user, confirmationSentAt: asks ? now : null },
    identities: [identity],
    mint: asks?.mint ?? [],
    messages: asks?.messages ?? [],
    flow: ending?.flow,
    session: ending?.session?.row,
    use: ending && signIn.once?.use,
    audit: [auditEntry(deps, now, 'user_signedup', user, { provider: stranger.provider })],
  })
  if (created.outcome === 'used_before') throw usedBefore(signIn)
  if (created.outcome !== 'created') return undefined
  if (!ending) throw unproven(stranger, asks !== undefined)
  return arrive(deps, now, signIn, ending, created.opened)
}

/** @returns undefined where the account was changed meanwhile */
async function enter(deps: Deps, signIn: ExternalSignIn, user: User): Promise<Arrived | undefined> {
  const { stranger } = signIn
  const { clock, store } = deps
  const now = clock.now()
  if (isAhead(user.bannedUntil, now)) throw new Refusal('user_banned')
  const identity = externalIdentity(deps, now, user.id, stranger)
  const isConfirmed = user.emailConfirmedAt !== null || !stranger.candidate
  const proof = isConfirmed ? undefined : await proofFor(deps, now, signIn, user)
  const isIn = isConfirmed || proof?.isProven === true || maySignIn(deps, signIn, proof?.asks)
  const ending = isIn ? endingOf(deps, now, signIn, user.id) : undefined
  const changed = await store.changeUser({
    ...{ id: user.id, now, actor: { sessionId: undefined } },
    onlyIf: { email: user.email, emailConfirmedAt: user.emailConfirmedAt },
    putIdentity: identity,
    profile: identity.identityData,
    describeProviders: providersMetadata,
    set: {},
    ...(proof && { set: proof.set }),
    ...(proof &&
      isAnybodys(user) && {
        ...FORGOTTEN,
        replaceUserMetaData: user.adminUserMetaData,
        set: { ...withoutUnprovenPassword(user), ...proof.set },
      }),
    mint: proof?.asks?.mint ?? [],
    messages: proof?.asks?.messages ?? [],
    flow: ending?.flow,
    session: ending?.session?.row,
    use: ending && signIn.once?.use,
    audit: ending?.session ? [auditEntry(deps, now, 'login', user, { provider: stranger.provider })] : [],
  })
  switch (changed.outcome) {
    case 'changed':
      if (!ending) throw unproven(stranger, proof?.asks !== undefined)
      return arrive(deps, now, signIn, ending, changed.opened)
    case 'used_before':
      throw usedBefore(signIn)
    case 'user_banned':
    case 'metadata_too_large':
      throw new Refusal(changed.outcome)
    case 'changed_meanwhile':
    case 'identity_of_another':
    case 'email_taken':
    case 'user_gone':
      return undefined
    default:
      throw new Error(`a sign-in came out as ${changed.outcome}`)
  }
}

/**
 * Whether somebody may have made the account with another's address, or number: whoever has shown nothing. What it holds
 * is forgotten when the owner comes (security case 46).
 */
const isAnybodys = (user: User) => mayBeStrangers(user) && user.email !== null

const FORGOTTEN = {
  dropIdentities: 'others',
  killTokens: true,
  ...WAYS_IN,
} satisfies Partial<UserChange>

type Asks = Awaited<ReturnType<typeof confirmationFor>>

/** How an account that nobody has confirmed comes to be confirmed by this sign-in, or by a mail. */
async function proofFor(
  deps: Deps,
  now: number,
  signIn: ExternalSignIn,
  user: User,
): Promise<{ isProven: boolean; set: Partial<User>; asks: Asks }> {
  const { emails, candidate } = signIn.stranger
  const verified = emails.flatMap(({ address, isVerified }) => (isVerified ? [address] : []))
  if (user.email !== null) {
    const isProven = verified.includes(user.email) || deps.policy.signup.confirmsEmail
    if (isProven) return { isProven, set: { emailConfirmedAt: now }, asks: undefined }
    const asks = await confirmationFor(deps, now, signIn, user)
    return { isProven, set: asks ? { confirmationSentAt: now } : {}, asks }
  }
  const isFree = candidate?.isVerified && (await deps.store.findUserByEmail(candidate.address)) === undefined
  if (isFree) return { isProven: true, set: { email: candidate.address, emailConfirmedAt: now }, asks: undefined }
  return { isProven: false, set: {}, asks: undefined }
}

/** The mail that asks for a confirmation, with a link of the implicit flow; undefined where none can go out now. */
async function confirmationFor(deps: Deps, now: number, { redirectTo, client, stranger }: ExternalSignIn, user: User) {
  const { email, confirmationSentAt: sentAt } = user
  if (email === null) return undefined
  if (isWithin(sentAt, deps.policy.mail.spacingMs, now)) return { mint: [], messages: [] }
  const recipient = { ...user, email, confirmationSentAt: now }
  const payload = payloadOf({ provider: stranger.provider, providerId: stranger.profile.claims.sub })
  const { token } = mintFor(deps, now, { user: recipient, purpose: 'signup', challenge: undefined, payload })
  const letters = [{ to: email, token }]
  const messages = await prepareMail(deps, now, {
    template: 'confirmation',
    user: recipient,
    letters,
    redirectTo,
    client,
  })
  return { mint: [token.minting], messages }
}

/** Whether somebody whose address nobody has confirmed gets in all the same. */
const maySignIn = ({ policy }: Deps, { stranger, isEmailOptional }: ExternalSignIn, asks: Asks) =>
  (isEmailOptional && !stranger.candidate) ||
  (policy.oauth.allowsUnverified && asks !== undefined) ||
  (policy.signup.confirmsEmail && asks === undefined)

const unproven = ({ provider }: Stranger, wasAsked: boolean) =>
  new Refusal(wasAsked ? 'provider_email_unverified' : 'provider_email_unusable', { detail: provider })

/** Another request has succeeded with what allows this one. */
export const usedBefore = ({ once }: Pick<ExternalSignIn, 'once'>): Error =>
  once?.refusal ?? new Error('a sign-in without a single use was refused for one')

/** What a sign-in ends in: a session, or a flow whose code is exchanged for one. */
export interface Ending {
  session: ReturnType<typeof newSession> | undefined
  flow: FlowState | undefined
  code: string | undefined
}

export function endingOf(
  deps: Deps,
  now: number,
  { challenge, method, client, tokens }: Pick<ExternalSignIn, 'challenge' | 'method' | 'client' | 'tokens'>,
  userId: string,
): Ending {
  if (!challenge) return { session: newSession(deps, now, userId, method, client), flow: undefined, code: undefined }
  const { code, hash } = newAuthCode(deps)
  const flow = newFlow(deps, now, userId, challenge, method)
  const providerTokens = tokens ? sealProviderTokens(deps, flow.id, tokens) : null
  return { session: undefined, flow: { ...flow, authCodeHash: hash, authCodeIssuedAt: now, providerTokens }, code }
}

export async function arrive(
  deps: Deps,
  now: number,
  { tokens }: Pick<ExternalSignIn, 'tokens'>,
  { session, code }: Ending,
  opened: Opened | undefined,
): Promise<Arrived> {
  if (code !== undefined) return { outcome: 'code', code }
  if (!session || !opened) throw new Error('a sign-in came out without a session')
  return { outcome: 'session', issued: { ...(await issue(deps, now, opened, session.key)), providerTokens: tokens } }
}
