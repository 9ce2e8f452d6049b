/** Second factors: enrolled, renamed and removed. */
import { and, eq, sql } from 'drizzle-orm'
import { type FactorType, METHOD_OF } from '../../lib/factor-types'
import type { AuditEntry } from '../audit-entry'
import { appendAudit } from '../audit-log'
import { read, type Tx, write } from '../engine'
import { columnsOf, statement } from '../query'
import { type RelatedWrites, writeRelated } from '../related-writes'
import { type Factor, mfaAmrClaims, mfaFactors, sessions, sessionTokens, users } from '../schema'
import { type Acting, actingSession, allFactorsIn } from '../statements'
import { factorById, setAssurance } from './second-factors'

const insertFactor = statement(columnsOf(mfaFactors), (db, p) => db.insert(mfaFactors).values(p))
const setName = statement(
  { id: mfaFactors.id, friendlyName: mfaFactors.friendlyName, updatedAt: mfaFactors.updatedAt },
  (db, { id, ...set }) => db.update(mfaFactors).set(set).where(eq(mfaFactors.id, id)),
)
const deleteFactor = statement({ id: mfaFactors.id }, (db, { id }) =>
  db.delete(mfaFactors).where(eq(mfaFactors.id, id)),
)
const deleteFactorsOf = statement({ userId: mfaFactors.userId }, (db, { userId }) =>
  db.delete(mfaFactors).where(eq(mfaFactors.userId, userId)),
)
const recountFactors = statement({ id: users.id }, (db, { id }) =>
  db
    .update(users)
    .set({ factorCount: sql`(SELECT count(*) FROM ${mfaFactors} WHERE ${mfaFactors.userId} = ${id})` })
    .where(eq(users.id, id)),
)
/** Tokens from before the next factor do not gain its assurance. */
const lowerTokens = statement({ familyId: sessionTokens.familyId }, (db, { familyId }) =>
  db.update(sessionTokens).set({ aal: 'aal1' }).where(eq(sessionTokens.familyId, familyId)),
)
const sessionsOfFactor = statement({ factorId: sessions.factorId }, (db, { factorId }) =>
  db.select({ id: sessions.id }).from(sessions).where(eq(sessions.factorId, factorId)),
)
const forgetMethod = statement(
  { sessionId: mfaAmrClaims.sessionId, method: mfaAmrClaims.authenticationMethod },
  (db, { sessionId, method }) =>
    db
      .delete(mfaAmrClaims)
      .where(and(eq(mfaAmrClaims.sessionId, sessionId), eq(mfaAmrClaims.authenticationMethod, method))),
)

export const listFactors = read(async (tx, userId: string) => allFactorsIn(tx, userId))

export const findFactor = read(async (tx, id: string) => tx.one(factorById, { id }))

/** Limits on the number of factors. */
export interface FactorLimits {
  max: number
  maxVerified: number
}

export interface Enrollment {
  factor: Factor
  acting: Acting
  limits: FactorLimits
  /** Unverified factors created before this time are replaced. */
  staleBefore: number
  audit: AuditEntry[]
}

/** Adds an unverified factor. If there is a verified one, the session must have passed it. */
export const enrollFactor = write(
  async (
    tx,
    { factor, acting, limits, staleBefore, audit }: Enrollment,
  ): Promise<
    | 'enrolled'
    | 'session_gone'
    | 'factor_phone_taken'
    | 'factor_name_taken'
    | 'factors_too_many'
    | 'aal_too_low_to_enrol'
  > => {
    const session = await actingSession(tx, acting)
    if (session?.userId !== factor.userId) return 'session_gone'
    const present: Factor[] = []
    for (const each of await allFactorsIn(tx, factor.userId)) {
      const isUnused = each.lastChallengedAt === null && each.createdAt < staleBefore
      const isOfSamePhone = factor.phone !== null && each.phone === factor.phone
      if (each.status === 'verified' && isOfSamePhone) return 'factor_phone_taken'
      if (each.status === 'unverified' && (isUnused || isOfSamePhone)) await dropFactor(tx, each)
      else present.push(each)
    }
    await tx.run(recountFactors, { id: factor.userId })
    const unfit = refuseEnrollment(present, factor, limits)
    if (unfit) return unfit
    if (session.aal !== 'aal2' && present.some(({ status }) => status === 'verified')) return 'aal_too_low_to_enrol'
    await insertFactorIn(tx, factor)
    await appendAudit(tx, audit)
    return 'enrolled'
  },
)

/** Why a factor cannot be added to the existing ones. */
export function refuseEnrollment(
  present: readonly Factor[],
  { friendlyName }: Factor,
  { max, maxVerified }: FactorLimits,
): 'factor_name_taken' | 'factors_too_many' | undefined {
  if (present.some((each) => each.friendlyName === friendlyName)) return 'factor_name_taken'
  const verified = present.filter(({ status }) => status === 'verified')
  return present.length >= max || verified.length >= maxVerified ? 'factors_too_many' : undefined
}

async function dropFactor(tx: Tx, factor: Factor): Promise<void> {
  await tx.run(deleteFactor, { id: factor.id })
  tx.changes?.push({ kind: 'factor_removed', userId: factor.userId, factor })
}

export async function insertFactorIn(tx: Tx, factor: Factor): Promise<void> {
  await tx.run(insertFactor, factor)
  tx.changes?.push({ kind: 'factor_enrolled', userId: factor.userId, factor })
  await tx.run(recountFactors, { id: factor.userId })
}

/** Removes a user's unverified factors of a type. */
export async function dropUnverified(tx: Tx, userId: string, factorType: FactorType): Promise<void> {
  const all = await allFactorsIn(tx, userId)
  const others = all.filter((each) => each.status === 'unverified' && each.factorType === factorType)
  for (const each of others) await dropFactor(tx, each)
  await tx.run(recountFactors, { id: userId })
}

export interface Unenrollment {
  factorId: string
  /** For the user's own request: the session, which must be aal2 to remove a verified factor. */
  acting?: Acting
  now: number
  related: RelatedWrites
}

/** Removes a factor; sessions that passed it become aal1. Recovery codes are removed with the last other one. */
export const removeFactor = write(
  async (
    tx,
    { factorId, acting, now, related }: Unenrollment,
  ): Promise<
    { outcome: 'removed'; factor: Factor } | { outcome: 'factor_gone' | 'session_gone' | 'aal_too_low_to_unenrol' }
  > => {
    const factor = await tx.one(factorById, { id: factorId })
    if (!factor) return { outcome: 'factor_gone' }
    if (acting) {
      const session = await actingSession(tx, acting)
      if (session?.userId !== factor.userId) return { outcome: 'session_gone' }
      if (factor.status === 'verified' && session.aal !== 'aal2') return { outcome: 'aal_too_low_to_unenrol' }
    }
    await removeFactorIn(tx, factor)
    const left = (await allFactorsIn(tx, factor.userId)).filter(({ status }) => status === 'verified')
    if (left.every(({ factorType }) => factorType === 'recovery_code'))
      for (const each of left) await removeFactorIn(tx, each)
    await tx.run(recountFactors, { id: factor.userId })
    await writeRelated(tx, related, now)
    return { outcome: 'removed', factor }
  },
)

async function removeFactorIn(tx: Tx, factor: Factor): Promise<void> {
  const { id: factorId, factorType } = factor
  for (const { id } of await tx.all(sessionsOfFactor, { factorId })) {
    await tx.run(setAssurance, { id, aal: 'aal1', factorId: null })
    await tx.run(lowerTokens, { familyId: id })
    await tx.run(forgetMethod, { sessionId: id, method: METHOD_OF[factorType] })
  }
  await dropFactor(tx, factor)
}

/** @returns undefined if there is no such factor */
export const renameFactor = write(
  async (
    tx,
    {
      factorId,
      friendlyName,
      now,
      audit,
    }: { factorId: string; friendlyName: string; now: number; audit: AuditEntry[] },
  ): Promise<Factor | 'factor_name_taken' | undefined> => {
    const factor = await tx.one(factorById, { id: factorId })
    if (!factor) return undefined
    const all = await allFactorsIn(tx, factor.userId)
    if (all.some((each) => each.id !== factorId && each.friendlyName === friendlyName)) return 'factor_name_taken'
    const renamed = { ...factor, friendlyName, updatedAt: now }
    await tx.run(setName, renamed)
    await appendAudit(tx, audit)
    return renamed
  },
)

/** All second factors of a user, including recovery codes. */
export async function removeFactors(tx: Tx, userId: string): Promise<void> {
  for (const factor of tx.changes ? await allFactorsIn(tx, userId) : [])
    tx.changes?.push({ kind: 'factor_removed', userId, factor })
  await tx.run(deleteFactorsOf, { userId })
  await tx.run(recountFactors, { id: userId })
}
