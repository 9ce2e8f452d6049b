/** Recovery codes: a factor type of its own, with single-use codes stored as hashes. */
import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { read, type Tx, write } from '../engine'
import { columnsOf, statement } from '../query'
import { type RelatedWrites, writeRelated } from '../related-writes'
import { type Factor, mfaFactors, mfaRecoveryCodes } from '../schema'
import { type Acting, actingSession, allFactorsIn } from '../statements'
import { clearAttempts } from './factor-attempts'
import { type FactorLimits, insertFactorIn, refuseEnrollment } from './factors'

const insertCode = statement(columnsOf(mfaRecoveryCodes), (db, p) => db.insert(mfaRecoveryCodes).values(p))
const deleteCodes = statement({ factorId: mfaRecoveryCodes.factorId }, (db, { factorId }) =>
  db.delete(mfaRecoveryCodes).where(eq(mfaRecoveryCodes.factorId, factorId)),
)
const touchFactor = statement({ id: mfaFactors.id, updatedAt: mfaFactors.updatedAt }, (db, { id, updatedAt }) =>
  db.update(mfaFactors).set({ updatedAt }).where(eq(mfaFactors.id, id)),
)
const countCodes = statement({ factorId: mfaRecoveryCodes.factorId }, (db, { factorId }) =>
  db
    .select({
      total: sql<number>`count(*)`.mapWith(Number),
      remaining: sql<number>`count(*) - count(${mfaRecoveryCodes.usedAt})`.mapWith(Number),
    })
    .from(mfaRecoveryCodes)
    .where(eq(mfaRecoveryCodes.factorId, factorId)),
)

const openCode = statement(
  { factorId: mfaRecoveryCodes.factorId, hash: mfaRecoveryCodes.codeHash, otherHash: mfaRecoveryCodes.codeHash },
  (db, { factorId, hash, otherHash }) =>
    db
      .select()
      .from(mfaRecoveryCodes)
      .where(
        and(
          eq(mfaRecoveryCodes.factorId, factorId),
          inArray(mfaRecoveryCodes.codeHash, [hash, otherHash]),
          isNull(mfaRecoveryCodes.usedAt),
        ),
      ),
)

/** A user's recovery codes, and how many are left. */
export const findRecoveryCodes = read(
  async (tx, userId: string): Promise<{ factor: Factor; total: number; remaining: number } | undefined> => {
    const factor = await recoveryFactorOf(tx, userId)
    const counted = factor && (await tx.one(countCodes, { factorId: factor.id }))
    return counted && { factor, ...counted }
  },
)

/** Whether a code is in the set and unused. */
export const isRecoveryCodeOpen = read(
  async (tx, { factorId, hashes }: { factorId: string; hashes: readonly string[] }): Promise<boolean> => {
    const [hash = '', otherHash = hash] = hashes
    return (await tx.one(openCode, { factorId, hash, otherHash })) !== undefined
  },
)

export interface NewCodes {
  userId: string
  acting: Acting
  hashes: readonly string[]
  now: number
  related: RelatedWrites
}

type Refused = 'session_gone' | 'aal_too_low'

/** Adds a user's set of codes; never as their only factor. */
export const addRecoveryCodes = write(
  async (
    tx,
    { factor, limits, ...codes }: NewCodes & { factor: Factor; limits: FactorLimits },
  ): Promise<
    'added' | Refused | 'recovery_codes_present' | 'recovery_codes_alone' | 'factor_name_taken' | 'factors_too_many'
  > => {
    const refused = await refuseSession(tx, codes)
    if (refused) return refused
    const present = await allFactorsIn(tx, codes.userId)
    if (present.some(({ factorType }) => factorType === 'recovery_code')) return 'recovery_codes_present'
    if (!present.some(({ status }) => status === 'verified')) return 'recovery_codes_alone'
    const unfit = refuseEnrollment(present, factor, limits)
    if (unfit) return unfit
    await insertFactorIn(tx, factor)
    await putCodes(tx, factor.id, codes)
    return 'added'
  },
)

/** Replaces the set, and resets wrong attempts. @returns the factor, which is not replaced */
export const replaceRecoveryCodes = write(
  async (tx, codes: NewCodes): Promise<Factor | Refused | 'recovery_codes_missing'> => {
    const factor = await recoveryFactorOf(tx, codes.userId)
    if (!factor) return 'recovery_codes_missing'
    const refused = await refuseSession(tx, codes)
    if (refused) return refused
    await tx.run(deleteCodes, { factorId: factor.id })
    await putCodes(tx, factor.id, codes)
    await clearAttempts(tx, codes.userId)
    const renewed = { ...factor, updatedAt: codes.now }
    await tx.run(touchFactor, renewed)
    return renewed
  },
)

async function recoveryFactorOf(tx: Tx, userId: string): Promise<Factor | undefined> {
  return (await allFactorsIn(tx, userId)).find(({ factorType }) => factorType === 'recovery_code')
}

async function refuseSession(tx: Tx, { userId, acting }: NewCodes): Promise<Refused | undefined> {
  const session = await actingSession(tx, acting)
  if (session?.userId !== userId) return 'session_gone'
  return session.aal === 'aal2' ? undefined : 'aal_too_low'
}

async function putCodes(tx: Tx, factorId: string, { hashes, related, now }: NewCodes): Promise<void> {
  for (const codeHash of hashes) await tx.run(insertCode, { factorId, codeHash, usedAt: null })
  await writeRelated(tx, related, now)
}
