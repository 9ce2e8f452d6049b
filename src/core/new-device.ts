/**
 * The notice of a sign-in from somewhere new. A device is known by its network (a /24 or /64): what a browser says of
 * itself anybody can say, and a cookie is the application's. A network that was not seen for 30 days is new again.
 */
import type { Deps } from './deps'
import { prepareNotice } from './mail'

export interface NewNetwork {
  userId: string
  sessionId: string
}

/** Tells a user, after the fact, so that no sign-in waits for it. */
export async function tellOfNewDevice(deps: Deps, { sessionId }: NewNetwork): Promise<void> {
  const { store, clock } = deps
  const found = await store.findSession(sessionId)
  if (!found) return
  const { user, session } = found
  const now = clock.now()
  const ip = session.ip ?? ''
  const messages = await prepareNotice(deps, now, {
    ...{ template: 'new_device_notification', user, to: user.email },
    client: { ip, userAgent: session.userAgent ?? undefined, languages: [] },
    values: { IPAddress: ip, Time: `${new Date(session.createdAt).toISOString().slice(0, 16).replace('T', ' ')} UTC` },
  })
  if (messages.length > 0) await store.issue({ now, messages, audit: [] })
}
