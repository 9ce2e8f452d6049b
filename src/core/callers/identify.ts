/** Who is asking: from a bearer token or an API key to a caller (contract 0.5). */
import { type Aal, lowerAal } from '../../lib/assurance'
import { isAhead } from '../../lib/time'
import { isUuid, NIL_UUID } from '../../lib/uuid'
import type { Session } from '../../store'
import type { Admin, Caller, Credentials } from '../caller'
import type { Deps } from '../deps'
import { lacksFactor } from '../factors/own'
import { Refusal } from '../refusal'
import { endOf, isEndedByBan, isLowAalLimited } from '../sessions/session-limits'
import { isSecretKey, isUnknownKey } from '../tokens/api-keys'
import type { VerifiedClaims } from '../tokens/jwt'
import { opaqueKind } from '../tokens/opaque'
import { isBearerKind, opaqueCaller } from './opaque-callers'

/**
 * @throws {Refusal<'bearer_missing' | 'api_key_unknown' | 'token_invalid' | 'token_without_subject' | 'token_subject_malformed' |
 *   'token_session_malformed' | 'user_gone' | 'session_gone' | 'user_banned' | 'csrf_rejected'>}
 */
export async function identifyUser(deps: Deps, credentials: Credentials): Promise<Caller> {
  return (await opaquely(deps, credentials)) ?? callerOf(deps, await claimsOf(deps, required(deps, credentials)))
}

/** The caller of an opaque token or of the session cookie; undefined: there is only a JWT to look at, or nothing. */
async function opaquely(deps: Deps, { bearer, cookie }: Credentials): Promise<Caller | undefined> {
  if (bearer === undefined && cookie) {
    if (!cookie.isTrusted) throw new Refusal('csrf_rejected')
    return opaqueCaller(deps, 'cookie', cookie.token)
  }
  const kind = bearer === undefined ? undefined : opaqueKind(bearer)
  return isBearerKind(kind) && bearer !== undefined ? opaqueCaller(deps, kind, bearer) : undefined
}

function required({ apiKeys }: Pick<Deps, 'apiKeys'>, { bearer, apiKey }: Credentials): string {
  if (bearer !== undefined) return bearer
  throw new Refusal(isUnknownKey(apiKeys, apiKey) ? 'api_key_unknown' : 'bearer_missing')
}

/** Whether a request shows a key of another server, in either header. What needs no key is answered all the same. */
export const showsUnknownKey = ({ apiKeys }: Pick<Deps, 'apiKeys'>, { bearer, apiKey }: Credentials): boolean =>
  isUnknownKey(apiKeys, apiKey) || isUnknownKey(apiKeys, bearer)

/**
 * Admin is a token with an admin role, the secret key in either header, or a user's session whose user has the role
 * `admin` (settled 5). A JWT in the apikey header never counts.
 * @throws {Refusal<'bearer_missing' | 'token_invalid' | 'not_admin' | 'user_gone' | 'session_gone' | 'session_over' | …>}
 */
export async function identifyAdmin(deps: Deps, credentials: Credentials): Promise<Admin> {
  const { bearer, apiKey } = credentials
  if (isSecretKey(deps.apiKeys, apiKey) || isSecretKey(deps.apiKeys, bearer)) return { role: 'service_role' }
  const opaque = await opaquely(deps, credentials)
  const claims = opaque?.claims ?? (await claimsOf(deps, required(deps, credentials)))
  const role = typeof claims.role === 'string' ? claims.role : ''
  if (deps.policy.adminRoles.includes(role)) {
    if (claims.session_id !== undefined) await requireValidSession(deps, opaque ?? (await callerOf(deps, claims)))
    return { role }
  }
  if (claims.sub === undefined) throw new Refusal('not_admin')
  const caller = opaque ?? (await callerOf(deps, claims))
  const { user } = caller
  if (!caller.session || !(await deps.store.hasRole({ userId: user.id, role: 'admin' }))) throw new Refusal('not_admin')
  await requireValidSession(deps, caller)
  if (await lacksFactor(deps, caller)) throw new Refusal('not_admin')
  return { role, user }
}

/** The audience a request is about: the one it names, else the token's, else the configured one (contract 0.10). */
function requestAudience({ policy }: Pick<Deps, 'policy'>, named: string | undefined, claims: VerifiedClaims): unknown {
  if (named) return named
  return policy.adminRoles.includes(claims.role as string) ? policy.audience : audienceOf(claims)
}

/** @throws {Refusal<'audience_mismatch'>} where a request names another audience than its token is for, or the token is for none */
export function requireAudience(deps: Pick<Deps, 'policy'>, named: string | undefined, { claims, user }: Caller): void {
  // A token of `/api/auth` names no audience; it is for that of its user.
  const own = claims.type === 'access' ? user.aud : audienceOf(claims)
  if (!own || requestAudience(deps, named, { ...claims, aud: own }) !== own) throw new Refusal('audience_mismatch')
}

const audienceOf = ({ aud }: VerifiedClaims): unknown => (Array.isArray(aud) ? aud[0] : aud)

async function claimsOf({ apiKeys, keyring, clock }: Deps, bearer: string): Promise<VerifiedClaims> {
  // supabase-js sends an API key as bearer where no user is signed in; it stands for nobody
  if (bearer === apiKeys.publishable || isSecretKey(apiKeys, bearer)) return {}
  if (isUnknownKey(apiKeys, bearer)) throw new Refusal('api_key_unknown')
  return keyring.verify(bearer, clock.now())
}

async function callerOf({ store, clock, policy }: Deps, claims: VerifiedClaims): Promise<Caller> {
  const { sub } = claims
  const sessionId = claims.type === 'access' ? serviceSession(policy, claims) : claims.session_id
  if (typeof sub !== 'string' || sub === '') throw new Refusal('token_without_subject')
  if (!isUuid(sub)) throw new Refusal('token_subject_malformed')
  const namesSession = sessionId !== undefined && sessionId !== '' && sessionId !== NIL_UUID
  const isNamedWell = typeof sessionId === 'string' && isUuid(sessionId)
  const found = namesSession && isNamedWell ? await store.findSession(sessionId.toLowerCase()) : undefined
  const user = found?.user.id === sub.toLowerCase() ? found.user : await store.findUser(sub.toLowerCase())
  if (!user) throw new Refusal('user_gone')
  if (namesSession && !isNamedWell) throw new Refusal('token_session_malformed')
  const isLive = found?.user.id === user.id && !isEndedByBan(found.session, user, clock.now())
  if (namesSession && !isLive) throw new Refusal('session_gone')
  if (user.deletedAt !== null) throw new Refusal('user_gone')
  if (isAhead(user.bannedUntil, clock.now())) throw new Refusal('user_banned')
  const session = found && { ...found.session, aal: lowerAal(found.session.aal, aalOf(claims, found.session)) }
  return { user, session, claims, isPersonalToken: false }
}

/** What a token says it was issued for. One of `/api/auth` says nothing of the first level. */
function aalOf({ type, aal }: VerifiedClaims, session: Session): Aal {
  if (aal === 'aal1' || (aal === undefined && type === 'access')) return 'aal1'
  return session.aal
}

/** The session of a token of `/api/auth`, which must say whose it is and until when (settled 2). */
function serviceSession({ service }: Deps['policy'], { iss, exp, sid }: VerifiedClaims): unknown {
  const namesSession = typeof sid === 'string' && sid !== '' && sid !== NIL_UUID
  if (iss === service.issuer && typeof exp === 'number' && namesSession) return sid
  throw new Refusal('token_invalid', { detail: 'token has invalid claims: iss, exp and sid are required' })
}

async function requireValidSession(deps: Deps, { user, session }: Caller): Promise<void> {
  if (!session) return
  const isLowLimited = await isLowAalLimited(deps, user)
  if (endOf(deps.policy.session, session, deps.clock.now(), isLowLimited)) throw new Refusal('session_over')
}
