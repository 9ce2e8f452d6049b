/** Signing in with an account of this server, or of another that speaks the same endpoints (federation.md). */
import type { JsonObject } from '../../lib/json'
import type { User } from '../../store'
import { auditEntry } from '../audit'
import type { Deps } from '../deps'
import { Refusal } from '../refusal'
import { type DirectSignIn, signInDirectly } from '../sign-in/direct-sign-in'
import { mintOpaque } from '../tokens/opaque'
import { sealToken } from './callers'
import { type Answer, accountIdIn, askPeer, dropToken, findPeer, labelOf, type Peer, profileIn, tokenIn } from './peers'
import { externalRef, localRef } from './user-ref'

export interface FederatedSignIn {
  accessToken: string
  /** `local`, or what this server calls the other one. */
  server: string
  userRef: string
  /** Undefined for an account of another server. */
  user: User | undefined
}

/**
 * @param server empty or `local`: this one
 * @throws {Refusal<'server_not_allowed' | 'upstream_unavailable' | 'external_auth_failed'>} and as `signInDirectly`
 */
export async function signInFederated(
  deps: Deps,
  { server, ...signIn }: DirectSignIn & { server: string },
): Promise<FederatedSignIn> {
  const peer = findPeer(deps, server)
  if (peer) return signInAtPeer(deps, peer, signIn)
  const { opened, tokens } = await signInDirectly(deps, signIn, [['federation', deps.policy.federation.tokenMs]])
  const { user } = opened
  return { accessToken: tokens[0]?.token ?? '', server: 'local', userRef: localRef(user.uid), user }
}

async function signInAtPeer(deps: Deps, peer: Peer, signIn: DirectSignIn): Promise<FederatedSignIn> {
  const { clock, random, store, policy } = deps
  const answer = await proveAtPeer(deps, peer, signIn)
  const token = tokenIn(answer)
  const named = accountIdIn(answer.body) === undefined ? await introspected(deps, peer, token) : answer.body
  const externalId = accountIdIn(named) ?? ''
  const now = clock.now()
  const id = random.uuid()
  const { token: accessToken, lookupId, tokenHash } = mintOpaque(deps, 'federation')
  const userRef = externalRef(labelOf(peer), externalId)
  await store.openExternalSession({
    session: {
      ...{ id, lookupId, tokenHash, externalId, server: peer.url, upstreamToken: sealToken(deps, id, token) },
      ...profileIn(named),
      ...{ createdAt: now, expiresAt: now + policy.federation.tokenMs },
    },
    audit: [auditEntry(deps, now, 'login', userRef, { provider: 'federation' })],
  })
  return { accessToken, server: labelOf(peer), userRef, user: undefined }
}

/** A guess at a password there counts here as one at a password here does: nobody guesses faster by a detour. */
async function proveAtPeer(
  deps: Deps,
  peer: Peer,
  { identifier, password, code, client }: DirectSignIn,
): Promise<Answer> {
  const { limits } = deps
  limits.request('tokens', client.ip)
  if (identifier === '') throw new Refusal('identifier_missing')
  if (password === '') throw new Refusal('password_missing')
  const takeBack = limits.guess({
    ...{ account: undefined, identifier: `${peer.url} ${identifier.toLowerCase()}` },
    ...{ ip: client.ip, isKnownNetwork: false },
  })
  let answer: Answer
  try {
    const body = { id: identifier, password, ...(code !== '' && { code }) }
    answer = await askPeer(deps, peer, { method: 'POST', path: '/login', body })
  } catch (error) {
    // not looked at, so not a guess
    takeBack()
    throw error
  }
  const lacksCode = !answer.isSuccess && answer.body.reason === 'mfa_required'
  if (answer.isSuccess || lacksCode) takeBack()
  if (lacksCode) throw new Refusal('second_factor_needed')
  if (!answer.isSuccess) throw new Refusal('external_auth_failed')
  return answer
}

/** What the other server says of a token that it gave without saying whose it is. */
async function introspected(deps: Deps, peer: Peer, token: string): Promise<JsonObject> {
  try {
    const { body } = await askPeer(deps, peer, { method: 'POST', path: '/introspect', body: { token } })
    if (accountIdIn(body) !== undefined) return body
    throw new Refusal('upstream_unavailable')
  } catch (error) {
    deps.background(dropToken(deps, peer, token))
    throw error
  }
}
