/** Second factors: how they come, are renamed and go. */
import { and, eq, sql } from 'drizzle-orm'
import { type FactorType, METHOD_OF } from '../lib/factor-types'
import { type Attachments, attach } from './attachments'
import { read, statement, type Tx, write } from './engine'
import { type Factor, mfaAmrClaims, mfaFactors, sessions, sessionTokens, users } from './schema'
import { factorById, saveFactor, setAssurance } from './second-factors'
import {
  type Acting,
  type AuditEntry,
  actingSession,
  allFactorsIn,
  appendAudit,
  placeholder,
  placeholders,
} from './statements'

const insertFactor = statement((db) => db.insert(mfaFactors).values(placeholders(mfaFactors)).prepare())
const deleteFactor = statement((db) =>
  db
    .delete(mfaFactors)
    .where(eq(mfaFactors.id, placeholder('id')))
    .prepare(),
)
const deleteFactorsOf = statement((db) =>
  db
    .delete(mfaFactors)
    .where(eq(mfaFactors.userId, placeholder('userId')))
    .prepare(),
)
const recountFactors = statement((db) =>
  db
    .update(users)
    .set({ factorCount: sql`(SELECT count(*) FROM ${mfaFactors} WHERE ${mfaFactors.userId} = ${placeholder('id')})` })
    .where(eq(users.id, placeholder('id')))
    .prepare(),
)
/** What is passed with the next factor was not passed with these tokens. */
const lowerTokens = statement((db) =>
  db
    .update(sessionTokens)
    .set({ aal: 'aal1' })
    .where(eq(sessionTokens.familyId, placeholder('familyId')))
    .prepare(),
)
const sessionsOfFactor = statement((db) =>
  db
    .select({ id: sessions.id })
    .from(sessions)
    .where(eq(sessions.factorId, placeholder('factorId')))
    .prepare(),
)
const forgetMethod = statement((db) =>
  db
    .delete(mfaAmrClaims)
    .where(
      and(
        eq(mfaAmrClaims.sessionId, placeholder('sessionId')),
        eq(mfaAmrClaims.authenticationMethod, placeholder('method')),
      ),
    )
    .prepare(),
)

export const listFactors = read(async (tx, userId: string) => allFactorsIn(tx, userId))

export const findFactor = read(async (tx, id: string) => tx.one(factorById, { id }))

/** How many factors a user may have. */
export interface FactorLimits {
  max: number
  maxVerified: number
}

export interface Enrolment {
  factor: Factor
  acting: Acting
  limits: FactorLimits
  /** Unverified factors from before this instant make room. */
  staleBefore: number
  audit: AuditEntry[]
}

/** Adds a factor, not verified yet. With a verified one there already, the session has to have passed it. */
export const enrolFactor = write(
  async (
    tx,
    { factor, acting, limits, staleBefore, audit }: Enrolment,
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
      if (each.status === 'unverified' && (isUnused || isOfSamePhone)) await tx.run(deleteFactor, { id: each.id })
      else present.push(each)
    }
    await tx.run(recountFactors, { id: factor.userId })
    const unfit = refuseEnrolment(present, factor, limits)
    if (unfit) return unfit
    if (session.aal !== 'aal2' && present.some(({ status }) => status === 'verified')) return 'aal_too_low_to_enrol'
    await insertFactorIn(tx, factor)
    await appendAudit(tx, audit)
    return 'enrolled'
  },
)

/** Why a factor cannot stand beside those there are. */
export function refuseEnrolment(
  present: readonly Factor[],
  { friendlyName }: Factor,
  { max, maxVerified }: FactorLimits,
): 'factor_name_taken' | 'factors_too_many' | undefined {
  if (present.some((each) => each.friendlyName === friendlyName)) return 'factor_name_taken'
  const verified = present.filter(({ status }) => status === 'verified')
  return present.length >= max || verified.length >= maxVerified ? 'factors_too_many' : undefined
}

export async function insertFactorIn(tx: Tx, factor: Factor): Promise<void> {
  await tx.run(insertFactor, factor)
  await tx.run(recountFactors, { id: factor.userId })
}

/** Removes a user's half-added factors of a kind. */
export async function dropUnverified(tx: Tx, userId: string, factorType: FactorType): Promise<void> {
  const all = await allFactorsIn(tx, userId)
  const others = all.filter((each) => each.status === 'unverified' && each.factorType === factorType)
  for (const { id } of others) await tx.run(deleteFactor, { id })
  await tx.run(recountFactors, { id: userId })
}

export interface Unenrolment {
  factorId: string
  /** Where the user does it: the session that must have passed a factor for a verified one to go. */
  acting?: Acting
  now: number
  attachments: Attachments
}

/** Removes a factor; sessions that had passed it count as having passed none. Recovery codes go with the last other one. */
export const removeFactor = write(
  async (
    tx,
    { factorId, acting, now, attachments }: Unenrolment,
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
    await attach(tx, attachments, now)
    return { outcome: 'removed', factor }
  },
)

async function removeFactorIn(tx: Tx, { id: factorId, factorType }: Factor): Promise<void> {
  for (const { id } of await tx.all(sessionsOfFactor, { factorId })) {
    await tx.run(setAssurance, { id, aal: 'aal1', factorId: null })
    await tx.run(lowerTokens, { familyId: id })
    await tx.run(forgetMethod, { sessionId: id, method: METHOD_OF[factorType] })
  }
  await tx.run(deleteFactor, { id: factorId })
}

/** @returns undefined where there is no such factor */
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
    await tx.run(saveFactor, renamed)
    await appendAudit(tx, audit)
    return renamed
  },
)

/** Every second factor of a user, recovery codes included. */
export async function removeFactors(tx: Tx, userId: string): Promise<void> {
  await tx.run(deleteFactorsOf, { userId })
  await tx.run(recountFactors, { id: userId })
}
