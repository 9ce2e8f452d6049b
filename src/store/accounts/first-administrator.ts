/**
 * The first administrator: made with the token that the server printed, once, while there never was another one.
 * The state is in the `meta` table, so that one statement decides which of several requests succeeds.
 */
import { eq } from 'drizzle-orm'
import { read, type Tx, write } from '../engine'
import { addMeta, metaValue, setMeta } from '../meta'
import { SETUP_CLOSED_KEY, SETUP_KEY } from '../meta-keys'
import { columnsOf, statement } from '../query'
import { meta, userRoles } from '../schema'

const ADMIN = 'admin'

const anyAdministrator = statement({}, (db) =>
  db.select({ userId: userRoles.userId }).from(userRoles).where(eq(userRoles.role, ADMIN)).limit(1),
)
const insertRole = statement(columnsOf(userRoles), (db, p) => db.insert(userRoles).values(p))
const removeSetup = statement({ key: meta.key }, (db, { key }) => db.delete(meta).where(eq(meta.key, key)))

export interface PendingSetup {
  tokenHash: string
  /** Unix milliseconds. */
  expiresAt: number
}

/** Whether there is or was an administrator. Once there was one, that is recorded. */
async function isClosed(tx: Tx): Promise<boolean> {
  if (await tx.one(metaValue, { key: SETUP_CLOSED_KEY })) return true
  return (await tx.one(anyAdministrator)) !== undefined
}

/** Records that there was an administrator, so that a later start prints no link. */
export async function closeSetup(tx: Tx): Promise<void> {
  await tx.run(addMeta, { key: SETUP_CLOSED_KEY, value: 'yes' })
}

/** Lets the holder of a token become the first administrator; earlier tokens stop working. @returns false if there was one */
export const openSetup = write(async (tx, pending: PendingSetup): Promise<boolean> => {
  if (await isClosed(tx)) {
    await closeSetup(tx)
    return false
  }
  await tx.run(setMeta, { key: SETUP_KEY, value: JSON.stringify(pending) })
  return true
})

/** The token that is waiting to be used; undefined if there is none, or there was an administrator. */
async function pendingIn(tx: Tx): Promise<PendingSetup | undefined> {
  const value = (await tx.one(metaValue, { key: SETUP_KEY }))?.value
  return value === undefined || (await isClosed(tx)) ? undefined : (JSON.parse(value) as PendingSetup)
}

export const findSetup = read(pendingIn)

/** Whether a token may be used now. */
export async function isSetupOpenFor(tx: Tx, { tokenHash, now }: { tokenHash: string; now: number }): Promise<boolean> {
  const pending = await pendingIn(tx)
  return pending !== undefined && pending.tokenHash === tokenHash && pending.expiresAt > now
}

/** Uses up the token: of several requests, one succeeds. */
export async function consumeSetup(tx: Tx): Promise<boolean> {
  if ((await tx.run(removeSetup, { key: SETUP_KEY })) === 0) return false
  await closeSetup(tx)
  return true
}

/** Makes a new account the first administrator. */
export async function grantFirstAdministrator(tx: Tx, userId: string, now: number): Promise<void> {
  await tx.run(insertRole, { userId, role: ADMIN, grantedAt: now })
  tx.changes?.push({ kind: 'role_granted', userId, role: ADMIN })
}
