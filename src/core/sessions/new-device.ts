/**
 * The notice of a sign-in from a new network, and its link. Devices are recognized by network (a /24 or /64): user
 * agents can be faked, and cookies belong to the application. A network that was not seen for 30 days is treated as
 * new.
 */
import { hmacSha256, secretEqual } from '../../lib/secrets'
import type { NewSession, Session } from '../../store'
import { auditEntry } from '../kernel/audit'
import { type Context, withClient } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { prepareNotice } from '../messages/mail'

/**
 * Composes the notice for a new session; the transaction that creates the session stores the notice if it is due.
 * @returns undefined if such notices are off
 */
export function newDeviceNotice(context: Context, session: Session): NewSession['noticeOf'] {
  const { policy, peppers } = context
  if (!policy.mail.notifications.has('new_device_notification')) return undefined
  const { id, ip: from, userAgent, createdAt } = session
  const ip = from ?? ''
  // The person who signed in might not be the user, so their language is not used.
  const reader = withClient(context, { ip, userAgent: userAgent ?? undefined, languages: [] })
  return (user) =>
    prepareNotice(reader, {
      template: 'new_device_notification',
      user,
      to: user.email,
      link: `${policy.apiUrl}/sessions/not-me?session=${id}&token=${unrecognizedSessionToken(peppers[0], id)}&at=${Math.floor(createdAt / 1000)}`,
      values: { IPAddress: ip, Time: `${new Date(createdAt).toISOString().slice(0, 16).replace('T', ' ')} UTC` },
    })
}

export interface UnrecognizedSession {
  sessionId: string
  token: string
}

/**
 * What a user needs to know to recognize a session.
 * @param asked `at`: the time of the sign-in in Unix milliseconds, or NaN; a session that continues another is older
 * @returns undefined if it has ended
 * @throws {Refusal} if the token is not from the notice about this session
 */
export async function describeUnrecognizedSession(
  context: Context,
  { at, ...asked }: UnrecognizedSession & { at: number },
) {
  requireUnrecognizedSessionToken(context, asked)
  const found = await context.store.findSession(asked.sessionId)
  if (!found) return undefined
  const { user, session } = found
  const { createdAt, ip, userAgent } = session
  // The token does not cover the time.
  const signedInAt = at >= createdAt && at <= context.now ? at : createdAt
  return { account: user.email ?? user.phone ?? undefined, signedInAt, ip, userAgent }
}

function requireUnrecognizedSessionToken({ peppers }: Context, { sessionId, token }: UnrecognizedSession): void {
  if (!peppers.some((pepper) => secretEqual(token, unrecognizedSessionToken(pepper, sessionId))))
    throw new Refusal('token_unknown')
}

/** Ends a session that its user does not recognize, with the token of the notice; idempotent. */
export async function endUnrecognizedSession(
  context: Context,
  { sessionId, token }: UnrecognizedSession,
): Promise<void> {
  const { store, limits, client } = context
  limits.request('verifications', client.ip)
  requireUnrecognizedSessionToken(context, { sessionId, token })
  const found = await store.findSession(sessionId)
  if (!found) return
  const { user } = found
  const audit = [auditEntry(context, 'logout', user, { reason: 'disowned' })]
  await store.endUserSessions({ userId: user.id, which: { only: sessionId }, audit })
}

/** Bound to this session and purpose, so nothing has to be stored. */
const unrecognizedSessionToken = (pepper: Uint8Array, sessionId: string) =>
  hmacSha256(pepper, `not_me:${sessionId}`).toString('base64url')
