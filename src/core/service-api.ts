/** Accounts on the `/api/auth` surface (docs/other-surfaces.md#service-endpoints). */
import { isExpired } from '../lib/time'
import type { Session, User } from '../store'
import { rolesOfCaller } from './accounts/roles'
import type { Caller, Credentials } from './caller'
import { identifyUser } from './callers/identify'
import type { Context } from './context'
import { provisionMatrixAccount } from './matrix'
import { Refusal } from './refusal'
import { signOut } from './sessions/sessions'
import { findOwnToken } from './sign-in/token-pairs'
import { signUp } from './sign-up/sign-up'

export interface Registration {
  email: string
  password: string
  displayName: string
}

/** Creates an account without signing in. @throws {Refusal} as `signUp` does */
export async function registerForService(
  context: Context,
  { email, password, displayName }: Registration,
): Promise<DescribedUser> {
  const { audience, redirects } = context.policy
  if (email === '') throw new Refusal('email_missing')
  const made = await signUp(context, {
    ...{ email, phone: undefined, password, channel: undefined, audience, isForService: true },
    ...{ codeChallenge: undefined, codeChallengeMethod: undefined, redirectTo: redirects.siteUrl },
    data: displayName === '' ? {} : { display_name: displayName },
  })
  // While confirmation is required, a taken address is answered like a new one.
  const { user } = made.outcome === 'signed_in' ? made.issued : made.account
  const isNewForSure = made.outcome === 'without_session' && user.emailConfirmedAt !== null
  const matrixUserId = isNewForSure ? await provisionMatrixAccount(context, user) : null
  return { user: { ...user, matrixUserId }, roles: ['user'] }
}

export interface DescribedUser {
  user: User
  roles: string[]
}

export async function describeUser(context: Context, { caller }: { caller: Caller }): Promise<DescribedUser> {
  return { user: caller.user, roles: await rolesOfCaller(context, caller) }
}

export interface SignOutRequest {
  credentials: Credentials
  /** A refresh token of a native client or of a service. */
  nativeToken: string | undefined
  serviceToken: string | undefined
  /** The cookie, if it was sent by a page of this origin. */
  cookieToken: string | undefined
}

/**
 * Ends the session of the refresh token, else of the bearer token, and that of the cookie. An invalid cookie alone ends
 * nothing.
 * @throws {Refusal<'refresh_token_ambiguous' | 'refresh_refused' | 'bearer_missing' | 'token_invalid' | 'csrf_rejected'
 *   | …>}
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
    await signOut(context, { caller: await identifyUser(context, credentials), scope: 'local' })
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
