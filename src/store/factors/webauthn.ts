/** Public keys of authenticators, and passkey ceremonies. */
import { and, asc, eq, isNull, lt, or, sql } from 'drizzle-orm'
import { isInFuture } from '../../lib/time'
import type { AuditEntry } from '../audit-entry'
import { appendAudit } from '../audit-log'
import { read, type Tx, write } from '../engine'
import { columnsOf, statement } from '../query'
import {
  type User,
  type WebauthnChallenge,
  type WebauthnCredential,
  webauthnChallenges,
  webauthnCredentials,
} from '../schema'
import { type Acting, actingSession, factorsIn, userById } from '../statements'

const insertCredential = statement(columnsOf(webauthnCredentials), (db, p) =>
  db.insert(webauthnCredentials).values(p).onConflictDoNothing(),
)
/** A passkey; the key of a second factor may be found as well. */
export const credentialById = statement({ credentialId: webauthnCredentials.credentialId }, (db, { credentialId }) =>
  db.select().from(webauthnCredentials).where(eq(webauthnCredentials.credentialId, credentialId)),
)
const credentialOfFactor = statement({ factorId: webauthnCredentials.factorId }, (db, { factorId }) =>
  db.select().from(webauthnCredentials).where(eq(webauthnCredentials.factorId, factorId)),
)
const credentialsOf = statement({ userId: webauthnCredentials.userId }, (db, { userId }) =>
  db
    .select()
    .from(webauthnCredentials)
    .where(eq(webauthnCredentials.userId, userId))
    .orderBy(asc(webauthnCredentials.createdAt)),
)
/** A counter that does not increase indicates a clone, unless the authenticator has none (WebAuthn Level 3 §6.1.1). */
const noteUse = statement(
  {
    id: webauthnCredentials.id,
    signCount: webauthnCredentials.signCount,
    backedUp: webauthnCredentials.backedUp,
    lastUsedAt: webauthnCredentials.lastUsedAt,
  },
  (db, { id, ...use }) =>
    db
      .update(webauthnCredentials)
      .set(use)
      .where(
        and(
          eq(webauthnCredentials.id, id),
          or(
            lt(webauthnCredentials.signCount, use.signCount),
            and(eq(webauthnCredentials.signCount, 0), eq(use.signCount, 0)),
          ),
        ),
      ),
)
const passkeyById = statement(
  { id: webauthnCredentials.id, userId: webauthnCredentials.userId },
  (db, { id, userId }) =>
    db
      .select()
      .from(webauthnCredentials)
      .where(
        and(
          eq(webauthnCredentials.id, id),
          eq(webauthnCredentials.userId, userId),
          isNull(webauthnCredentials.factorId),
        ),
      ),
)
const renamePasskeyRow = statement(
  { id: webauthnCredentials.id, friendlyName: webauthnCredentials.friendlyName, now: webauthnCredentials.updatedAt },
  (db, { id, friendlyName, now }) =>
    db.update(webauthnCredentials).set({ friendlyName, updatedAt: now }).where(eq(webauthnCredentials.id, id)),
)
const deleteCredential = statement({ id: webauthnCredentials.id }, (db, { id }) =>
  db.delete(webauthnCredentials).where(eq(webauthnCredentials.id, id)),
)
const deleteCredentialsOf = statement({ userId: webauthnCredentials.userId }, (db, { userId }) =>
  db.delete(webauthnCredentials).where(eq(webauthnCredentials.userId, userId)),
)
const insertChallenge = statement(columnsOf(webauthnChallenges), (db, p) => db.insert(webauthnChallenges).values(p))
const takeChallenge = statement(
  { id: webauthnChallenges.id, userId: webauthnChallenges.userId },
  (db, { id, userId }) =>
    db
      .delete(webauthnChallenges)
      .where(and(eq(webauthnChallenges.id, id), sql`${webauthnChallenges.userId} IS NOT DISTINCT FROM ${userId}`))
      .returning(),
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

/** @returns false if the credential no longer exists, or its counter did not increase */
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

/** All credentials of a user, including credentials of factors, oldest first. */
export const listCredentials = read((tx, userId: string) => tx.all(credentialsOf, { userId }))

/** Deletes all credentials of a user, including credentials of factors. */
export async function removeCredentials(tx: Tx, userId: string): Promise<void> {
  for (const passkey of tx.changes ? await tx.all(credentialsOf, { userId }) : [])
    if (passkey.factorId === null) tx.changes?.push({ kind: 'passkey_removed', userId, passkey })
  await tx.run(deleteCredentialsOf, { userId })
}

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
  /** The session that registers it; it must still have the assurance level that was checked. */
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
    if (!user || user.deletedAt !== null || isInFuture(user.bannedUntil, now)) return 'session_gone'
    if (acting && session?.userId !== user.id) return 'session_gone'
    const isProtected = (await factorsIn(tx, user)).some(({ status }) => status === 'verified')
    if (isProtected && session?.aal !== 'aal2') return 'aal_too_low_for_passkeys'
    const present = await tx.all(credentialsOf, { userId: credential.userId })
    if (present.filter(({ factorId }) => factorId === null).length >= maxPasskeys) return 'passkeys_too_many'
    if (!(await addCredential(tx, credential))) return 'credential_taken'
    tx.changes?.push({ kind: 'passkey_created', userId: user.id, passkey: credential })
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
  const passkey = await tx.one(passkeyById, { id, userId })
  if (!passkey) return false
  await tx.run(deleteCredential, { id })
  tx.changes?.push({ kind: 'passkey_removed', userId, passkey })
  await appendAudit(tx, audit)
  return true
})
