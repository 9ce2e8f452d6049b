/** Public keys of authenticators, and passkey ceremonies. */
import { and, asc, eq, isNull, or, sql } from 'drizzle-orm'
import { isAhead } from '../lib/time'
import { read, statement, type Tx, write } from './engine'
import {
  type User,
  type WebauthnChallenge,
  type WebauthnCredential,
  webauthnChallenges,
  webauthnCredentials,
} from './schema'
import {
  type Acting,
  type AuditEntry,
  actingSession,
  appendAudit,
  factorsIn,
  placeholder,
  placeholders,
  userById,
} from './statements'

const insertCredential = statement((db) =>
  db.insert(webauthnCredentials).values(placeholders(webauthnCredentials)).onConflictDoNothing().prepare(),
)
const credentialById = statement((db) =>
  db
    .select()
    .from(webauthnCredentials)
    .where(eq(webauthnCredentials.credentialId, placeholder('credentialId')))
    .prepare(),
)
const credentialOfFactor = statement((db) =>
  db
    .select()
    .from(webauthnCredentials)
    .where(eq(webauthnCredentials.factorId, placeholder('factorId')))
    .prepare(),
)
const credentialsOf = statement((db) =>
  db
    .select()
    .from(webauthnCredentials)
    .where(eq(webauthnCredentials.userId, placeholder('userId')))
    .orderBy(asc(webauthnCredentials.createdAt))
    .prepare(),
)
const UNCHANGED_BY_USE = [
  'id',
  'userId',
  'factorId',
  'credentialId',
  'publicKey',
  'transports',
  'aaguid',
  'backupEligible',
  'friendlyName',
  'createdAt',
  'updatedAt',
] as const
/** A counter that does not increase indicates a clone, unless the authenticator has none (WebAuthn Level 3 §6.1.1). */
const noteUse = statement((db) =>
  db
    .update(webauthnCredentials)
    .set(placeholders(webauthnCredentials, ...UNCHANGED_BY_USE))
    .where(
      and(
        eq(webauthnCredentials.id, placeholder('id')),
        or(
          sql`${webauthnCredentials.signCount} < ${placeholder('signCount')}`,
          sql`${webauthnCredentials.signCount} = 0 AND ${placeholder('signCount')} = 0`,
        ),
      ),
    )
    .prepare(),
)
const passkeyById = statement((db) =>
  db
    .select()
    .from(webauthnCredentials)
    .where(
      and(
        eq(webauthnCredentials.id, placeholder('id')),
        eq(webauthnCredentials.userId, placeholder('userId')),
        isNull(webauthnCredentials.factorId),
      ),
    )
    .prepare(),
)
const renamePasskeyRow = statement((db) =>
  db
    .update(webauthnCredentials)
    .set({ friendlyName: placeholder('friendlyName') as never, updatedAt: placeholder('now') as never })
    .where(eq(webauthnCredentials.id, placeholder('id')))
    .prepare(),
)
const deleteCredential = statement((db) =>
  db
    .delete(webauthnCredentials)
    .where(eq(webauthnCredentials.id, placeholder('id')))
    .prepare(),
)
const insertChallenge = statement((db) =>
  db.insert(webauthnChallenges).values(placeholders(webauthnChallenges)).prepare(),
)
const takeChallenge = statement((db) =>
  db
    .delete(webauthnChallenges)
    .where(
      and(eq(webauthnChallenges.id, placeholder('id')), sql`${webauthnChallenges.userId} IS ${placeholder('userId')}`),
    )
    .returning()
    .prepare(),
)

/** The authenticator data of a use. */
export interface CredentialUse {
  id: string
  signCount: number
  backedUp: boolean
}

/** @returns false if the credential is already registered, by any user */
export async function addCredential(tx: Tx, credential: WebauthnCredential): Promise<boolean> {
  return (await tx.run(insertCredential, credential)) > 0
}

/** @returns false if the credential is gone, or its counter did not increase */
export async function useCredential(tx: Tx, use: CredentialUse, now: number): Promise<boolean> {
  return (await tx.run(noteUse, { ...use, lastUsedAt: now })) > 0
}

/** The credential of a WebAuthn factor. */
export const findFactorCredential = read((tx, factorId: string) => tx.one(credentialOfFactor, { factorId }))

/** A passkey by its credential id, with its user. */
export const findPasskey = read(
  async (tx, credentialId: string): Promise<{ passkey: WebauthnCredential; user: User } | undefined> => {
    const passkey = await tx.one(credentialById, { credentialId })
    if (!passkey || passkey.factorId !== null) return undefined
    const user = await tx.one(userById, { id: passkey.userId })
    return user && { passkey, user }
  },
)

/** All credentials of a user, including those of factors, oldest first. */
export const listCredentials = read((tx, userId: string) => tx.all(credentialsOf, { userId }))

/** Begins a ceremony. */
export const startCeremony = write(async (tx, challenge: WebauthnChallenge): Promise<void> => {
  await tx.run(insertChallenge, challenge)
})

/**
 * Consumes a challenge: whatever follows, it is answered only once.
 * @returns undefined if there is none for this user, or, for a sign-in, without a user
 */
export const consumeCeremony = write((tx, which: { id: string; userId: string | null }) => tx.one(takeChallenge, which))

export interface PasskeyRegistration {
  credential: WebauthnCredential
  /** The session that registers it; it must have the same assurance level as when it was checked. */
  acting: Acting | undefined
  now: number
  maxPasskeys: number
  audit: AuditEntry[]
}

export const registerPasskey = write(
  async (
    tx,
    { credential, acting, now, maxPasskeys, audit }: PasskeyRegistration,
  ): Promise<'registered' | 'passkeys_too_many' | 'credential_taken' | 'session_gone' | 'aal_too_low_for_passkeys'> => {
    const user = await tx.one(userById, { id: credential.userId })
    const session = acting && (await actingSession(tx, acting))
    if (!user || user.deletedAt !== null || isAhead(user.bannedUntil, now)) return 'session_gone'
    if (acting && session?.userId !== user.id) return 'session_gone'
    const isProtected = (await factorsIn(tx, user)).some(({ status }) => status === 'verified')
    if (isProtected && session?.aal !== 'aal2') return 'aal_too_low_for_passkeys'
    const present = await tx.all(credentialsOf, { userId: credential.userId })
    if (present.filter(({ factorId }) => factorId === null).length >= maxPasskeys) return 'passkeys_too_many'
    if (!(await addCredential(tx, credential))) return 'credential_taken'
    await appendAudit(tx, audit)
    return 'registered'
  },
)

interface OwnPasskey {
  userId: string
  id: string
  audit: AuditEntry[]
}

/** @returns undefined if the user has no such passkey */
export const renamePasskey = write(
  async (
    tx,
    { userId, id, friendlyName, now, audit }: OwnPasskey & { friendlyName: string; now: number },
  ): Promise<WebauthnCredential | undefined> => {
    const passkey = await tx.one(passkeyById, { id, userId })
    if (!passkey) return undefined
    await tx.run(renamePasskeyRow, { id, friendlyName, now })
    await appendAudit(tx, audit)
    return { ...passkey, friendlyName, updatedAt: now }
  },
)

/** @returns false if the user has no such passkey */
export const deletePasskey = write(async (tx, { userId, id, audit }: OwnPasskey): Promise<boolean> => {
  if (!(await tx.one(passkeyById, { id, userId }))) return false
  await tx.run(deleteCredential, { id })
  await appendAudit(tx, audit)
  return true
})
