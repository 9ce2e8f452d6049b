/** Sessions of external accounts, for administrators. */
import type { ExternalSession, Listed, Page } from '../../store'
import { auditEntry } from '../kernel/audit'
import type { Admin } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { upstreamToken } from './authentication'
import { peerLabel, revokePeerToken } from './peers'
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
  const { store, policy } = context
  const session = await store.findExternalSessionById(id)
  if (!session) throw new Refusal('session_unknown')
  const { userRef } = describe(context, session)
  const traits = { user_ref: userRef, session_id: id }
  const audit = [auditEntry(context, 'logout', admin.user ?? admin.role, traits)]
  if (!(await store.endExternalSession({ id, audit }))) throw new Refusal('session_unknown')
  const peer = policy.federation.servers.find(({ url }) => url === session.server)
  if (peer) context.background(revokePeerToken(context, peer, upstreamToken(context, session)))
}

function describe({ policy }: Context, session: ExternalSession): ExternalSessionListed {
  const peer = policy.federation.servers.find(({ url }) => url === session.server)
  const server = peer ? peerLabel(peer) : session.server
  return { session, server, userRef: externalRef(server, session.externalId) }
}
