/** Sign-in with an account of this server, or of another one (docs/other-surfaces.md#federation). */
import type { JsonObject } from '../../lib/json'
import type { User } from '../../store'
import { auditEntry } from '../kernel/audit'
import { type Context, withCurrentTime } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { checkSignInRequest, type OneStepSignIn, signInInOneStep } from '../sign-in/one-step-sign-in'
import { mintOpaqueToken } from '../tokens/opaque'
import { sealToken } from './authentication'
import {
  accountIdOf,
  findPeer,
  type Peer,
  type PeerResponse,
  peerLabel,
  profileIn,
  requestPeer,
  revokePeerToken,
  tokenOf,
} from './peers'
import { FEDERATED_SESSION_MS } from './sessions'
import { externalRef, localRef } from './user-ref'

export interface FederatedSignIn {
  accessToken: string
  /** `local`, or this server's name for the other one. */
  server: string
  userRef: string
  /** Undefined for an account of another server. */
  user: User | undefined
}

interface PeerSignIn extends OneStepSignIn {
  /** Solved for the other server; empty if none was given. */
  captchaToken: string
}

/** @param server empty or `local` for this server */
export async function signInFederated(
  context: Context,
  { server, captchaToken, ...signIn }: PeerSignIn & { server: string },
): Promise<FederatedSignIn> {
  const peer = findPeer(context, server)
  if (peer) return signInAtPeer(context, peer, { ...signIn, captchaToken })
  const wanted = [['federation', context.policy.federation.tokenMs]] as const
  const { opened, tokens } = await signInInOneStep(context, signIn, wanted, FEDERATED_SESSION_MS)
  const { user } = opened
  return { accessToken: tokens[0]?.token ?? '', server: 'local', userRef: localRef(user.uid), user }
}

async function signInAtPeer(arriving: Context, peer: Peer, signIn: PeerSignIn): Promise<FederatedSignIn> {
  const answer = await loginAtPeer(arriving, peer, signIn)
  const token = tokenOf(answer)
  const named = accountIdOf(answer.body) === undefined ? await introspected(arriving, peer, token) : answer.body
  const context = withCurrentTime(arriving)
  const { random, store, policy, now } = context
  const externalId = accountIdOf(named) ?? ''
  const id = random.uuid()
  const { token: accessToken, lookupId, tokenHash } = mintOpaqueToken(context, 'federation')
  const userRef = externalRef(peerLabel(peer), externalId)
  await store.openExternalSession({
    session: {
      id,
      lookupId,
      tokenHash,
      externalId,
      server: peer.url,
      upstreamToken: sealToken(context, id, token),
      ...profileIn(named),
      createdAt: now,
      expiresAt: now + policy.federation.tokenMs,
    },
    audit: [auditEntry(context, 'login', userRef, { provider: 'federation' })],
  })
  return { accessToken, server: peerLabel(peer), userRef, user: undefined }
}

/** Reasons of the other server other than a wrong password, with the refusal for each. */
const REFUSAL_OF_PEER_REASON: ReadonlyMap<unknown, 'second_factor_needed' | 'external_captcha_failed'> = new Map([
  ['mfa_required', 'second_factor_needed'],
  ['captcha_failed', 'external_captcha_failed'],
] as const)

/** Password attempts at other servers count like local ones, so that the detour does not allow more guesses. */
async function loginAtPeer(context: Context, peer: Peer, signIn: PeerSignIn): Promise<PeerResponse> {
  checkSignInRequest(context, signIn)
  const { identifier, password, code, captchaToken } = signIn
  const refund = await context.limits.guess({
    account: undefined,
    identifier: `${peer.url} ${identifier.toLowerCase()}`,
    ip: context.client.ip,
    isKnownNetwork: false,
  })
  let answer: PeerResponse
  try {
    const body: JsonObject = { id: identifier, password }
    if (code !== '') body.code = code
    if (captchaToken !== '') body.captcha_token = captchaToken
    answer = await requestPeer(context, peer, { method: 'POST', path: '/login', body })
  } catch (error) {
    // not checked, so not a guess
    await refund()
    throw error
  }
  const other = answer.isSuccess ? undefined : REFUSAL_OF_PEER_REASON.get(answer.body.reason)
  if (answer.isSuccess || other) await refund()
  if (other) throw new Refusal(other)
  if (!answer.isSuccess) throw new Refusal('external_auth_failed')
  return answer
}

/** The other server's introspection of a token that it issued without naming the user. */
async function introspected(context: Context, peer: Peer, token: string): Promise<JsonObject> {
  try {
    const { body } = await requestPeer(context, peer, { method: 'POST', path: '/introspect', body: { token } })
    if (accountIdOf(body) !== undefined) return body
    throw new Refusal('upstream_unavailable')
  } catch (error) {
    context.background(revokePeerToken(context, peer, token))
    throw error
  }
}
