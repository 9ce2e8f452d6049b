/** Removing factors (`DELETE /factors/{id}`), and factors in the admin API. */
import { parseUuid } from '../../lib/uuid'
import type { Factor } from '../../store'
import { auditEntry } from '../kernel/audit'
import { type Admin, actorOf, requestSessionOf } from '../kernel/caller'
import { type Context, NO_CLIENT, withClient } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { type FactorRequest, factorNotice, loadOwnFactor, requireSession, requireShortName } from './user-factors'

export async function unenrollFactor(context: Context, { caller, factorId }: FactorRequest): Promise<string> {
  const { user, session } = requireSession(caller)
  const factor = await loadOwnFactor(context, user, factorId)
  const removed = await context.store.removeFactor({
    factorId: factor.id,
    acting: requestSessionOf(session),
    now: context.now,
    related: {
      audit: [auditEntry(context, 'factor_unenrolled', user, { factor_id: factor.id })],
      messages: factorNotice(context, { template: 'mfa_factor_unenrolled_notification', user, factor }),
    },
  })
  if (removed.outcome === 'removed') return factor.id
  throw new Refusal(removed.outcome === 'factor_gone' ? 'factor_unknown' : removed.outcome)
}

export async function listFactorsOf({ store }: Context, userId: string): Promise<Factor[]> {
  if (!(await store.findUser(userId))) throw new Refusal('user_unknown')
  return store.listFactors(userId)
}

interface AdminFactorTarget {
  admin: Admin
  userId: string
  factorId: string
}

/** @throws {Refusal} as `requireFactorOf`, or `factor_name_taken` or `factor_name_too_long` */
export async function renameFactor(
  context: Context,
  { admin, friendlyName, ...which }: AdminFactorTarget & { friendlyName: string },
): Promise<Factor> {
  const factor = await requireFactorOf(context, which)
  if (friendlyName === '') return factor
  requireShortName(friendlyName)
  const audit = [
    auditEntry(context, 'factor_updated', actorOf(admin), { factor_id: factor.id, user_id: factor.userId }),
  ]
  const renamed = await context.store.renameFactor({ factorId: factor.id, friendlyName, now: context.now, audit })
  if (renamed === 'factor_name_taken') throw new Refusal(renamed, { detail: friendlyName })
  if (!renamed) throw new Refusal('factor_unknown')
  return renamed
}

/** A notice is sent to the owner, because an administrator can be persuaded to do this for an attacker. */
export async function deleteFactor(context: Context, { admin, ...which }: AdminFactorTarget): Promise<Factor> {
  const factor = await requireFactorOf(context, which)
  const user = await context.store.findUser(factor.userId)
  if (!user) throw new Refusal('factor_unknown')
  const notice = { template: 'mfa_factor_unenrolled_notification', user, factor } as const
  const removed = await context.store.removeFactor({
    factorId: factor.id,
    now: context.now,
    related: {
      audit: [
        auditEntry(context, 'factor_deleted', actorOf(admin), {
          factor_id: factor.id,
          user_id: factor.userId,
        }),
      ],
      messages: factorNotice(withClient(context, NO_CLIENT), notice),
    },
  })
  if (removed.outcome !== 'removed') throw new Refusal('factor_unknown')
  return removed.factor
}

export async function requireFactorOf(
  { store }: Context,
  { userId, factorId }: Pick<AdminFactorTarget, 'userId' | 'factorId'>,
): Promise<Factor> {
  if (!(await store.findUser(userId))) throw new Refusal('user_unknown')
  const id = parseUuid(factorId)
  if (id === undefined) throw new Refusal('factor_id_malformed')
  const factor = await store.findFactor(id)
  if (factor?.userId !== userId) throw new Refusal('factor_unknown')
  return factor
}
