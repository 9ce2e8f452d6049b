/** Signing out on `/api/auth`, with whatever token the caller has (docs/other-surfaces.md#service-endpoints). */
import { isExpired } from '../../lib/time'
import type { Session, User } from '../../store'
import { authenticateUser } from '../authentication/authenticate'
import type { Credentials } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { signOut } from '../sessions/sessions'
import { findOwnToken } from './token-pairs'

export interface SignOutRequest {
  credentials: Credentials
  /** A refresh token of a native client or of a service. */
  nativeToken: string | undefined
  serviceToken: string | undefined
  /** The cookie, if it was sent by a page of this origin. */
  cookieToken: string | undefined
}

/**
 * Ends the session of the refresh token or, without one, of the bearer token, and also the session of the cookie. An
 * invalid cookie alone ends nothing.
 */
export async function signOutWith(
  context: Context,
  { credentials, nativeToken, serviceToken, cookieToken }: SignOutRequest,
): Promise<void> {
  if (nativeToken !== undefined && serviceToken !== undefined) throw new Refusal('refresh_token_ambiguous')
  const refreshToken = nativeToken ?? serviceToken
  if (refreshToken !== undefined)
    await endFamily(context, nativeToken === undefined ? 'service' : 'refresh', refreshToken)
  else if (credentials.bearer !== undefined || cookieToken === undefined)
    await signOut(context, { caller: await authenticateUser(context, credentials), scope: 'local' })
  if (cookieToken !== undefined) await endCookie(context, cookieToken)
}

async function endFamily(context: Context, kind: 'service' | 'refresh', refreshToken: string): Promise<void> {
  const found = await findOwnToken(context, kind, refreshToken)
  if (!found || isExpired(found.token, context.now)) throw new Refusal('refresh_refused')
  await signOutOf(context, found)
}

/** Ends a session regardless of its limits. */
const signOutOf = (context: Context, { user, session }: { user: User; session: Session }) =>
  signOut(context, { caller: { user, session, claims: {}, isPersonalToken: false }, scope: 'local' })

async function endCookie(context: Context, token: string): Promise<void> {
  const found = await findOwnToken(context, 'cookie', token)
  if (found) await signOutOf(context, found)
}
