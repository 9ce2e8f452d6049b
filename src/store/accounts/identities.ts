/**
 * How the identities of an account change. Each step takes the identities the account has, oldest first, writes the
 * change, and returns those it has then.
 */
import { randomUUID } from 'node:crypto'
import { contactIdentityData } from '../../lib/account-metadata'
import { type JsonObject, mergeMetadata } from '../../lib/json'
import type { Tx } from '../engine'
import type { Identity, User } from '../schema'
import { deleteIdentity, linkIdentityIn, saveIdentity } from './account-rows'

/** An account at a provider. */
export type IdentityKey = Pick<Identity, 'provider' | 'providerId'>

/** Merges data into the identity of the same provider; a missing one is created. */
export async function mergeIdentity(tx: Tx, held: readonly Identity[], identity: Identity): Promise<Identity[]> {
  const own = held.find(({ provider }) => provider === identity.provider)
  if (!own) return addIdentity(tx, held, identity)
  const { updatedAt } = identity
  return saveOne(tx, held, { ...own, identityData: mergeMetadata(own.identityData, identity.identityData), updatedAt })
}

/** Replaces the data of the identity of the same provider account; a missing one is created. */
export async function upsertIdentity(tx: Tx, held: readonly Identity[], identity: Identity): Promise<Identity[]> {
  const present = held.find((each) => isSame(each, identity))
  if (!present) return addIdentity(tx, held, identity)
  const { identityData, lastSignInAt, updatedAt } = identity
  return saveOne(tx, held, { ...present, identityData, lastSignInAt, updatedAt })
}

export async function addIdentity(tx: Tx, held: readonly Identity[], identity: Identity): Promise<Identity[]> {
  await linkIdentityIn(tx, identity)
  return [...held, identity].sort((a, b) => a.createdAt - b.createdAt)
}

/** Removes the identities that are not kept. */
export async function dropIdentities(
  tx: Tx,
  held: readonly Identity[],
  stays: (identity: Identity) => boolean,
): Promise<Identity[]> {
  for (const identity of held) {
    if (stays(identity)) continue
    await tx.run(deleteIdentity, { id: identity.id })
    tx.changes?.push({ kind: 'identity_unlinked', userId: identity.userId, identity })
  }
  return held.filter(stays)
}

export const isSame = (a: IdentityKey, b: IdentityKey): boolean =>
  a.provider === b.provider && a.providerId === b.providerId

const OWN_DATA = ['email', 'email_verified', 'phone', 'phone_verified', 'sub']

/** Where the user's metadata is replaced, copies of the old values leave the identities of the account's own contacts. */
export async function clearContactIdentities(tx: Tx, held: readonly Identity[], userId: string): Promise<Identity[]> {
  let cleared = [...held]
  for (const own of held) {
    if (own.providerId !== userId) continue
    const identityData = Object.fromEntries(Object.entries(own.identityData).filter(([key]) => OWN_DATA.includes(key)))
    cleared = await saveOne(tx, cleared, { ...own, identityData })
  }
  return cleared
}

interface ContactIdentityOptions {
  /** Whether the account was anonymous until now. */
  wasAnonymous: boolean
  setsPassword: boolean
  now: number
}

/**
 * Creates missing identities of confirmed contacts: for an account that was anonymous, and for one created by a
 * provider that gets a password, which is a sign-in method of its own.
 * @returns all identities; new ones are last
 */
export async function createContactIdentities(
  tx: Tx,
  { id: userId, email, emailConfirmedAt, phone, phoneConfirmedAt, isSsoUser }: User,
  held: readonly Identity[],
  { wasAnonymous, setsPassword, now }: ContactIdentityOptions,
): Promise<Identity[]> {
  const settled = [...held]
  const settle = async (provider: 'email' | 'phone', contact: string | null) => {
    if (contact === null) return
    const data = mergeMetadata({}, contactIdentityData(userId, { [provider]: contact, [`${provider}_verified`]: true }))
    const own = held.find((each) => each.provider === provider)
    if (own) {
      if (wasAnonymous) await tx.run(saveIdentity, { ...own, identityData: mergeMetadata(own.identityData, data) })
    } else if (setsPassword || !held.some(({ identityData }) => mentionsContact(identityData, contact))) {
      const made = {
        id: randomUUID(),
        userId,
        provider,
        providerId: userId,
        identityData: data,
        lastSignInAt: now,
        createdAt: now,
        updatedAt: now,
      }
      await linkIdentityIn(tx, made)
      settled.push(made)
    }
  }
  const hasEmail = emailConfirmedAt !== null && !isSsoUser
  if (hasEmail && (wasAnonymous || setsPassword)) await settle('email', email)
  if (phoneConfirmedAt !== null && wasAnonymous) await settle('phone', phone)
  return settled
}

const mentionsContact = ({ email, phone }: JsonObject, contact: string) =>
  [email, phone].some((each) => typeof each === 'string' && each.toLowerCase() === contact)

async function saveOne(tx: Tx, held: readonly Identity[], changed: Identity): Promise<Identity[]> {
  await tx.run(saveIdentity, { ...changed })
  return held.map((each) => (each.id === changed.id ? changed : each))
}
