/** Custom providers. */
import { eq, gt } from 'drizzle-orm'
import type { OpenIdMetadata } from '../../lib/open-id-metadata'
import type { AuditEntry } from '../audit-entry'
import { appendAudit } from '../audit-log'
import { read, write } from '../engine'
import { columnsOf, statement } from '../query'
import { type CustomProvider, customOAuthProviders } from '../schema'

/** A handful of rows, always read together. */
const allProviders = statement({}, (db) =>
  db.select().from(customOAuthProviders).where(gt(customOAuthProviders.identifier, '')),
)
const providerByIdentifier = statement({ identifier: customOAuthProviders.identifier }, (db, { identifier }) =>
  db.select().from(customOAuthProviders).where(eq(customOAuthProviders.identifier, identifier)),
)
const insertProvider = statement(columnsOf(customOAuthProviders), (db, p) => db.insert(customOAuthProviders).values(p))
const saveProvider = statement(
  { id: customOAuthProviders.id, ...columnsOf(customOAuthProviders, 'id', 'providerType', 'identifier', 'createdAt') },
  (db, { id, ...set }) => db.update(customOAuthProviders).set(set).where(eq(customOAuthProviders.id, id)),
)
const deleteProvider = statement({ identifier: customOAuthProviders.identifier }, (db, { identifier }) =>
  db.delete(customOAuthProviders).where(eq(customOAuthProviders.identifier, identifier)),
)

/** Newest first. */
export const listCustomProviders = read(async (tx): Promise<CustomProvider[]> => {
  const rows = await tx.all(allProviders)
  return rows.sort((a, b) => b.createdAt - a.createdAt)
})

export const findCustomProvider = read((tx, identifier: string) => tx.one(providerByIdentifier, { identifier }))

export const addCustomProvider = write(
  async (
    tx,
    { provider, max, audit }: { provider: CustomProvider; max: number; audit: AuditEntry[] },
  ): Promise<'added' | 'exists' | 'too_many'> => {
    if ((await tx.all(allProviders)).length >= max) return 'too_many'
    if (await tx.one(providerByIdentifier, { identifier: provider.identifier })) return 'exists'
    await tx.run(insertProvider, provider)
    await appendAudit(tx, audit)
    return 'added'
  },
)

/** The fields of a provider that can be changed. */
export type CustomProviderChange = Partial<
  Omit<CustomProvider, 'id' | 'providerType' | 'identifier' | 'createdAt' | 'updatedAt'>
>

/** @returns the changed provider; undefined if it was deleted or replaced */
export const changeCustomProvider = write(
  async (
    tx,
    { id, identifier, set, now, audit }: ProviderKey & { set: CustomProviderChange; now: number; audit: AuditEntry[] },
  ): Promise<CustomProvider | undefined> => {
    const present = await tx.one(providerByIdentifier, { identifier })
    if (present?.id !== id) return undefined
    const changed = { ...present, ...set, updatedAt: now }
    await tx.run(saveProvider, changed)
    await appendAudit(tx, audit)
    return changed
  },
)

type ProviderKey = Pick<CustomProvider, 'id' | 'identifier'>

/** Saves the current metadata of an issuer, unless an administrator has changed the issuer since. */
export const saveDiscovery = write(
  async (
    tx,
    {
      id,
      identifier,
      issuer,
      discoveryUrl,
      document,
      now,
    }: DiscoveryTarget & { document: OpenIdMetadata | null; now: number },
  ): Promise<void> => {
    const present = await tx.one(providerByIdentifier, { identifier })
    if (present?.id !== id || present.issuer !== issuer || present.discoveryUrl !== discoveryUrl) return
    await tx.run(saveProvider, { ...present, discoveryDocument: document, discoveredAt: now })
  },
)

type DiscoveryTarget = Pick<CustomProvider, 'id' | 'identifier' | 'issuer' | 'discoveryUrl'>

/** @returns false if there is no such provider */
export const deleteCustomProvider = write(
  async (tx, { identifier, audit }: { identifier: string; audit: AuditEntry[] }): Promise<boolean> => {
    const isDeleted = (await tx.run(deleteProvider, { identifier })) > 0
    if (isDeleted) await appendAudit(tx, audit)
    return isDeleted
  },
)
