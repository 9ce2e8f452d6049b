/**
 * Native clients (docs/other-surfaces.md#native-clients): opaque token pairs, rotated in families; reuse ends the
 * family.
 */
import type { NewSessionToken } from '../../store'
import { auditEntry } from '../kernel/audit'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { noteAccount, noteAttempt } from '../kernel/request-facts'
import { issueServiceTokens, type ServiceSession } from '../sessions/service-tokens'
import { isEndedByBan, isLowAalLimited, sessionEndReason, sessionPrecedence } from '../sessions/session-limits'
import { isValidOpaqueToken, lookupIdOf, mintSessionToken, type OpaqueKind } from '../tokens/opaque'
import { type OneStepSignIn, signInInOneStep } from './one-step-sign-in'

export interface TokenPair {
  accessToken: string
  /** Unix milliseconds. */
  accessTokenExpiresAt: number
  refreshToken: string
  refreshTokenExpiresAt: number
}

/** Signs in a native client. */
export async function mintTokenPair(
  context: Context,
  { grantType, ...signIn }: OneStepSignIn & { grantType: string },
): Promise<TokenPair> {
  if (grantType !== '' && grantType !== 'password') throw new Refusal('grant_unsupported')
  if (grantType === '' || signIn.identifier === '' || signIn.password === '')
    throw new Refusal('token_request_malformed')
  const { native } = context.policy
  const { tokens } = await signInInOneStep(context, signIn, [
    ['access', native.accessTokenMs],
    ['refresh', native.refreshTokenMs],
  ])
  return pairOf(tokens)
}

/** @throws {Refusal} with the same reason for invalid, expired and reused tokens */
export async function refreshTokenPair(context: Context, request: { refreshToken: string }) {
  const { native } = context.policy
  const { tokens } = await rotate(context, 'refresh', request, [
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
export async function signInForService(context: Context, signIn: OneStepSignIn): Promise<ServiceSignIn> {
  const { service, native } = context.policy
  const {
    context: begun,
    opened,
    tokens,
  } = await signInInOneStep(context, signIn, [
    ['service', service.refreshTokenMs],
    ['cookie', native.refreshTokenMs],
  ])
  const [refresh, cookie] = tokens.map(({ token }) => token) as [string, string]
  return { session: await issueServiceTokens(begun, opened, refresh), cookie }
}

export async function refreshForService(context: Context, request: { refreshToken: string }): Promise<ServiceSession> {
  const rotated = await rotate(context, 'service', request, [['service', context.policy.service.refreshTokenMs]])
  return issueServiceTokens(context, rotated.opened, rotated.tokens[0]?.token ?? '')
}

async function rotate(
  context: Context,
  kind: OpaqueKind & ('refresh' | 'service'),
  { refreshToken }: { refreshToken: string },
  wanted: readonly (readonly ['access' | 'refresh' | 'service', number])[],
) {
  const { store, limits, policy, now, client } = context
  noteAttempt(context, 'refresh')
  limits.request('tokens', client.ip)
  const found = await findOwnToken(context, kind, refreshToken)
  if (!found) throw new Refusal('refresh_refused')
  noteAccount(context, found.user.id)
  const isLowLimited = await isLowAalLimited(context, found.user)
  const { user, session, token } = found
  if (isEndedByBan(session, user, now) || sessionEndReason(policy.session, session, now, isLowLimited))
    throw new Refusal('refresh_refused')
  const { familyId } = token
  const tokens = wanted.map(([each, lifetimeMs]) => mintSessionToken(context, { kind: each, familyId, lifetimeMs }))
  const rotated = await store.rotateSessionToken({
    lookupId: token.lookupId,
    now,
    userAgent: client.userAgent,
    ip: client.ip,
    supersedes: sessionPrecedence(policy.session, now, isLowLimited),
    next: tokens.map(({ row }) => row),
    lost: token.revokedAt === null ? undefined : await context.lostResponses.take(token.lookupId),
    audit: {
      rotated: [auditEntry(context, 'token_refreshed', user)],
      reused: [auditEntry(context, 'token_revoked', user, { reason: 'refresh_token_reuse' })],
    },
  })
  if (rotated.outcome !== 'rotated') throw new Refusal('refresh_refused')
  const made = tokens.map(({ row }) => row.lookupId)
  context.lostResponses.watch(client.disconnected, token.lookupId, made)
  return { tokens, opened: rotated.opened }
}

/** A token in our format, whatever its state. */
export async function findOwnToken(context: Context, kind: 'refresh' | 'service' | 'cookie', token: string) {
  const lookupId = lookupIdOf(kind, token)
  const found = lookupId === undefined ? undefined : await context.store.findSessionToken(lookupId)
  const isRight = found && found.token.kind === kind && isValidOpaqueToken(context, token, found.token.tokenHash)
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
