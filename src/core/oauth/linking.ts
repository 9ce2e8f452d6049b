/** Linking an account at a provider to one's own, and taking it off again (contract 1.7 and 8.4). */

import { providersMetadata } from '../../lib/account-metadata'
import { isUuid } from '../../lib/uuid'
import type { Identity, User } from '../../store'
import { changeEmail } from '../accounts/contact-change'
import { NOTHING_SENT } from '../accounts/users'
import { auditEntry } from '../audit'
import { type Caller, requireInPerson } from '../caller'
import { requireAudience } from '../callers/identify'
import type { Deps } from '../deps'
import { lacksFactor } from '../factors/own'
import { prepareNotice } from '../messages/mail'
import { Refusal } from '../refusal'
import { externalIdentity, type Stranger } from './owners'
import { type Arrived, arrive, type ExternalSignIn, endingOf, usedBefore } from './sign-in'

/**
 * Whoever says what an account is signed in to with must have passed its second factor.
 * @throws {Refusal<'not_in_person' | 'aal_too_low'>}
 */
export async function requireLinker(deps: Deps, caller: Caller): Promise<Caller> {
  requireInPerson(caller)
  if (await lacksFactor(deps, caller)) throw new Refusal('aal_too_low')
  return caller
}

/**
 * Links an identity to an account that asked for it. An account without an address gets the identity's, once that is known to
 * be its owner's: until then it is a change that waits, since another's address must not be found on it.
 * @throws {Refusal<'linking_user_gone' | 'session_gone' | 'identity_linked' | 'identity_of_another' | 'linked_email_taken' |
 *   'linked_email_unverified' | 'user_banned' | 'mail_too_soon'>}
 */
export async function linkIdentity(
  deps: Deps,
  link: ExternalSignIn,
  linker: { userId: string; sessionId: string | undefined },
): Promise<Arrived> {
  const { store, clock } = deps
  const { stranger } = link
  const user = await store.findUser(linker.userId)
  if (!user || user.deletedAt !== null) throw new Refusal('linking_user_gone')
  const { claims } = stranger.profile
  const { identity: present } = await store.findOwners({
    ...{ provider: stranger.provider, providerId: claims.sub, emails: [] },
  })
  if (present) throw new Refusal(present.user.id === user.id ? 'identity_linked' : 'identity_of_another')
  const now = clock.now()
  const identity = externalIdentity(deps, now, user.id, stranger)
  const besides = {
    actor: { sessionId: linker.sessionId },
    putIdentity: identity,
    profile: identity.identityData,
    describeProviders: providersMetadata,
    messages: await notice(deps, now, 'identity_linked_notification', user, link),
    audit: [auditEntry(deps, now, 'identity_linked', user, { provider: stranger.provider, identity_id: identity.id })],
  }
  const email = user.email === null ? stranger.candidate : undefined
  if (email && (await store.findUserByEmail(email.address))) throw new Refusal('linked_email_taken')
  if (email && !email.isVerified && !deps.policy.signup.confirmsEmail) {
    const { redirectTo, client } = link
    await changeEmail(deps, { user, email: email.address, challenge: undefined, redirectTo, client, besides })
    throw new Refusal('linked_email_unverified', { detail: stranger.provider })
  }
  const ending = endingOf(deps, now, link, user.id)
  const changed = await store.changeUser({
    ...{ ...besides, id: user.id, now, onlyIf: { email: user.email } },
    set: { isAnonymous: false, ...(email && { email: email.address, emailConfirmedAt: now }) },
    flow: ending.flow,
    session: ending.session?.row,
    use: link.once?.use,
  })
  switch (changed.outcome) {
    case 'changed':
      return arrive(deps, now, link, ending, changed.opened)
    case 'used_before':
      throw usedBefore(link)
    case 'email_taken':
      throw new Refusal('linked_email_taken')
    case 'user_gone':
      throw new Refusal('linking_user_gone')
    case 'changed_meanwhile':
      return linkIdentity(deps, link, linker)
    case 'session_gone':
    case 'identity_of_another':
    case 'user_banned':
    case 'metadata_too_large':
      throw new Refusal(changed.outcome)
    default:
      throw new Error(`linking an identity came out as ${changed.outcome}`)
  }
}

const notice = (
  deps: Deps,
  now: number,
  template: 'identity_linked_notification' | 'identity_unlinked_notification',
  user: User,
  { stranger, client }: Pick<ExternalSignIn, 'client'> & { stranger: Pick<Stranger, 'provider'> },
) => prepareNotice(deps, now, { template, user, client, to: user.email, values: { Provider: stranger.provider } })

/**
 * Takes an identity off the caller's account. Where its address goes with it, the best of what is left takes its place.
 * @throws {Refusal<'linking_disabled' | 'identity_id_malformed' | 'identity_audience_mismatch' | 'identity_is_last' |
 *   'identity_unknown' | 'identity_email_conflict' | 'not_in_person' | 'aal_too_low' | 'user_banned' | 'session_gone'>}
 */
export async function unlinkIdentity(
  deps: Deps,
  {
    caller,
    id,
    audience,
    client,
  }: { caller: Caller; id: string; audience: string | undefined } & Pick<ExternalSignIn, 'client'>,
): Promise<void> {
  const { store, clock, policy } = deps
  if (!policy.oauth.manualLinking) throw new Refusal('linking_disabled')
  if (!isUuid(id)) throw new Refusal('identity_id_malformed')
  requireSameAudience(deps, audience, caller)
  const { user, session } = await requireLinker(deps, caller)
  const identities = await store.findIdentities(user.id)
  if (identities.length < 2) throw new Refusal('identity_is_last')
  const identity = identities.find((each) => each.id === id.toLowerCase())
  if (!identity) throw new Refusal('identity_unknown')
  const now = clock.now()
  const rest = identities.filter((each) => each !== identity)
  const lost = withoutIdentity(now, user, identity, rest)
  const about = { stranger: { provider: identity.provider }, client }
  const changed = await store.changeUser({
    ...{ id: user.id, now, actor: { sessionId: session?.id }, onlyIf: { email: user.email, phone: user.phone } },
    ...lost,
    dropIdentities: { only: identity.id },
    describeProviders: providersMetadata,
    messages: await notice(deps, now, 'identity_unlinked_notification', user, about),
    audit: [
      auditEntry(deps, now, 'identity_unlinked', user, {
        ...{ identity_id: identity.id, provider: identity.provider, provider_id: identity.providerId },
      }),
    ],
  })
  switch (changed.outcome) {
    case 'changed':
      return
    case 'email_taken':
      throw new Refusal('identity_email_conflict')
    case 'changed_meanwhile':
      throw new Refusal('identity_unknown')
    case 'identity_is_last':
    case 'identity_unknown':
    case 'session_gone':
    case 'user_banned':
      throw new Refusal(changed.outcome)
    default:
      throw new Error(`unlinking an identity came out as ${changed.outcome}`)
  }
}

function requireSameAudience(deps: Deps, audience: string | undefined, caller: Caller): void {
  try {
    requireAudience(deps, audience, caller)
  } catch {
    throw new Refusal('identity_audience_mismatch')
  }
}

const emailOf = ({ identityData: { email } }: Identity) =>
  typeof email === 'string' && email !== '' ? email.toLowerCase() : null
const isVerified = ({ identityData }: Identity) => identityData.email_verified === true

/** What an account loses with an identity. @param rest what is left, oldest first */
function withoutIdentity(now: number, user: User, gone: Identity, rest: Identity[]) {
  if (gone.provider === 'phone') return { set: { phone: null, phoneConfirmedAt: null } }
  if (rest.some((each) => emailOf(each) === user.email)) return { set: {} }
  // An address that nobody vouches for may be another's, who must not find their account here (security case 46).
  const best = rest.find((each) => emailOf(each) !== null && isVerified(each))
  return {
    set: {
      ...NOTHING_SENT,
      email: best ? emailOf(best) : null,
      emailConfirmedAt: best ? (user.emailConfirmedAt ?? now) : null,
    },
    killTokens: true,
    ...(!best && { mergeUserMetaData: { email_verified: false } }),
  }
}
