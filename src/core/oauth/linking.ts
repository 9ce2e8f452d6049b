/** Linking and unlinking identities (`/user/identities`). */
import { isUuid } from '../../lib/uuid'
import type { Identity, IdentityRemoval, User } from '../../store'
import { sendEmailChange } from '../accounts/contact-change'
import { requireAudience } from '../authentication/authenticate'
import { auditEntry } from '../kernel/audit'
import { type Caller, forbidPersonalToken } from '../kernel/caller'
import { type Context, withCurrentTime } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { prepareNotice } from '../messages/mail'
import { isEndedByBan } from '../sessions/session-limits'
import { needsSecondFactor } from '../users/second-factor-status'
import { type ExternalAccount, externalIdentity } from './account-matching'
import {
  alreadyUsedError,
  type ExternalSignIn,
  endingFor,
  finishSignIn,
  type SignInResult,
  storedEnding,
} from './external-sign-in'

/** Changing how an account signs in requires its second factor. */
export async function requireLinkingAllowed(context: Context, caller: Caller): Promise<Caller> {
  forbidPersonalToken(caller)
  if (await needsSecondFactor(context, caller)) throw new Refusal('aal_too_low')
  return caller
}

/**
 * Links an identity to the account that requested it. An account without an address gets the address of the identity
 * once it is confirmed; until then the change is pending, because an unverified address may belong to someone else.
 */
export async function linkIdentity(
  context: Context,
  link: ExternalSignIn,
  linkingUser: { userId: string; sessionId: string | undefined },
): Promise<SignInResult> {
  const { store, now } = context
  const { account } = link
  const { userId, sessionId } = linkingUser
  const user = await store.findUser(userId)
  if (!user || user.deletedAt !== null) throw new Refusal('linking_user_gone')
  const begun = sessionId === undefined ? undefined : await store.findSession(sessionId)
  if (begun && isEndedByBan(begun.session, user, now)) throw new Refusal('session_gone')
  const { claims } = account.profile
  const key = { provider: account.provider, providerId: claims.sub }
  const { identity: present } = await store.findOwners({ ...key, emails: [] })
  if (present) throw new Refusal(present.user.id === user.id ? 'identity_linked' : 'identity_of_another')
  const identity = externalIdentity(context, user.id, account)
  const linking = {
    id: user.id,
    requestSession: { sessionId },
    identity,
    messages: await notice(context, 'identity_linked_notification', user, link),
    audit: [auditEntry(context, 'identity_linked', user, { provider: account.provider, identity_id: identity.id })],
  }
  const email = user.email === null ? account.candidate : undefined
  if (email && (await store.findUserByEmail(email.address))) throw new Refusal('linked_email_taken')
  if (email && !email.isVerified && !context.policy.signup.autoconfirmsEmail) {
    await requestLinkedEmail(context, { user, email: email.address, redirectTo: link.redirectTo, linking })
    throw new Refusal('linked_email_unverified', { detail: account.provider })
  }
  const ending = endingFor(context, link, user.id)
  const linked = await store.linkIdentity({
    ...linking,
    now,
    emailBefore: user.email,
    email: email?.address,
    ending: storedEnding(ending, link),
  })
  switch (linked.outcome) {
    case 'changed':
      return finishSignIn(context, link, ending, linked.opened)
    case 'used_before':
      throw alreadyUsedError(link)
    case 'email_taken':
      throw new Refusal('linked_email_taken')
    case 'user_gone':
      throw new Refusal('linking_user_gone')
    case 'changed_concurrently':
      return linkIdentity(withCurrentTime(context), link, linkingUser)
    case 'session_gone':
    case 'identity_of_another':
    case 'user_banned':
    case 'metadata_too_large':
      throw new Refusal(linked.outcome)
  }
}

interface PendingLink {
  user: User
  /** The identity's address, which is the account's once confirmed. */
  email: string
  redirectTo: string
  linking: Omit<Parameters<Context['store']['linkIdentityWithPendingEmail']>[0], 'now' | 'message'>
}

/** Links the identity, and asks to confirm its address. */
async function requestLinkedEmail(context: Context, { user, email, redirectTo, linking }: PendingLink): Promise<void> {
  await sendEmailChange(
    context,
    { user, email, challenge: undefined, redirectTo },
    {
      requestSession: linking.requestSession,
      shown: user,
      async save({ store, now }, message, tooSoon) {
        const linked = await store.linkIdentityWithPendingEmail({ ...linking, now, message })
        if (linked.outcome === 'sent_recently') throw tooSoon(linked.sentAt)
        if (linked.outcome !== 'changed') throw new Refusal(linked.outcome)
      },
    },
  )
}

const notice = (
  context: Context,
  template: 'identity_linked_notification' | 'identity_unlinked_notification',
  user: User,
  { account }: { account: Pick<ExternalAccount, 'provider'> },
) => prepareNotice(context, { template, user, to: user.email, values: { Provider: account.provider } })

/** The last way to sign in stays. */
const isLast = (identities: readonly Identity[]): boolean => identities.length < 2

export const mayUnlink = ({ policy }: Pick<Context, 'policy'>, identities: readonly Identity[]): boolean =>
  policy.oauth.manualLinking && !isLast(identities)

/**
 * Unlinks an identity from the caller's account. If the account's address belongs to it, the best remaining one
 * replaces it.
 */
export async function unlinkIdentity(
  context: Context,
  { caller, id, audience }: { caller: Caller; id: string; audience: string | undefined },
): Promise<void> {
  const { store, policy, now } = context
  if (!policy.oauth.manualLinking) throw new Refusal('linking_disabled')
  if (!isUuid(id)) throw new Refusal('identity_id_malformed')
  requireSameAudience(context, audience, caller)
  const { user, session } = await requireLinkingAllowed(context, caller)
  const identities = await store.findIdentities(user.id)
  if (isLast(identities)) throw new Refusal('identity_is_last')
  const identity = identities.find((each) => each.id === id.toLowerCase())
  if (!identity) throw new Refusal('identity_unknown')
  const rest = identities.filter((each) => each !== identity)
  const about = { account: { provider: identity.provider } }
  const unlinked = await store.unlinkIdentity({
    id: user.id,
    now,
    requestSession: { sessionId: session?.id },
    before: { email: user.email, phone: user.phone },
    identityId: identity.id,
    loses: lostWith(identity, rest, user),
    messages: await notice(context, 'identity_unlinked_notification', user, about),
    audit: [
      auditEntry(context, 'identity_unlinked', user, {
        identity_id: identity.id,
        provider: identity.provider,
        provider_id: identity.providerId,
      }),
    ],
  })
  switch (unlinked.outcome) {
    case 'changed':
      return
    case 'email_taken':
      throw new Refusal('identity_email_conflict')
    case 'changed_concurrently':
      throw new Refusal('identity_unknown')
    case 'identity_is_last':
    case 'identity_unknown':
    case 'session_gone':
    case 'user_banned':
    case 'user_gone':
    case 'metadata_too_large':
      throw new Refusal(unlinked.outcome)
  }
}

function requireSameAudience(context: Context, audience: string | undefined, caller: Caller): void {
  try {
    requireAudience(context, audience, caller)
  } catch {
    throw new Refusal('identity_audience_mismatch')
  }
}

const emailOf = ({ identityData: { email } }: Identity) =>
  typeof email === 'string' && email !== '' ? email.toLowerCase() : null
const isVerified = ({ identityData }: Identity) => identityData.email_verified === true

/** Changes to an account that loses an identity. @param rest the remaining identities, oldest first */
function lostWith(gone: Identity, rest: Identity[], user: User): IdentityRemoval['loses'] {
  if (gone.provider === 'phone') return 'phone'
  if (rest.some((each) => emailOf(each) === user.email)) return 'nothing'
  // An unverified address may belong to someone else, who must not end up in this account (docs/threat-model.md#t46).
  const best = rest.find((each) => emailOf(each) !== null && isVerified(each))
  return { emailFor: best ? emailOf(best) : null }
}
