/** Authentication on the federation surface: a user of this server, or of another one that signed in here. */
import type { ExternalSession } from '../../store'
import { authenticateUser } from '../authentication/authenticate'
import { externalSessionByToken } from '../authentication/authenticate-opaque'
import type { Caller, Credentials } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { type Peer, peerLabel, peerOf } from './peers'
import { externalRef } from './user-ref'

export interface ExternalCaller {
  kind: 'external'
  session: ExternalSession
  peer: Peer
  userRef: string
}

export type FederatedCaller = { kind: 'local'; caller: Caller; bearer: string | undefined } | ExternalCaller

/** @throws {Refusal} if the operator has removed the other server from the list, and as `authenticateUser` */
export async function authenticateFederated(context: Context, credentials: Credentials): Promise<FederatedCaller> {
  const { bearer } = credentials
  const external = bearer === undefined ? undefined : await findExternal(context, bearer)
  return external ?? { kind: 'local', caller: await authenticateUser(context, credentials), bearer }
}

export async function findExternal(context: Context, bearer: string): Promise<ExternalCaller | undefined> {
  const session = await externalSessionByToken(context, bearer)
  if (!session) return undefined
  const peer = peerOf(context, session)
  if (!peer) throw new Refusal('server_not_allowed')
  return { kind: 'external', session, peer, userRef: externalRef(peerLabel(peer), session.externalId) }
}

const tokenAad = (id: string) => `external_sessions.upstream_token:${id}`

export const sealToken = ({ sealer }: Pick<Context, 'sealer'>, id: string, token: string): string =>
  sealer.seal(Buffer.from(token), tokenAad(id))

/** The other server's token for a session. */
export const upstreamToken = (
  { sealer }: Pick<Context, 'sealer'>,
  { id, upstreamToken: sealed }: ExternalSession,
): string => sealer.open(sealed, tokenAad(id)).toString()
