/** PKCE flows in progress (RFC 7636). */
import { and, eq, isNull, ne } from 'drizzle-orm'
import { isSecondFactorMethod } from '../../lib/factor-types'
import { isInFuture } from '../../lib/time'
import type { AuditEntry } from '../audit-entry'
import { appendAudit } from '../audit-log'
import { read, type Tx, write } from '../engine'
import { columnsOf, statement } from '../query'
import { type FlowState, flowState } from '../schema'
import {
  actingSession,
  amrIn,
  type NewSession,
  type OpenedSession,
  openSessionIn,
  sessionById,
  userById,
} from '../statements'

const insertFlow = statement(columnsOf(flowState), (db, p) => db.insert(flowState).values(p))

const flowByCode = statement({ authCodeHash: flowState.authCodeHash }, (db, { authCodeHash }) =>
  db.select().from(flowState).where(eq(flowState.authCodeHash, authCodeHash)),
)

const issueCode = statement(
  { id: flowState.id, authCodeHash: flowState.authCodeHash, now: flowState.authCodeIssuedAt },
  (db, { id, authCodeHash, now }) =>
    db
      .update(flowState)
      .set({ authCodeHash, authCodeIssuedAt: now })
      .where(and(eq(flowState.id, id), isNull(flowState.authCodeHash))),
)

const deleteFlow = statement({ id: flowState.id }, (db, { id }) => db.delete(flowState).where(eq(flowState.id, id)))

const deleteFlowsOf = statement({ userId: flowState.userId, keep: flowState.id }, (db, { userId, keep }) =>
  db.delete(flowState).where(and(eq(flowState.userId, userId), ne(flowState.id, keep))),
)

export async function startFlow(tx: Tx, flow: FlowState): Promise<void> {
  await tx.run(insertFlow, flow)
}

export async function discardFlow(tx: Tx, id: string): Promise<void> {
  await tx.run(deleteFlow, { id })
}

/** Ends a user's flows, except one: their codes and links become invalid. */
export async function endFlows(tx: Tx, userId: string, keep = ''): Promise<void> {
  await tx.run(deleteFlowsOf, { userId, keep })
}

/** A code to be exchanged for a session. */
export interface AuthCode {
  flowId: string
  hash: string
}

/** @returns false if the flow no longer exists or already has a code */
export async function issueAuthCode(tx: Tx, { flowId, hash }: AuthCode, now: number): Promise<boolean> {
  return (await tx.run(issueCode, { id: flowId, authCodeHash: hash, now })) > 0
}

export interface Continuation {
  flow: FlowState & { userId: string; sessionId: string }
}

/** Stores a code that continues a session. @returns false if the session has ended */
export const addContinuation = write(async (tx, { flow }: Continuation): Promise<boolean> => {
  const session = await tx.one(sessionById, { id: flow.sessionId })
  if (session?.userId !== flow.userId) return false
  await startFlow(tx, flow)
  return true
})

export const findFlow = read(async (tx, authCodeHash: string) => tx.one(flowByCode, { authCodeHash }))

export interface FlowExchange {
  authCodeHash: string
  session: NewSession
  now: number
  audit: AuditEntry[]
}

/** Exchanges a code for a session, once. */
export const exchangeFlow = write(
  async (
    tx,
    { authCodeHash, session, now, audit }: FlowExchange,
  ): Promise<{ outcome: 'opened'; opened: OpenedSession } | { outcome: 'flow_gone' | 'user_gone' | 'user_banned' }> => {
    const flow = await tx.one(flowByCode, { authCodeHash })
    if (!flow || flow.userId !== session.session.userId) return { outcome: 'flow_gone' }
    const user = await tx.one(userById, { id: flow.userId })
    if (!user || user.deletedAt !== null) return { outcome: 'user_gone' }
    if (isInFuture(user.bannedUntil, now)) return { outcome: 'user_banned' }
    const opening = flow.sessionId === null ? session : await continuing(tx, flow, session)
    if (!opening || (await tx.run(deleteFlow, { id: flow.id })) === 0) return { outcome: 'flow_gone' }
    const opened = await openSessionIn(tx, user, opening, now)
    await appendAudit(tx, audit)
    return { outcome: 'opened', opened }
  },
)

/**
 * A session that continues another one: as old, with the same authentication, and with no more assurance than that one
 * has now, or than its owner showed when the code was issued.
 * @returns undefined if that session has ended
 */
async function continuing(
  tx: Tx,
  { userId, sessionId, aal }: FlowState,
  opening: NewSession,
): Promise<NewSession | undefined> {
  const before = await actingSession(tx, { sessionId: sessionId ?? '', aal: aal ?? 'aal1' })
  if (before?.userId !== userId) return undefined
  const isLow = before.aal === 'aal1'
  const amr = await amrIn(tx, before.id)
  const { createdAt, notAfter, tag } = before
  return {
    ...opening,
    session: {
      ...opening.session,
      aal: before.aal,
      factorId: isLow ? null : before.factorId,
      createdAt,
      notAfter,
      tag,
      refreshedAt: opening.session.createdAt,
    },
    amr: isLow ? amr.filter(({ authenticationMethod }) => !isSecondFactorMethod(authenticationMethod)) : amr,
  }
}
