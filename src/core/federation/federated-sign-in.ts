/** Sign-in with an account of this server, or of another one (docs/other-surfaces.md#federation). */
import type { JsonObject } from '../../lib/json'
import type { User } from '../../store'
import { auditEntry } from '../audit'
import type { Deps } from '../deps'
import { Refusal } from '../refusal'
import { type CredentialSignIn, countCredentials, signInWithCredentials } from '../sign-in/credential-sign-in'
import { mintOpaqueToken } from '../tokens/opaque'
import { sealToken } from './callers'
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
import { externalRef, localRef } from './user-ref'

export interface FederatedSignIn {
  accessToken: string
  /** `local`, or this server's name for the other one. */
  server: string
  userRef: string
  /** Undefined for an account of another server. */
  user: User | undefined
}

/**
 * @param server empty or `local` for this server
 * @throws {Refusal<'server_not_allowed' | 'upstream_unavailable' | 'external_auth_failed'>} and as
 *   `signInWithCredentials`
 */
export async function signInFederated(
  deps: Deps,
  { server, ...signIn }: CredentialSignIn & { server: string },
): Promise<FederatedSignIn> {
  const peer = findPeer(deps, server)
  if (peer) return signInAtPeer(deps, peer, signIn)
  const { opened, tokens } = await signInWithCredentials(deps, signIn, [['federation', deps.policy.federation.tokenMs]])
  const { user } = opened
  return { accessToken: tokens[0]?.token ?? '', server: 'local', userRef: localRef(user.uid), user }
}

async function signInAtPeer(deps: Deps, peer: Peer, signIn: CredentialSignIn): Promise<FederatedSignIn> {
  const { clock, random, store, policy } = deps
  const answer = await loginAtPeer(deps, peer, signIn)
  const token = tokenOf(answer)
  const named = accountIdOf(answer.body) === undefined ? await introspected(deps, peer, token) : answer.body
  const externalId = accountIdOf(named) ?? ''
  const now = clock.now()
  const id = random.uuid()
  const { token: accessToken, lookupId, tokenHash } = mintOpaqueToken(deps, 'federation')
  const userRef = externalRef(peerLabel(peer), externalId)
  await store.openExternalSession({
    session: {
      ...{ id, lookupId, tokenHash, externalId, server: peer.url, upstreamToken: sealToken(deps, id, token) },
      ...profileIn(named),
      ...{ createdAt: now, expiresAt: now + policy.federation.tokenMs },
    },
    audit: [auditEntry(deps, now, 'login', userRef, { provider: 'federation' })],
  })
  return { accessToken, server: peerLabel(peer), userRef, user: undefined }
}

/** Password attempts at other servers count like local ones, so that the detour does not allow more guesses. */
async function loginAtPeer(deps: Deps, peer: Peer, signIn: CredentialSignIn): Promise<PeerResponse> {
  countCredentials(deps, signIn)
  const { identifier, password, code, client } = signIn
  const takeBack = deps.limits.guess({
    ...{ account: undefined, identifier: `${peer.url} ${identifier.toLowerCase()}` },
    ...{ ip: client.ip, isKnownNetwork: false },
  })
  let answer: PeerResponse
  try {
    const body = { id: identifier, password, ...(code !== '' && { code }) }
    answer = await requestPeer(deps, peer, { method: 'POST', path: '/login', body })
  } catch (error) {
    // not checked, so not a guess
    takeBack()
    throw error
  }
  const lacksCode = !answer.isSuccess && answer.body.reason === 'mfa_required'
  if (answer.isSuccess || lacksCode) takeBack()
  if (lacksCode) throw new Refusal('second_factor_needed')
  if (!answer.isSuccess) throw new Refusal('external_auth_failed')
  return answer
}

/** The other server's introspection of a token that it issued without naming the user. */
async function introspected(deps: Deps, peer: Peer, token: string): Promise<JsonObject> {
  try {
    const { body } = await requestPeer(deps, peer, { method: 'POST', path: '/introspect', body: { token } })
    if (accountIdOf(body) !== undefined) return body
    throw new Refusal('upstream_unavailable')
  } catch (error) {
    deps.background(revokePeerToken(deps, peer, token))
    throw error
  }
}
