/**
 * Strangers: whoever used another's address before its owner came (security case 46). What they may have put on the account
 * goes once the owner shows that the address is theirs.
 */
import { providersMetadata } from '../../lib/account-metadata'
import type { User, UserChange, VerificationToken } from '../../store'
import type { Deps } from '../deps'
import { WITH_PASSWORD } from '../tokens/verification-token'
import { ownIdentity, withoutUnprovenPassword } from './users'

/** What lets somebody in, beside the password. */
export const WAYS_IN = { dropFactors: true, endSessions: {} } satisfies Partial<UserChange>

interface Named {
  provider: string
  providerId: string
}

const IDENTITY = 'identity:'

/** For the mail that asks whether the address of an identity is the reader's: the identity is theirs, too, then. */
export const payloadOf = ({ provider, providerId }: Named): string => IDENTITY + JSON.stringify([provider, providerId])

function identityIn(payload: string | null): Named[] {
  if (!payload?.startsWith(IDENTITY)) return []
  const [provider = '', providerId = ''] = JSON.parse(payload.slice(IDENTITY.length)) as string[]
  return [{ provider, providerId }]
}

type Leaving = Pick<
  UserChange,
  'dropIdentities' | 'dropFactors' | 'endSessions' | 'identityIfNone' | 'describeProviders' | 'replaceUserMetaData'
> & { set: UserChange['set'] }

/** Whether a token shows that an address is its bearer's which nobody has confirmed so far. */
export const isOwnersFirst = (
  { confirmedAt }: User,
  token: VerificationToken | undefined,
): token is VerificationToken =>
  token !== undefined && token.email !== null && token.kind !== 'email_change' && confirmedAt === null

/** Whether what an account holds may be a stranger's: nobody has confirmed it, and no administrator made it. */
export const mayBeStrangers = ({ confirmedAt, isAdminCreated }: User): boolean =>
  confirmedAt === null && !isAdminCreated

/**
 * What goes where the owner of an address comes in by their inbox, all but what the mail was about: the password and the
 * metadata of the sign-up that it answers, or the identity whose address it asks about.
 */
export function withoutStrangers(deps: Deps, now: number, user: User, token: VerificationToken | undefined): Leaving {
  if (!isOwnersFirst(user, token) || !mayBeStrangers(user)) return { set: {} }
  const own = { provider: 'email', providerId: user.id }
  const { rawUserMetaData, ...set } = token.payload === WITH_PASSWORD ? {} : withoutUnprovenPassword(user)
  return {
    ...WAYS_IN,
    set,
    dropIdentities: { butFor: [own, ...identityIn(token.payload)] },
    identityIfNone: ownIdentity(deps, now, user.id, 'email', { email: token.email, email_verified: true }),
    replaceUserMetaData: rawUserMetaData,
    describeProviders: providersMetadata,
  }
}
