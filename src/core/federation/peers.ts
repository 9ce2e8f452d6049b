/** Requests to another server, and the account ids in its responses. */
import type { Json, JsonObject } from '../../lib/json'
import { isUuid } from '../../lib/uuid'
import type { ExternalSession } from '../../store'
import type { Context } from '../kernel/context'
import type { Policy } from '../kernel/policy'
import { Refusal } from '../kernel/refusal'
import { parseUserRef } from './user-ref'

export type Peer = Policy['federation']['servers'][number]

/** This server's name for another: the configured name, else its URL. */
export const peerLabel = ({ name, url }: Peer): string => name ?? url

/** The server that a session belongs to; undefined if the operator has removed it from the list. */
export const peerOf = (
  { policy }: Pick<Context, 'policy'>,
  { server }: Pick<ExternalSession, 'server'>,
): Peer | undefined => policy.federation.servers.find(({ url }) => url === server)

/** Longer than any listed name or URL; longer input is not parsed. */
const MAX_NAMED = 2048

/** Whether a sign-in names this server. */
export const isThisServer = (named: string): boolean => named === '' || named === 'local'

/**
 * The server a sign-in names, by name or URL.
 * @returns undefined for this server
 * @throws {Refusal} for one that is not listed
 */
export function findPeer({ policy }: Pick<Context, 'policy'>, named: string): Peer | undefined {
  if (isThisServer(named)) return undefined
  if (named.length > MAX_NAMED) throw new Refusal('server_not_allowed')
  const url = URL.canParse(named) ? new URL(named).href.replace(/\/+$/, '') : undefined
  const found = policy.federation.servers.find((each) => each.name === named || each.url === url)
  if (!found) throw new Refusal('server_not_allowed')
  return found
}

export interface PeerResponse {
  isSuccess: boolean
  status: number
  body: JsonObject
}

/** @param call path below `/auth/v1` of the other server */
export async function requestPeer(
  { peers, report }: Pick<Context, 'peers' | 'report'>,
  peer: Peer,
  call: { method: 'GET' | 'POST'; path: string; token?: string; body?: JsonObject },
): Promise<PeerResponse> {
  const { method, path, token, body } = call
  const answer = await peers.ask({ url: `${peer.url}/auth/v1${path}`, method, token, ...(body && { body }) })
  if (answer.outcome === 'unavailable') {
    report('warn', 'the request to another auth server failed', { server: peerLabel(peer), error: answer.error })
    throw new Refusal('upstream_unavailable')
  }
  if (answer.status === 429) throw new Refusal('too_many_requests', { limit: 'remote auth server' })
  return { isSuccess: answer.status < 300, status: answer.status, body: answer.body }
}

/**
 * Revokes a token of another server that is no longer used. If that server does not respond, the token remains valid
 * until it expires.
 */
export async function revokePeerToken(
  context: Pick<Context, 'peers' | 'report'>,
  peer: Peer,
  token: string,
): Promise<void> {
  try {
    await requestPeer(context, peer, { method: 'POST', path: '/logout', token })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
  }
}

/** Fits into a header; no real token is longer. */
const TOKEN = /^[\x21-\x7e]{1,8192}$/

/** @throws {Refusal} if the response has no token */
export function tokenOf({ body }: PeerResponse): string {
  const { access_token: token } = body
  if (typeof token === 'string' && TOKEN.test(token)) return token
  throw new Refusal('upstream_unavailable')
}

export const objectOf = (value: Json | undefined): JsonObject | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined

/** Acceptable ids other than UUIDs. */
const ID = /^[\x21-\x7e]{1,128}$/

/**
 * The account id in a response of `login` or `introspect` (docs/decisions.md#d10): its UUID as 32 hexadecimal digits,
 * else its uid, else its own server's id for it.
 */
export function accountIdOf(body: JsonObject): string | undefined {
  const { id, uid, user_ref: named } = { ...body, ...objectOf(body.user) }
  const ref = typeof named === 'string' ? parseUserRef(named) : undefined
  return digitsOf(id) ?? digitsOf(uid) ?? plainId(uid) ?? (ref && (ref.kind === 'local' ? String(ref.uid) : ref.id))
}

function digitsOf(value: Json | undefined): string | undefined {
  const text = typeof value === 'string' ? value.toLowerCase() : ''
  const digits = isUuid(text) ? text.replaceAll('-', '') : text
  return /^[0-9a-f]{32}$/.test(digits) ? digits : undefined
}

function plainId(value: Json | undefined): string | undefined {
  const text = Number.isSafeInteger(value) ? String(value) : value
  return typeof text === 'string' && ID.test(text) ? text : undefined
}

/** Longer than any name or address. */
const MAX_PROFILE_TEXT = 255

/** The uid, username and address in a response of `login` or `introspect`, as far as it has them; texts are cut. */
export function profileIn(body: JsonObject): { uid: string | number | null; username: string; email: string } {
  const { uid, username, email } = { ...body, ...objectOf(body.user) }
  const textOf = (value: Json | undefined) => (typeof value === 'string' ? value.slice(0, MAX_PROFILE_TEXT) : '')
  const isUid = Number.isSafeInteger(uid) || (typeof uid === 'string' && ID.test(uid))
  return { uid: isUid ? (uid as string | number) : null, username: textOf(username), email: textOf(email) }
}
