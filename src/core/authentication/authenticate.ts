/** Authentication: from a bearer token or an API key to a caller (docs/wire-contract.md#authentication). */
import { type Aal, lowerAal } from '../../lib/assurance'
import { isInFuture } from '../../lib/time'
import { isUuid, NIL_UUID } from '../../lib/uuid'
import type { Session, User } from '../../store'
import type { Admin, Caller, Credentials } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { type PlainReason, Refusal } from '../kernel/refusal'
import { noteAccount } from '../kernel/request-facts'
import type { VerifiedClaims } from '../kernel/server-state'
import { isEndedByBan, isLowAalLimited, sessionEndReason } from '../sessions/session-limits'
import { isSecretKey, isUnknownKey } from '../tokens/api-keys'
import { opaqueTokenKind } from '../tokens/opaque'
import { needsSecondFactor } from '../users/second-factor-status'
import { authenticateOpaqueToken, isBearerKind } from './authenticate-opaque'

/** The user whose access token, opaque token or session cookie came with a request. */
export async function authenticateUser(context: Context, credentials: Credentials): Promise<Caller> {
  return (
    (await identifyOpaque(context, credentials)) ??
    callerOf(context, await claimsOf(context, requireBearer(context, credentials)))
  )
}

/** The caller of an opaque token or of the session cookie; undefined if there is only a JWT, or nothing. */
async function identifyOpaque(context: Context, { bearer, cookie }: Credentials): Promise<Caller | undefined> {
  if (bearer === undefined && cookie) {
    if (!cookie.isTrusted) throw new Refusal('csrf_rejected')
    return authenticateOpaqueToken(context, 'cookie', cookie.token)
  }
  const kind = bearer === undefined ? undefined : opaqueTokenKind(bearer)
  return isBearerKind(kind) && bearer !== undefined ? authenticateOpaqueToken(context, kind, bearer) : undefined
}

function requireBearer({ apiKeys }: Pick<Context, 'apiKeys'>, { bearer, apiKey }: Credentials): string {
  if (bearer !== undefined) return bearer
  throw new Refusal(isUnknownKey(apiKeys, apiKey) ? 'api_key_unknown' : 'bearer_missing')
}

/**
 * Whether a request contains a key of another server, in either header. Requests that need no key are answered anyway.
 */
export const showsUnknownKey = ({ apiKeys }: Pick<Context, 'apiKeys'>, { bearer, apiKey }: Credentials): boolean =>
  isUnknownKey(apiKeys, apiKey) || isUnknownKey(apiKeys, bearer)

/**
 * An administrator has a token with an admin role, the secret key in either header, or a session whose user has the
 * role `admin` (docs/decisions.md#d5). A JWT in the apikey header never counts.
 */
export async function authenticateAdmin(context: Context, credentials: Credentials): Promise<Admin> {
  const { bearer, apiKey } = credentials
  if (isSecretKey(context.apiKeys, apiKey) || isSecretKey(context.apiKeys, bearer)) return { role: 'service_role' }
  const opaque = await identifyOpaque(context, credentials)
  const claims = opaque?.claims ?? (await claimsOf(context, requireBearer(context, credentials)))
  const role = typeof claims.role === 'string' ? claims.role : ''
  if (context.policy.adminRoles.includes(role)) {
    if (claims.session_id !== undefined) await requireValidSession(context, opaque ?? (await callerOf(context, claims)))
    return { role }
  }
  if (claims.sub === undefined) throw new Refusal('not_admin')
  const caller = opaque ?? (await callerOf(context, claims))
  const { user } = caller
  if (!caller.session || !(await context.store.hasRole({ userId: user.id, role: 'admin' })))
    throw refusalOf(context, user, 'not_admin')
  await requireValidSession(context, caller)
  if (await needsSecondFactor(context, caller)) throw refusalOf(context, user, 'not_admin')
  return { role, user }
}

/**
 * The audience of a request: the one it names, else the token's, else the configured one (GoTrue's X-JWT-AUD header).
 */
function requestAudience(
  { policy }: Pick<Context, 'policy'>,
  named: string | undefined,
  claims: VerifiedClaims,
): unknown {
  if (named) return named
  return policy.adminRoles.includes(claims.role as string) ? policy.audience : audienceOf(claims)
}

/** @throws {Refusal} if the request specifies another audience than the token, or the token has no audience */
export function requireAudience(
  context: Pick<Context, 'policy'>,
  named: string | undefined,
  { claims, user }: Caller,
): void {
  // A token of `/api/auth` has no audience; the audience of its user applies.
  const own = isServiceToken(claims) ? user.aud : audienceOf(claims)
  if (!own || requestAudience(context, named, { ...claims, aud: own }) !== own) throw new Refusal('audience_mismatch')
}

/**
 * Whether it is a token of `/api/auth`. A hook may add any claim to one of Supabase's, which always says whether its user
 * is anonymous (docs/hooks.md#custom-access-token).
 */
const isServiceToken = ({ type, is_anonymous }: VerifiedClaims): boolean =>
  type === 'access' && is_anonymous === undefined

const audienceOf = ({ aud }: VerifiedClaims): unknown => (Array.isArray(aud) ? aud[0] : aud)

async function claimsOf({ apiKeys, keyring, now }: Context, bearer: string): Promise<VerifiedClaims> {
  // supabase-js sends an API key as bearer while no user is signed in; it identifies no user
  if (bearer === apiKeys.publishable || isSecretKey(apiKeys, bearer)) return {}
  if (isUnknownKey(apiKeys, bearer)) throw new Refusal('api_key_unknown')
  return keyring.verify(bearer, now)
}

async function callerOf(context: Context, claims: VerifiedClaims): Promise<Caller> {
  const { store, policy, now } = context
  const { sub } = claims
  const sessionId = isServiceToken(claims) ? serviceSession(policy, claims) : claims.session_id
  if (typeof sub !== 'string' || sub === '') throw new Refusal('token_without_subject')
  if (!isUuid(sub)) throw new Refusal('token_subject_malformed')
  const namesSession = sessionId !== undefined && sessionId !== '' && sessionId !== NIL_UUID
  const isNamedWell = typeof sessionId === 'string' && isUuid(sessionId)
  const found = namesSession && isNamedWell ? await store.findSession(sessionId.toLowerCase()) : undefined
  const user = found?.user.id === sub.toLowerCase() ? found.user : await store.findUser(sub.toLowerCase())
  if (!user) throw new Refusal('user_gone')
  if (namesSession && !isNamedWell) throw new Refusal('token_session_malformed')
  const isLive = found?.user.id === user.id && !isEndedByBan(found.session, user, now)
  if (namesSession && !isLive) throw refusalOf(context, user, 'session_gone')
  if (user.deletedAt !== null) throw refusalOf(context, user, 'user_gone')
  if (isInFuture(user.bannedUntil, now)) throw refusalOf(context, user, 'user_banned')
  const session = found && { ...found.session, aal: lowerAal(found.session.aal, aalOf(claims, found.session)) }
  return { user, session, claims, isPersonalToken: false }
}

/** The assurance level in a token. One of `/api/auth` has no claim for the first level. */
function aalOf(claims: VerifiedClaims, session: Session): Aal {
  const { aal } = claims
  if (aal === 'aal1' || (aal === undefined && isServiceToken(claims))) return 'aal1'
  return session.aal
}

/** The session of a token of `/api/auth`, which must contain `sid`, `iss` and `exp` (docs/decisions.md#d2). */
function serviceSession({ service }: Context['policy'], { iss, exp, sid }: VerifiedClaims): unknown {
  const namesSession = typeof sid === 'string' && sid !== '' && sid !== NIL_UUID
  if (iss === service.issuer && typeof exp === 'number' && namesSession) return sid
  throw new Refusal('token_invalid', { detail: 'token has invalid claims: iss, exp and sid are required' })
}

async function requireValidSession(context: Context, { user, session }: Caller): Promise<void> {
  if (!session) return
  const isLowLimited = await isLowAalLimited(context, user)
  if (sessionEndReason(context.policy.session, session, context.now, isLowLimited))
    throw refusalOf(context, user, 'session_over')
}

/** The refusal of a known account, which the record of refusals names. */
function refusalOf(context: Context, { id }: User, reason: PlainReason): Refusal {
  noteAccount(context, id)
  return new Refusal(reason)
}
