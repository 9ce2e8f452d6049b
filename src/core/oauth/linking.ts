/** Linking and unlinking identities (`/user/identities`). */

import { providersMetadata } from '../../lib/account-metadata'
import { isUuid } from '../../lib/uuid'
import type { Identity, User } from '../../store'
import { changeEmail } from '../accounts/contact-change'
import { requireAudience } from '../callers/identify'
import { auditEntry } from '../kernel/audit'
import { type Caller, forbidPersonalToken } from '../kernel/caller'
import { type Context, withCurrentTime } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { prepareNotice } from '../messages/mail'
import { isMissingSecondFactor } from '../users/second-factor-status'
import { CLEARED_SENT_AT } from '../users/users'
import { type ExternalAccount, externalIdentity } from './account-matching'
import { type ExternalSignIn, finishSignIn, type SignInResult, sessionOrFlowFor, usedBefore } from './external-sign-in'

/** Changing how an account signs in requires its second factor. */
export async function requireLinkingAllowed(context: Context, caller: Caller): Promise<Caller> {
  forbidPersonalToken(caller)
  if (await isMissingSecondFactor(context, caller)) throw new Refusal('aal_too_low')
  return caller
}

/**
 * Links an identity to the account that requested it. An account without an address gets the address of the identity
 * once it is confirmed; until then the change is pending, because an unverified address may belong to someone else.
 */
export async function linkIdentity(
  context: Context,
  link: ExternalSignIn,
  linker: { userId: string; sessionId: string | undefined },
): Promise<SignInResult> {
  const { store, now } = context
  const { account } = link
  const user = await store.findUser(linker.userId)
  if (!user || user.deletedAt !== null) throw new Refusal('linking_user_gone')
  const { claims } = account.profile
  const { identity: present } = await store.findOwners({
    ...{ provider: account.provider, providerId: claims.sub, emails: [] },
  })
  if (present) throw new Refusal(present.user.id === user.id ? 'identity_linked' : 'identity_of_another')
  const identity = externalIdentity(context, user.id, account)
  const related = {
    actor: { sessionId: linker.sessionId },
    upsertIdentity: identity,
    profile: identity.identityData,
    describeProviders: providersMetadata,
    messages: await notice(context, 'identity_linked_notification', user, link),
    audit: [auditEntry(context, 'identity_linked', user, { provider: account.provider, identity_id: identity.id })],
  }
  const email = user.email === null ? account.candidate : undefined
  if (email && (await store.findUserByEmail(email.address))) throw new Refusal('linked_email_taken')
  if (email && !email.isVerified && !context.policy.signup.autoconfirmsEmail) {
    const { redirectTo } = link
    await changeEmail(context, { user, email: email.address, challenge: undefined, redirectTo, related })
    throw new Refusal('linked_email_unverified', { detail: account.provider })
  }
  const ending = sessionOrFlowFor(context, link, user.id)
  const changed = await store.changeUser({
    ...{ ...related, id: user.id, now, onlyIf: { email: user.email } },
    set: { isAnonymous: false, ...(email && { email: email.address, emailConfirmedAt: now }) },
    flow: ending.flow,
    session: ending.session?.row,
    use: link.once?.use,
  })
  switch (changed.outcome) {
    case 'changed':
      return finishSignIn(context, link, ending, changed.opened)
    case 'used_before':
      throw usedBefore(link)
    case 'email_taken':
      throw new Refusal('linked_email_taken')
    case 'user_gone':
      throw new Refusal('linking_user_gone')
    case 'changed_concurrently':
      return linkIdentity(withCurrentTime(context), link, linker)
    case 'session_gone':
    case 'identity_of_another':
    case 'user_banned':
    case 'metadata_too_large':
      throw new Refusal(changed.outcome)
    default:
      throw new Error(`unexpected outcome of linking an identity: ${changed.outcome}`)
  }
}

const notice = (
  context: Context,
  template: 'identity_linked_notification' | 'identity_unlinked_notification',
  user: User,
  { account }: { account: Pick<ExternalAccount, 'provider'> },
) => prepareNotice(context, { template, user, to: user.email, values: { Provider: account.provider } })

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
  if (identities.length < 2) throw new Refusal('identity_is_last')
  const identity = identities.find((each) => each.id === id.toLowerCase())
  if (!identity) throw new Refusal('identity_unknown')
  const rest = identities.filter((each) => each !== identity)
  const lost = changesAfterUnlinking(now, user, identity, rest)
  const about = { account: { provider: identity.provider } }
  const changed = await store.changeUser({
    ...{ id: user.id, now, actor: { sessionId: session?.id }, onlyIf: { email: user.email, phone: user.phone } },
    ...lost,
    dropIdentities: { only: identity.id },
    describeProviders: providersMetadata,
    messages: await notice(context, 'identity_unlinked_notification', user, about),
    audit: [
      auditEntry(context, 'identity_unlinked', user, {
        ...{ identity_id: identity.id, provider: identity.provider, provider_id: identity.providerId },
      }),
    ],
  })
  switch (changed.outcome) {
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
      throw new Refusal(changed.outcome)
    default:
      throw new Error(`unexpected outcome of unlinking an identity: ${changed.outcome}`)
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
function changesAfterUnlinking(now: number, user: User, gone: Identity, rest: Identity[]) {
  if (gone.provider === 'phone') return { set: { phone: null, phoneConfirmedAt: null } }
  if (rest.some((each) => emailOf(each) === user.email)) return { set: {} }
  // An unverified address may belong to someone else, who must not end up in this account (docs/threat-model.md#t46).
  const best = rest.find((each) => emailOf(each) !== null && isVerified(each))
  return {
    set: {
      ...CLEARED_SENT_AT,
      email: best ? emailOf(best) : null,
      emailConfirmedAt: best ? (user.emailConfirmedAt ?? now) : null,
    },
    invalidateTokens: true,
    ...(!best && { mergeUserMetaData: { email_verified: false } }),
  }
}
