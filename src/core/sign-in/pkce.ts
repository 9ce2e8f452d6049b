/**
 * Proof Key for Code Exchange (RFC 7636), also for links opened in a browser other than the one that requested them.
 */

import { createHash } from 'node:crypto'
import { hmacSha256, secretEqual } from '../../lib/secrets'
import { isOver } from '../../lib/time'
import type { FlowState } from '../../store'
import { auditEntry } from '../audit'
import type { Context } from '../context'
import type { ProviderTokens } from '../ports'
import { Refusal } from '../refusal'
import { type IssuedSession, issueTokens, type Method, newSession } from '../sessions/sessions'

export interface Challenge {
  value: string
  method: FlowState['codeChallengeMethod']
}

export interface ChallengeInput {
  codeChallenge?: string | undefined
  codeChallengeMethod?: string | undefined
}

/**
 * The PKCE challenge of a request, if it has one.
 * @throws {Refusal<'challenge_incomplete' | 'challenge_length' | 'challenge_characters' | 'challenge_method_unknown'>}
 */
export function parseChallenge({
  codeChallenge = '',
  codeChallengeMethod = '',
}: ChallengeInput): Challenge | undefined {
  if (codeChallenge === '' && codeChallengeMethod === '') return undefined
  if (codeChallenge === '' || codeChallengeMethod === '') throw new Refusal('challenge_incomplete')
  if (codeChallenge.length < 43 || codeChallenge.length > 128) throw new Refusal('challenge_length')
  if (!/^[\w.~-]+$/.test(codeChallenge)) throw new Refusal('challenge_characters')
  const method = codeChallengeMethod.toLowerCase()
  if (method !== 's256' && method !== 'plain') throw new Refusal('challenge_method_unknown')
  return { value: codeChallenge, method }
}

/** A flow to be stored. @param method the `amr` method of its session */
export function newFlow(
  { random, now }: Pick<Context, 'random' | 'now'>,
  userId: string,
  { value, method: codeChallengeMethod }: Challenge,
  method: Method,
): FlowState {
  return {
    id: random.uuid(),
    userId,
    authCodeHash: null,
    authCodeIssuedAt: null,
    codeChallenge: value,
    codeChallengeMethod,
    authenticationMethod: method,
    providerTokens: null,
    createdAt: now,
  }
}

/** A code to be exchanged for a session, and its stored hash. */
export function newAuthCode({ random, peppers }: Pick<Context, 'random' | 'peppers'>): { code: string; hash: string } {
  const code = random.uuid()
  return { code, hash: authCodeHash(peppers[0], code) }
}

const authCodeHash = (pepper: Buffer, code: string) => hmacSha256(pepper, code).toString('hex')

/**
 * Exchanges a code for a session, once (`POST /token?grant_type=pkce`). A wrong verifier does not consume the code.
 * @throws {Refusal<'exchange_incomplete' | 'flow_unknown' | 'flow_expired' | 'verifier_wrong' | 'user_banned'>}
 */
export async function exchangeCode(
  context: Context,
  { authCode, codeVerifier }: { authCode: string; codeVerifier: string },
): Promise<IssuedSession> {
  const { store, policy, peppers, limits, now, client } = context
  limits.request('tokens', client.ip)
  if (authCode === '' || codeVerifier === '') throw new Refusal('exchange_incomplete')
  const hash = authCodeHash(peppers[0], authCode)
  const flow = await store.findFlow(hash)
  if (!flow?.userId) throw new Refusal('flow_unknown')
  if (isOver(flow.authCodeIssuedAt ?? 0, policy.flowMs, now)) throw new Refusal('flow_expired')
  const shown =
    flow.codeChallengeMethod === 'plain' ? codeVerifier : createHash('sha256').update(codeVerifier).digest('base64url')
  if (!secretEqual(shown, flow.codeChallenge)) throw new Refusal('verifier_wrong')
  const user = await store.findUser(flow.userId)
  if (!user) throw new Refusal('flow_unknown')
  const session = newSession(context, user.id, flow.authenticationMethod as Method)
  const exchanged = await store.exchangeFlow({
    authCodeHash: hash,
    session: session.row,
    now,
    audit: [auditEntry(context, 'login', user)],
  })
  switch (exchanged.outcome) {
    case 'opened':
      return {
        ...(await issueTokens(context, exchanged.opened, session.key)),
        providerTokens: openProviderTokens(context, flow),
      }
    case 'user_banned':
      throw new Refusal('user_banned')
    default:
      throw new Refusal('flow_unknown')
  }
}

const tokensPlace = (flowId: string) => `flow_state.provider_tokens:${flowId}`

/** A provider's tokens, sealed until the code is exchanged. */
export function sealProviderTokens(
  { sealer }: Pick<Context, 'sealer'>,
  flowId: string,
  tokens: ProviderTokens,
): string {
  return sealer.seal(Buffer.from(JSON.stringify(tokens)), tokensPlace(flowId))
}

function openProviderTokens({ sealer }: Context, { id, providerTokens }: FlowState): ProviderTokens | undefined {
  return providerTokens === null ? undefined : JSON.parse(sealer.open(providerTokens, tokensPlace(id)).toString())
}
