/**
 * Account pre-hijacking (docs/threat-model.md#t46): someone may have used an address before its owner arrives. What
 * they may have left on the account is removed once the owner proves control of the address.
 */
import { providersMetadata } from '../../lib/account-metadata'
import type { User, UserChange, VerificationToken } from '../../store'
import type { Context } from '../kernel/context'
import { WITH_PASSWORD } from '../tokens/verification-token'
import { contactIdentity, dropUnconfirmedPassword } from './users'

/** Removes everything that allows signing in, except the password. */
export const REVOKE_ALL_CREDENTIALS = { dropFactors: true, endSessions: {} } satisfies Partial<UserChange>

interface IdentityKey {
  provider: string
  providerId: string
}

const IDENTITY = 'identity:'

/**
 * Payload of the mail in which the reader confirms that an identity's address is theirs; confirming keeps the identity.
 */
export const identityPayload = ({ provider, providerId }: IdentityKey): string =>
  IDENTITY + JSON.stringify([provider, providerId])

function identityFromPayload(payload: string | null): IdentityKey[] {
  if (!payload?.startsWith(IDENTITY)) return []
  const [provider = '', providerId = ''] = JSON.parse(payload.slice(IDENTITY.length)) as string[]
  return [{ provider, providerId }]
}

type CleanupChanges = Pick<
  UserChange,
  'dropIdentities' | 'dropFactors' | 'endSessions' | 'identityIfNone' | 'describeProviders' | 'replaceUserMetaData'
> & { set: UserChange['set'] }

/** Whether a token proves control of an address that was never confirmed before. */
export const isFirstConfirmation = (
  { confirmedAt }: User,
  token: VerificationToken | undefined,
): token is VerificationToken =>
  token !== undefined && token.email !== null && token.kind !== 'email_change' && confirmedAt === null

/** Whether the data of an account may be an attacker's: it is unconfirmed, and was not created by an administrator. */
export const mayBePreHijacked = ({ confirmedAt, isAdminCreated }: User): boolean =>
  confirmedAt === null && !isAdminCreated

/**
 * Data to remove when the owner of an address signs in by their inbox, except the data that the mail itself was about:
 * the password and metadata of the sign-up it answers, or the identity whose address it asks about.
 */
export function preHijackCleanup(context: Context, user: User, token: VerificationToken | undefined): CleanupChanges {
  if (!isFirstConfirmation(user, token) || !mayBePreHijacked(user)) return { set: {} }
  const own = { provider: 'email', providerId: user.id }
  const { rawUserMetaData, ...set } = token.payload === WITH_PASSWORD ? {} : dropUnconfirmedPassword(user)
  return {
    ...REVOKE_ALL_CREDENTIALS,
    set,
    dropIdentities: { except: [own, ...identityFromPayload(token.payload)] },
    identityIfNone: contactIdentity(context, user.id, 'email', { email: token.email, email_verified: true }),
    replaceUserMetaData: rawUserMetaData,
    describeProviders: providersMetadata,
  }
}
