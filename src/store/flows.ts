/** PKCE flows in progress (RFC 7636). */
import { and, eq, isNull, ne } from 'drizzle-orm'
import { isAhead } from '../lib/time'
import { read, statement, type Tx, write } from './engine'
import { type FlowState, flowState } from './schema'
import {
  type AuditEntry,
  appendAudit,
  type NewSession,
  type OpenedSession,
  openSessionIn,
  placeholder,
  placeholders,
  userById,
} from './statements'

const insertFlow = statement((db) => db.insert(flowState).values(placeholders(flowState)).prepare())

const flowByCode = statement((db) =>
  db
    .select()
    .from(flowState)
    .where(eq(flowState.authCodeHash, placeholder('authCodeHash')))
    .prepare(),
)

const issueCode = statement((db) =>
  db
    .update(flowState)
    .set({ authCodeHash: placeholder('authCodeHash') as never, authCodeIssuedAt: placeholder('now') as never })
    .where(and(eq(flowState.id, placeholder('id')), isNull(flowState.authCodeHash)))
    .prepare(),
)

const deleteFlow = statement((db) =>
  db
    .delete(flowState)
    .where(eq(flowState.id, placeholder('id')))
    .prepare(),
)

const deleteFlowsOf = statement((db) =>
  db
    .delete(flowState)
    .where(and(eq(flowState.userId, placeholder('userId')), ne(flowState.id, placeholder('keep'))))
    .prepare(),
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

/** @returns false if the flow is gone or already has a code */
export async function issueAuthCode(tx: Tx, { flowId, hash }: AuthCode, now: number): Promise<boolean> {
  return (await tx.run(issueCode, { id: flowId, authCodeHash: hash, now })) > 0
}

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
    if (isAhead(user.bannedUntil, now)) return { outcome: 'user_banned' }
    await tx.run(deleteFlow, { id: flow.id })
    const opened = await openSessionIn(tx, user, session, now)
    await appendAudit(tx, audit)
    return { outcome: 'opened', opened }
  },
)
