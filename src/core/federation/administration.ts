/** Sessions of external accounts, for administrators. */
import type { ExternalSession, Listed, Page } from '../../store'
import { auditEntry } from '../kernel/audit'
import { type Admin, actorOf } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { upstreamToken } from './authentication'
import { peerLabel, peerOf, revokePeerToken } from './peers'
import { externalRef } from './user-ref'

export interface ExternalSessionListed {
  session: ExternalSession
  /** The configured name of the other server; its URL if it is no longer listed. */
  server: string
  userRef: string
}

export async function listExternalSessions(context: Context, page: Page): Promise<Listed<ExternalSessionListed>> {
  const { rows, total } = await context.store.listExternalSessions({ ...page, now: context.now })
  return { rows: rows.map((session) => describe(context, session)), total }
}

/** Ends a session at once; the other server is notified in the background if it is still listed. */
export async function endExternalSession(context: Context, { admin, id }: { admin: Admin; id: string }): Promise<void> {
  const { store } = context
  const session = await store.findExternalSessionById(id)
  if (!session) throw new Refusal('session_unknown')
  const { userRef } = describe(context, session)
  const traits = { user_ref: userRef, session_id: id }
  const audit = [auditEntry(context, 'logout', actorOf(admin), traits)]
  if (!(await store.endExternalSession({ id, audit }))) throw new Refusal('session_unknown')
  const peer = peerOf(context, session)
  if (peer) context.background(revokePeerToken(context, peer, upstreamToken(context, session)))
}

function describe(context: Context, session: ExternalSession): ExternalSessionListed {
  const peer = peerOf(context, session)
  const server = peer ? peerLabel(peer) : session.server
  return { session, server, userRef: externalRef(server, session.externalId) }
}
