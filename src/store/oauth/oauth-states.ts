/** OAuth states of browsers at a provider, and the candidates for the account of a provider identity. */
import { eq } from 'drizzle-orm'
import { identityByProvider, userByEmail } from '../accounts/account-rows'
import { read, write } from '../engine'
import { columnsOf, statement } from '../query'
import { type Identity, identities, type OAuthState, oauthStates, type User } from '../schema'
import { userById } from '../statements'

const insertState = statement(columnsOf(oauthStates), (db, p) => db.insert(oauthStates).values(p))

const stateByHash = statement({ stateHash: oauthStates.stateHash }, (db, { stateHash }) =>
  db.select().from(oauthStates).where(eq(oauthStates.stateHash, stateHash)),
)

const identitiesByEmail = statement({ email: identities.email }, (db, { email }) =>
  db.select().from(identities).where(eq(identities.email, email)),
)

export const putOAuthState = write(async (tx, state: OAuthState): Promise<void> => {
  await tx.run(insertState, state)
})

export const findOAuthState = read((tx, stateHash: string) => tx.one(stateByHash, { stateHash }))

/** The local owners of a provider account and of its verified addresses. */
export interface Owners {
  identity: { identity: Identity; user: User } | undefined
  /** Identities with one of the addresses, verified by their own provider. */
  ofVerifiedEmails: Identity[]
  /** Accounts by address, without single sign-on accounts. */
  byEmail: User[]
}

export const findOwners = read(
  async (
    tx,
    { provider, providerId, emails }: { provider: string; providerId: string; emails: readonly string[] },
  ): Promise<Owners> => {
    const identity = await tx.one(identityByProvider, { provider, providerId })
    const user = identity && (await tx.one(userById, { id: identity.userId }))
    const found = await Promise.all(emails.map((email) => tx.all(identitiesByEmail, { email })))
    const accounts = await Promise.all(emails.map((email) => tx.one(userByEmail, { email })))
    return {
      identity: identity && user && { identity, user },
      ofVerifiedEmails: found.flat().filter(({ identityData }) => identityData.email_verified === true),
      byEmail: accounts.filter((account) => account !== undefined),
    }
  },
)
