/**
 * Native clients (docs/other-surfaces.md#native-clients): opaque token pairs, rotated in families; reuse ends the
 * family.
 */
import type { NewSessionToken } from '../../store'
import { auditEntry } from '../audit'
import type { Client, Deps } from '../deps'
import { Refusal } from '../refusal'
import { isLowAalLimited, sessionEndReason, supersedes } from '../sessions/session-limits'
import { isValidOpaqueToken, lookupIdOf, mintSessionToken, type OpaqueKind } from '../tokens/opaque'
import { issueForService, type ServiceSession } from '../tokens/service-token'
import { type CredentialSignIn, signInWithCredentials } from './credential-sign-in'

export interface TokenPair {
  accessToken: string
  /** Unix milliseconds. */
  accessTokenExpiresAt: number
  refreshToken: string
  refreshTokenExpiresAt: number
}

/**
 * @throws {Refusal<'grant_unsupported' | 'token_request_malformed' | 'credentials_wrong' | 'user_banned' |
 *   'email_not_confirmed' | 'second_factor_needed' | 'too_many_requests'>}
 */
export async function mintTokenPair(
  deps: Deps,
  { grantType, ...signIn }: CredentialSignIn & { grantType: string },
): Promise<TokenPair> {
  if (grantType !== '' && grantType !== 'password') throw new Refusal('grant_unsupported')
  if (grantType === '' || signIn.identifier === '' || signIn.password === '')
    throw new Refusal('token_request_malformed')
  const { native } = deps.policy
  const { tokens } = await signInWithCredentials(deps, signIn, [
    ['access', native.accessTokenMs],
    ['refresh', native.refreshTokenMs],
  ])
  return pairOf(tokens)
}

/** @throws {Refusal<'refresh_refused' | 'too_many_requests'>} one answer for invalid, expired and reused tokens */
export async function refreshTokenPair(deps: Deps, request: { refreshToken: string; client: Client }) {
  const { native } = deps.policy
  const { tokens } = await rotate(deps, 'refresh', request, [
    ['access', native.accessTokenMs],
    ['refresh', native.refreshTokenMs],
  ])
  return pairOf(tokens)
}

export interface ServiceSignIn {
  session: ServiceSession
  /** Value of the session cookie. */
  cookie: string
}

/** Signs in a service or a browser: service tokens and a cookie of one session (docs/decisions.md#d18). */
export async function signInForService(deps: Deps, signIn: CredentialSignIn): Promise<ServiceSignIn> {
  const { service, native } = deps.policy
  const { opened, now, tokens } = await signInWithCredentials(deps, signIn, [
    ['service', service.refreshTokenMs],
    ['cookie', native.refreshTokenMs],
  ])
  const [refresh, cookie] = tokens.map(({ token }) => token) as [string, string]
  return { session: await issueForService(deps, now, opened, refresh), cookie }
}

/** @throws {Refusal<'refresh_refused' | 'too_many_requests'>} */
export async function refreshForService(
  deps: Deps,
  request: { refreshToken: string; client: Client },
): Promise<ServiceSession> {
  const rotated = await rotate(deps, 'service', request, [['service', deps.policy.service.refreshTokenMs]])
  return issueForService(deps, rotated.now, rotated.opened, rotated.tokens[0]?.token ?? '')
}

async function rotate(
  deps: Deps,
  kind: OpaqueKind & ('refresh' | 'service'),
  { refreshToken, client }: { refreshToken: string; client: Client },
  wanted: readonly (readonly ['access' | 'refresh' | 'service', number])[],
) {
  const { store, clock, limits, policy } = deps
  limits.request('tokens', client.ip)
  const found = await findOwnToken(deps, kind, refreshToken)
  const now = clock.now()
  if (!found) throw new Refusal('refresh_refused')
  const isLowLimited = await isLowAalLimited(deps, found.user)
  if (sessionEndReason(policy.session, found.session, now, isLowLimited)) throw new Refusal('refresh_refused')
  const { user, token } = found
  const { familyId } = token
  const tokens = wanted.map(([each, lifetimeMs]) => mintSessionToken(deps, now, { kind: each, familyId, lifetimeMs }))
  const rotated = await store.rotateSessionToken({
    ...{ lookupId: token.lookupId, now, userAgent: client.userAgent, ip: client.ip },
    supersedes: supersedes(policy.session, now, isLowLimited),
    next: tokens.map(({ row }) => row),
    lost: deps.lostAnswers.take(token.lookupId),
    audit: {
      rotated: [auditEntry(deps, now, 'token_refreshed', user)],
      reused: [auditEntry(deps, now, 'token_revoked', user, { reason: 'refresh_token_reuse' })],
    },
  })
  if (rotated.outcome !== 'rotated') throw new Refusal('refresh_refused')
  const made = tokens.map(({ row }) => row.lookupId)
  deps.lostAnswers.watch(client.gone, token.lookupId, made)
  return { now, tokens, opened: rotated.opened }
}

/** A token in our format, whatever its state. */
export async function findOwnToken(deps: Deps, kind: 'refresh' | 'service' | 'cookie', token: string) {
  const lookupId = lookupIdOf(kind, token)
  const found = lookupId === undefined ? undefined : await deps.store.findSessionToken(lookupId)
  const isRight = found && found.token.kind === kind && isValidOpaqueToken(deps, token, found.token.tokenHash)
  return isRight ? found : undefined
}

function pairOf(tokens: { token: string; row: NewSessionToken }[]): TokenPair {
  const [access, refresh] = tokens as [(typeof tokens)[0], (typeof tokens)[0]]
  return {
    accessToken: access.token,
    accessTokenExpiresAt: access.row.expiresAt,
    refreshToken: refresh.token,
    refreshTokenExpiresAt: refresh.row.expiresAt,
  }
}
