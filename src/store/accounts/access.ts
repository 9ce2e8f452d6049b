/** Ends and opens an account's access as part of a change. */
import type { Tx } from '../engine'
import { removeFactors } from '../factors/factors'
import { removeCredentials } from '../factors/webauthn'
import { endFlows } from '../oauth/flows'
import type { FlowState, User } from '../schema'
import { revokePersonalTokens } from '../sessions/personal-tokens'
import type { SingleUse } from '../single-use'
import { endSessions, type NewSession, type OpenedSession, openSessionIn, userById } from '../statements'

/** Removes second factors, recovery codes and passkeys. */
export async function removeFactorsAndPasskeys(tx: Tx, userId: string): Promise<void> {
  await removeFactors(tx, userId)
  await removeCredentials(tx, userId)
}

/** Ends sessions, personal access tokens, and PKCE flows that would open another session. */
export async function endAccess(
  tx: Tx,
  userId: string,
  { keptSession, keptFlow }: { keptSession?: string | undefined; keptFlow?: string | undefined } = {},
): Promise<void> {
  await endSessions(tx, userId, keptSession)
  await revokePersonalTokens(tx, userId)
  await endFlows(tx, userId, keptFlow)
}

/** How a sign-in with a provider ends: with a session, or with a PKCE flow whose code is exchanged for one. */
export type ConsumingGrant = ({ session: NewSession } | { flow: FlowState }) & {
  /**
   * The single-use credential that the sign-in consumes: the state of the callback, or the signed message; undefined
   * for none.
   */
  use: SingleUse | undefined
}

export const flowOf = (ending: ConsumingGrant | undefined): FlowState | undefined =>
  ending && 'flow' in ending ? ending.flow : undefined

/** Opens the session after everything else has changed. @returns undefined for a flow */
export async function openGrantedSession(
  tx: Tx,
  userId: string,
  ending: ConsumingGrant | undefined,
  now: number,
): Promise<OpenedSession | undefined> {
  return ending && 'session' in ending ? openSessionOf(tx, userId, ending.session, now) : undefined
}

export async function openSessionOf(tx: Tx, userId: string, session: NewSession, now: number): Promise<OpenedSession> {
  return openSessionIn(tx, (await tx.one(userById, { id: userId })) as User, session, now)
}
