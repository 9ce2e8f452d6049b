/** Which local account a provider account belongs to (docs/wire-contract.md#account-linking). */
import type { ExternalProfile } from '../../providers/profile'
import type { Identity, User } from '../../store'
import type { Context } from '../kernel/context'
import type { Policy } from '../kernel/policy'
import { Refusal } from '../kernel/refusal'
import { normalizeEmail, storableProfile } from '../users/users'

export interface ExternalAddress {
  address: string
  isVerified: boolean
}

/** A provider account with its normalized addresses; invalid ones are left out. */
export interface ExternalAccount {
  provider: string
  profile: ExternalProfile
  emails: ExternalAddress[]
  /** The address of a new account. */
  candidate: ExternalAddress | undefined
}

export function externalAccountOf(provider: string, profile: ExternalProfile): ExternalAccount {
  const emails = profile.emails.flatMap(({ address, isVerified, isPrimary }) => {
    const normal = asAddress(address)
    return normal === undefined ? [] : [{ address: normal, isVerified, isPrimary }]
  })
  return { provider, profile, emails, candidate: emails.find(({ isPrimary }) => isPrimary) ?? emails[0] }
}

function asAddress(text: string): string | undefined {
  try {
    return normalizeEmail(text)
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

export const DEFAULT_DOMAIN = 'default'

export function linkingDomain({ oauth }: Policy, provider: string): string {
  if (provider.startsWith('sso:')) return provider
  return oauth.linkingDomains[provider] ?? DEFAULT_DOMAIN
}

export type OwnerDecision =
  /** The identity is known. */
  | { decision: 'known'; user: User }
  /** A local account has an address that the provider verified. */
  | { decision: 'linked'; user: User }
  | { decision: 'new'; email: string | null }

/**
 * Only an address verified by the provider links to an account, and only to one whose own provider verified it or whose
 * own address it is (docs/decisions.md#d27, docs/threat-model.md#t46).
 */
export async function resolveOwner(
  context: Context,
  { provider, profile, emails, candidate }: ExternalAccount,
): Promise<OwnerDecision> {
  const { store, policy } = context
  const verified = emails.flatMap(({ address, isVerified }) => (isVerified ? [address] : []))
  const owners = await store.findOwners({ provider, providerId: profile.claims.sub, emails: verified })
  if (owners.identity) return { decision: 'known', user: owners.identity.user }
  const domain = linkingDomain(policy, provider)
  const inDomain = owners.ofVerifiedEmails.filter((each) => linkingDomain(policy, each.provider) === domain)
  const ids = [...new Set(inDomain.map(({ userId }) => userId))]
  if (ids.length > 1) throw new Refusal('owners_ambiguous', { detail: domain })
  const found =
    ids[0] !== undefined
      ? await store.findUser(ids[0])
      : domain === DEFAULT_DOMAIN
        ? owners.byEmail.find(({ email }) => email === candidate?.address)
        : undefined
  if (found && found.deletedAt === null) return { decision: 'linked', user: found }
  if (policy.signup.disabled) throw new Refusal('signup_disabled')
  const isFree =
    candidate !== undefined &&
    (domain !== DEFAULT_DOMAIN || (await store.findUserByEmail(candidate.address)) === undefined)
  return { decision: 'new', email: isFree ? candidate.address : null }
}

/** The identity row. */
export function externalIdentity(
  { random, now }: Pick<Context, 'random' | 'now'>,
  userId: string,
  { provider, profile }: ExternalAccount,
): Identity {
  return {
    id: random.uuid(),
    userId,
    provider,
    providerId: profile.claims.sub,
    identityData: storableProfile({ email_verified: false, phone_verified: false, ...profile.claims }),
    lastSignInAt: now,
    createdAt: now,
    updatedAt: now,
  }
}
