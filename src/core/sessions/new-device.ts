/**
 * The notice of a sign-in from somewhere new, and what its link does. A device is known by its network (a /24 or /64): what a
 * browser says of itself anybody can say, and a cookie is the application's. A network that was not seen for 30 days is new
 * again.
 */
import { hmacSha256, secretEqual } from '../../lib/secrets'
import type { NewSession, Session } from '../../store'
import { auditEntry } from '../audit'
import type { Client, Deps } from '../deps'
import { prepareNotice } from '../messages/mail'
import { Refusal } from '../refusal'

/**
 * Words the notice for a session that is about to begin; the transaction that begins it stores the notice, where it has to.
 * @returns undefined where such notices are off
 */
export function newDeviceNotice(deps: Deps, now: number, session: Session): NewSession['noticeOf'] {
  const { policy, peppers } = deps
  if (!policy.mail.notifications.has('new_device_notification')) return undefined
  const { id, ip: from, userAgent, createdAt } = session
  const ip = from ?? ''
  return (user) =>
    prepareNotice(deps, now, {
      ...{ template: 'new_device_notification', user, to: user.email },
      link: `${policy.apiUrl}/sessions/not-me?session=${id}&token=${disownToken(peppers[0], id)}`,
      // The language of whoever signed in may not be that of the user.
      client: { ip, userAgent: userAgent ?? undefined, languages: [] },
      values: { IPAddress: ip, Time: `${new Date(createdAt).toISOString().slice(0, 16).replace('T', ' ')} UTC` },
    })
}

export interface Disowned {
  sessionId: string
  token: string
  client: Client
}

/** @throws {Refusal<'token_unknown'>} where the token is not that of the notice about this session */
export function requireDisownToken({ peppers }: Deps, { sessionId, token }: Omit<Disowned, 'client'>): void {
  if (!peppers.some((pepper) => secretEqual(token, disownToken(pepper, sessionId)))) throw new Refusal('token_unknown')
}

/**
 * Ends a session that its user says is not theirs, with the token of the notice; one that is over stays so.
 * @throws {Refusal<'token_unknown' | 'too_many_requests'>}
 */
export async function disownSession(deps: Deps, { sessionId, token, client }: Disowned): Promise<void> {
  const { store, limits, clock } = deps
  limits.request('verifications', client.ip)
  requireDisownToken(deps, { sessionId, token })
  const found = await store.findSession(sessionId)
  if (!found) return
  const { user } = found
  const audit = [auditEntry(deps, clock.now(), 'logout', user, { reason: 'disowned' })]
  await store.endUserSessions({ userId: user.id, which: { only: sessionId }, audit })
}

/** Good for this one session and this one thing, so nothing has to be kept. */
const disownToken = (pepper: Uint8Array, sessionId: string) =>
  hmacSha256(pepper, `not_me:${sessionId}`).toString('base64url')
