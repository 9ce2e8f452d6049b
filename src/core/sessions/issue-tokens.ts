/** New sessions, and the tokens of a session. */
import type { AuthenticationMethod } from '../../lib/assurance'
import { METHOD_OF } from '../../lib/factor-types'
import { networkPrefix } from '../../lib/ip'
import { fitIntoToken } from '../../lib/metadata'
import type { AuditEntry, NewKey, NewSession, OpenedSession, Proof, Session, UsedUp } from '../../store'
import { customizeClaims, type TokenOccasion } from '../hooks/custom-access-token'
import { auditEntry } from '../kernel/audit'
import { type Context, withCurrentTime } from '../kernel/context'
import type { Policy } from '../kernel/policy'
import type { ProviderTokens } from '../kernel/ports'
import { Refusal, type Weakness } from '../kernel/refusal'
import { encodeRefreshToken } from '../tokens/refresh-token'
import { accessClaims } from './access-claims'
import { newDeviceNotice } from './new-device'
import { roleClaims } from './role-claims'
import { lowAalEnd } from './session-limits'

const KEY_BYTES = 32

/** A session with newly issued tokens. */
export interface IssuedSession extends OpenedSession {
  accessToken: string
  /** Seconds. */
  expiresIn: number
  /** Unix seconds. */
  expiresAt: number
  refreshToken: string
  /** The provider's tokens, returned once. */
  providerTokens?: ProviderTokens | undefined
  /** Set after a password sign-in: how the password violates the current rules, null if it does not. */
  weakness?: Weakness | null
}

/**
 * A session to be stored; `issueFirstTokens` needs it.
 * @param proof a second factor given with the sign-in
 */
export function newSession(
  context: Context,
  userId: string,
  method: AuthenticationMethod,
  proof?: Proof,
): { row: NewSession; key: Buffer } {
  const { random, sealer, now, client } = context
  const id = random.uuid()
  const key = random.bytes(KEY_BYTES)
  const session: Session = {
    id,
    userId,
    aal: proof ? 'aal2' : 'aal1',
    factorId: proof?.factorId ?? null,
    notAfter: null,
    refreshedAt: null,
    userAgent: client.userAgent ?? null,
    ip: client.ip,
    tag: null,
    refreshTokenHmacKey: sealer.seal(key, keyAad(id)),
    refreshTokenCounter: 0,
    elevatedAtCounter: null,
    createdAt: now,
    updatedAt: now,
  }
  const secondMethod = proof && METHOD_OF[proof.type]
  const noticeOf = newDeviceNotice(context, session)
  return { row: { session, method, secondMethod, network: networkPrefix(client.ip), noticeOf }, key }
}

/**
 * Issues the first tokens of a new session. If a hook refuses them, or fails, the sign-in is withdrawn.
 * @param made by `newSession`
 * @param used what the sign-in has used up
 */
export const issueFirstTokens = (
  context: Context,
  opened: OpenedSession,
  { row, key }: ReturnType<typeof newSession>,
  used: readonly UsedUp[] = [],
): Promise<IssuedSession> =>
  orWithdraw(
    context,
    () => issueTokens(context, opened, { key, occasion: row.method as AuthenticationMethod }),
    async (cause) => {
      const { user, session } = opened
      const audit = [refusalEntry(context, opened, cause)]
      // The account as it was stored has the time of the sign-in.
      const at = user.lastSignInAt ?? session.createdAt
      await context.store.withdrawSignIn({ userId: user.id, sessionId: session.id, at, used, audit })
    },
  )

/** Does what may fail; if it does, takes back what was stored before it. */
export async function orWithdraw<T>(
  { report }: Pick<Context, 'report'>,
  work: () => Promise<T>,
  withdraw: (cause: unknown) => Promise<unknown>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await withdraw(error).catch((failure: unknown) => {
      report('error', 'could not withdraw a sign-in without an access token', { error: String(failure) })
    })
    throw error
  }
}

/** The audit entry of a sign-in that got no access token. */
export const refusalEntry = (context: Context, { user, session }: OpenedSession, cause: unknown): AuditEntry =>
  auditEntry(withCurrentTime(context), 'hook_refused', user, {
    session_id: session.id,
    reason: cause instanceof Refusal ? cause.reason : 'fault',
  })

interface Issue {
  /** Of its refresh tokens, in plaintext. */
  key: Uint8Array
  occasion: TokenOccasion
}

/** Issues the tokens of a session. */
export async function issueTokens(
  context: Context,
  opened: OpenedSession,
  { key, occasion }: Issue,
): Promise<IssuedSession> {
  const { keyring, report } = context
  const { session } = opened
  const { claims, isCut, issuedAt, expiresAt } = await nextClaims(context, opened)
  if (isCut) report('warn', 'metadata does not fit into access tokens', { user: opened.user.id })
  return {
    ...opened,
    accessToken: await keyring.sign(await customizeClaims(context, claims, occasion)),
    expiresIn: expiresAt - issuedAt,
    expiresAt,
    refreshToken: encodeRefreshToken(session.id, session.refreshTokenCounter, key),
  }
}

/** The claims of an access token issued now, without those of a hook. Times in Unix seconds. */
export async function nextClaims(context: Context, opened: OpenedSession) {
  const { policy, now } = context
  const { rawUserMetaData: user, rawAppMetaData: app } = opened.user
  const metadata = fitIntoToken({ user, app })
  const issuedAt = Math.floor(now / 1000)
  const expiresAt = Math.floor(Math.min(issuedAt * 1000 + policy.accessTokenMs, latestExpiry(policy, opened)) / 1000)
  return {
    claims: {
      ...accessClaims(policy, opened, metadata, issuedAt, expiresAt),
      ...(await roleClaims(context, opened)),
    },
    /** Whether metadata was left out, because it is too large. */
    isCut: metadata.user !== user || metadata.app !== app,
    issuedAt,
    expiresAt,
  }
}

/** A token without its user's second factor does not outlive its session (docs/wire-contract.md#session-lifetime). */
function latestExpiry({ session: limits }: Policy, { session, factors }: OpenedSession): number {
  const lowEnd = lowAalEnd(limits, session)
  return lowEnd !== undefined && factors.some(({ status }) => status === 'verified') ? lowEnd : Number.POSITIVE_INFINITY
}

/** Makes a sealed key for the refresh tokens of a session that has none. */
export const newKeyFor =
  ({ random, sealer }: Context, sessionId: string): NewKey =>
  () =>
    sealer.seal(random.bytes(KEY_BYTES), keyAad(sessionId))

/** Issues new tokens for an existing session. */
export async function reissueTokens(
  context: Context,
  opened: OpenedSession,
  occasion: TokenOccasion,
): Promise<IssuedSession> {
  const { id, refreshTokenHmacKey } = opened.session
  return issueTokens(context, opened, { key: context.sealer.open(refreshTokenHmacKey, keyAad(id)), occasion })
}

/** The additional authenticated data under which a session's refresh token key is sealed. */
export const keyAad = (sessionId: string) => `sessions.refresh_token_hmac_key:${sessionId}`
