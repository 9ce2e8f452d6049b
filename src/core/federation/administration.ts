/** Sessions of external accounts, for administrators. */
import type { ExternalSession, Listed, Page } from '../../store'
import { auditEntry } from '../audit'
import type { Admin } from '../caller'
import type { Deps } from '../deps'
import { Refusal } from '../refusal'
import { upstreamToken } from './callers'
import { peerLabel, revokePeerToken } from './peers'
import { externalRef } from './user-ref'

export interface ExternalSessionListed {
  session: ExternalSession
  /** The configured name of the other server; its URL if it is no longer listed. */
  server: string
  userRef: string
}

export async function listExternalSessions(deps: Deps, page: Page): Promise<Listed<ExternalSessionListed>> {
  const { rows, total } = await deps.store.listExternalSessions({ ...page, now: deps.clock.now() })
  return { rows: rows.map((session) => describe(deps, session)), total }
}

/**
 * Ends a session at once; the other server is notified in the background if it is still listed.
 * @throws {Refusal<'session_unknown'>}
 */
export async function endExternalSession(deps: Deps, { admin, id }: { admin: Admin; id: string }): Promise<void> {
  const { store, policy, clock } = deps
  const session = await store.findExternalSessionById(id)
  if (!session) throw new Refusal('session_unknown')
  const { userRef } = describe(deps, session)
  const traits = { user_ref: userRef, session_id: id }
  const audit = [auditEntry(deps, clock.now(), 'logout', admin.user ?? admin.role, traits)]
  if (!(await store.endExternalSession({ id, audit }))) throw new Refusal('session_unknown')
  const peer = policy.federation.servers.find(({ url }) => url === session.server)
  if (peer) deps.background(revokePeerToken(deps, peer, upstreamToken(deps, session)))
}

function describe({ policy }: Deps, session: ExternalSession): ExternalSessionListed {
  const peer = policy.federation.servers.find(({ url }) => url === session.server)
  const server = peer ? peerLabel(peer) : session.server
  return { session, server, userRef: externalRef(server, session.externalId) }
}
