/** Whose account at this server an account at a provider belongs to (contract 8.1 and 8.2). */
import type { Identity, User } from '../../store'
import { normaliseEmail, storableProfile } from '../accounts/users'
import type { Deps } from '../deps'
import type { Policy } from '../policy'
import type { ExternalProfile } from '../ports'
import { Refusal } from '../refusal'

export interface Address {
  address: string
  isVerified: boolean
}

/** An account at a provider, with its addresses in the form that is stored; those that are none are left out. */
export interface Stranger {
  provider: string
  profile: ExternalProfile
  emails: Address[]
  /** The address that a new account would have. */
  candidate: Address | undefined
}

export function strangerOf(provider: string, profile: ExternalProfile): Stranger {
  const emails = profile.emails.flatMap(({ address, isVerified, isPrimary }) => {
    const normal = asAddress(address)
    return normal === undefined ? [] : [{ address: normal, isVerified, isPrimary }]
  })
  return { provider, profile, emails, candidate: emails.find(({ isPrimary }) => isPrimary) ?? emails[0] }
}

function asAddress(text: string): string | undefined {
  try {
    return normaliseEmail(text)
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

export type Owner =
  /** They have been here before. */
  | { decision: 'known'; user: User }
  /** Their provider vouches for an address that an account has. */
  | { decision: 'linked'; user: User }
  | { decision: 'new'; email: string | null }

/**
 * Only an address that the provider vouches for joins an account, and only one whose own provider vouches for it, or
 * that is the account's own, is joined (settled 27, security case 46).
 * @throws {Refusal<'owners_ambiguous' | 'signup_disabled'>}
 */
export async function ownerOf(deps: Deps, { provider, profile, emails, candidate }: Stranger): Promise<Owner> {
  const { store, policy } = deps
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

/** The identity as it is stored. @param now Unix milliseconds */
export function externalIdentity(
  { random }: Pick<Deps, 'random'>,
  now: number,
  userId: string,
  { provider, profile }: Stranger,
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
