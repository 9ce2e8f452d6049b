/**
 * Account pre-hijacking (docs/threat-model.md#t46): someone may have used an address before its owner arrives. Data
 * that they may have left on the account is removed once the owner proves control of the address.
 */
import type { PreHijackCleanup, User, VerificationToken } from '../../store'
import type { Context } from '../kernel/context'
import { WITH_PASSWORD } from '../tokens/verification-record'
import { contactIdentity, dropUnconfirmedPassword } from './users'

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
export function preHijackCleanup(
  context: Context,
  user: User,
  token: VerificationToken | undefined,
): PreHijackCleanup | undefined {
  if (!isFirstConfirmation(user, token) || !mayBePreHijacked(user)) return undefined
  const own = { provider: 'email', providerId: user.id }
  const dropped = token.payload === WITH_PASSWORD ? {} : dropUnconfirmedPassword(user)
  return {
    dropsPassword: dropped.encryptedPassword === null,
    userMetaData: dropped.rawUserMetaData,
    keptIdentities: [own, ...identityFromPayload(token.payload)],
    ownIdentity: contactIdentity(context, user.id, 'email', { email: token.email, email_verified: true }),
  }
}
