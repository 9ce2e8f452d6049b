/** Accounts on the `/api/auth` surface (docs/other-surfaces.md#service-endpoints). */
import { isExpired } from '../lib/time'
import type { Session, User } from '../store'
import { rolesOfCaller } from './accounts/roles'
import type { Caller, Credentials } from './caller'
import { identifyUser } from './callers/identify'
import type { Client, Deps } from './deps'
import { provisionMatrixAccount } from './matrix'
import { Refusal } from './refusal'
import { signOut } from './sessions/sessions'
import { findOwnToken } from './sign-in/token-pairs'
import { signUp } from './sign-up/sign-up'

export interface Registration {
  email: string
  password: string
  displayName: string
  client: Client
}

/** Creates an account without signing in. @throws {Refusal} as `signUp` does */
export async function registerForService(
  deps: Deps,
  { email, password, displayName, client }: Registration,
): Promise<DescribedUser> {
  const { audience, redirects } = deps.policy
  if (email === '') throw new Refusal('email_missing')
  const made = await signUp(deps, {
    ...{ email, phone: undefined, password, channel: undefined, audience, client, isForService: true },
    ...{ codeChallenge: undefined, codeChallengeMethod: undefined, redirectTo: redirects.siteUrl },
    data: displayName === '' ? {} : { display_name: displayName },
  })
  // While confirmation is required, a taken address is answered like a new one.
  const { user } = made.outcome === 'signed_in' ? made.issued : made.account
  const isNewForSure = made.outcome === 'without_session' && user.emailConfirmedAt !== null
  const matrixUserId = isNewForSure ? await provisionMatrixAccount(deps, user) : null
  return { user: { ...user, matrixUserId }, roles: ['user'] }
}

export interface DescribedUser {
  user: User
  roles: string[]
}

export async function describeUser(deps: Deps, { caller }: { caller: Caller }): Promise<DescribedUser> {
  return { user: caller.user, roles: await rolesOfCaller(deps, caller) }
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
  deps: Deps,
  { credentials, nativeToken, serviceToken, cookieToken }: SignOutRequest,
): Promise<void> {
  if (nativeToken !== undefined && serviceToken !== undefined) throw new Refusal('refresh_token_ambiguous')
  const refreshToken = nativeToken ?? serviceToken
  if (refreshToken !== undefined) await endFamily(deps, nativeToken === undefined ? 'service' : 'refresh', refreshToken)
  else if (credentials.bearer !== undefined || cookieToken === undefined)
    await signOut(deps, { caller: await identifyUser(deps, credentials), scope: 'local' })
  if (cookieToken !== undefined) await endCookie(deps, cookieToken)
}

async function endFamily(deps: Deps, kind: 'service' | 'refresh', refreshToken: string): Promise<void> {
  const found = await findOwnToken(deps, kind, refreshToken)
  if (!found || isExpired(found.token, deps.clock.now())) throw new Refusal('refresh_refused')
  await signOutOf(deps, found)
}

/** Ends a session regardless of its limits. */
const signOutOf = (deps: Deps, { user, session }: { user: User; session: Session }) =>
  signOut(deps, { caller: { user, session, claims: {}, isPersonalToken: false }, scope: 'local' })

async function endCookie(deps: Deps, token: string): Promise<void> {
  const found = await findOwnToken(deps, 'cookie', token)
  if (found) await signOutOf(deps, found)
}
