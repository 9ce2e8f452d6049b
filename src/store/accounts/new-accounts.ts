/**
 * New accounts. Unique indexes refuse a second account with the same address, number, name, id or identity, so most of
 * these operations need no isolation from each other: what violates an index is run again and finds the other account.
 */
import type { Account } from '../account'
import { guarded, type Tx, write } from '../engine'
import { queueMatrixRegistration } from '../matrix-registrations'
import { columnsOf, statement } from '../query'
import { type RelatedWrites, writeRelated } from '../related-writes'
import { type Identity, type User, users } from '../schema'
import { consumeSingleUse } from '../single-use'
import { amrIn, type NewSession, type OpenedSession, openSessionIn, startSession, userById } from '../statements'
import { consumeToken, refuseTokenUse, type TokenRefusal, type TokenUse } from '../verification/operations'
import { type ConsumingGrant, flowOf } from './access'
import {
  type AccountConflict,
  type ContactConflict,
  findConflict,
  findContactConflict,
  identityByProvider,
  insertIdentity,
} from './account-rows'
import { consumeSetup, grantFirstAdministrator, isSetupOpenFor } from './first-administrator'

const insertUser = statement(columnsOf(users, 'uid'), (db, p) => db.insert(users).values(p))

export interface NewAccount extends RelatedWrites {
  user: Omit<User, 'uid' | 'confirmedAt'>
  identities: Identity[]
  /** When the background may create a Matrix account for the user; none for no account. */
  matrixDueAt?: number | undefined
}

/** Creates an account for an administrator, unless its address, number, identity or id is taken. */
export const createUser = guarded(
  async (tx, account: NewAccount): Promise<{ outcome: 'created'; account: Account } | AccountConflict> =>
    (await findAllTaken(tx, account)) ?? { outcome: 'created', account: await insertAccount(tx, account, true) },
)

/**
 * Creates the account of an address or a number, unless that is taken. The account has a new id, no username, and no
 * identity but those of its contacts, so nothing else can be taken.
 */
export const createContactUser = guarded(
  async (tx, account: NewAccount): Promise<{ outcome: 'created'; account: Account } | ContactConflict> =>
    (await findContactConflict(tx, account.user)) ?? { outcome: 'created', account: await insertAccount(tx, account) },
)

export interface NewExternalAccount extends Omit<NewAccount, 'identities' | 'matrixDueAt' | 'flow'> {
  identity: Identity
  /** Undefined if the account has to be confirmed first. */
  ending: ConsumingGrant | undefined
}

/** Creates the account of an identity, and signs in. */
export const createUserWithIdentity = write(
  async (
    tx,
    { identity, ending, ...account }: NewExternalAccount,
  ): Promise<
    | { outcome: 'created'; account: Account; opened: OpenedSession | undefined }
    | { outcome: 'used_before' }
    | AccountConflict
  > => {
    const made = { ...account, identities: [identity], flow: flowOf(ending) }
    const { createdAt: now } = account.user
    const taken = await findAllTaken(tx, made)
    if (taken) return taken
    if (ending?.use && !(await consumeSingleUse(tx, ending.use, now))) return { outcome: 'used_before' }
    const created = await insertAccount(tx, made)
    const session = ending && 'session' in ending ? ending.session : undefined
    const opened = session && (await openSessionIn(tx, created.user, session, now))
    return { outcome: 'created', account: created, opened }
  },
)

export interface Registration extends NewAccount {
  session: NewSession
}

type Registered = { outcome: 'registered'; opened: OpenedSession }

/** Creates an account as `createContactUser` does, and signs it in. */
export const registerUser = guarded(
  async (tx, registration: Registration): Promise<Registered | ContactConflict> =>
    (await findContactConflict(tx, registration.user)) ?? (await insertSignedIn(tx, registration)),
)

export interface FirstAdministrator extends Registration {
  /** Of the token that the server printed. */
  tokenHash: string
}

/** As `registerUser`, with the role of an administrator, for the token that allows it once. */
export const createFirstAdministrator = write(
  async (
    tx,
    { tokenHash, ...registration }: FirstAdministrator,
  ): Promise<Registered | { outcome: 'not_open' } | ContactConflict> => {
    const { id, createdAt: now } = registration.user
    if (!(await isSetupOpenFor(tx, { tokenHash, now }))) return { outcome: 'not_open' }
    const taken = await findContactConflict(tx, registration.user)
    if (taken) return taken
    if (!(await consumeSetup(tx))) return { outcome: 'not_open' }
    const registered = await insertSignedIn(tx, registration)
    await grantFirstAdministrator(tx, id, now)
    return registered
  },
)

export interface TokenRegistration extends Registration {
  tokenUse: TokenUse
}

/** As `registerUser`, with the token that allows it. */
export const registerUserWithToken = write(
  async (
    tx,
    { tokenUse, ...registration }: TokenRegistration,
  ): Promise<Registered | { outcome: TokenRefusal } | ContactConflict> => {
    const now = registration.user.createdAt
    const refused = await refuseTokenUse(tx, tokenUse, now)
    if (refused) return { outcome: refused }
    const taken = await findContactConflict(tx, registration.user)
    if (taken) return taken
    const registered = await insertSignedIn(tx, registration)
    await consumeToken(tx, tokenUse, now)
    return registered
  },
)

async function findAllTaken(tx: Tx, { user, identities: wanted }: NewAccount): Promise<AccountConflict | undefined> {
  const taken = await findConflict(tx, user)
  if (taken) return taken
  for (const identity of wanted) {
    const present = await tx.one(identityByProvider, identity)
    const owner = present && (await tx.one(userById, { id: present.userId }))
    if (owner) return { outcome: 'identity_taken', user: owner }
  }
  return undefined
}

async function insertAccount(
  tx: Tx,
  { user, identities: wanted, matrixDueAt, ...attachments }: NewAccount,
  isByAdministrator = false,
): Promise<Account> {
  await tx.run(insertUser, user)
  tx.changes?.push({ kind: 'created', userId: user.id, user, isByAdministrator })
  const made = (await tx.one(userById, { id: user.id })) as User
  for (const identity of wanted) await tx.run(insertIdentity, identity)
  if (matrixDueAt !== undefined) await queueMatrixRegistration(tx, user.id, matrixDueAt)
  await writeRelated(tx, attachments, user.createdAt)
  return { user: made, identities: wanted, factors: [] }
}

async function insertSignedIn(tx: Tx, { session, ...account }: Registration): Promise<Registered> {
  const made = await insertAccount(tx, account)
  await startSession(tx, session)
  const amr = await amrIn(tx, session.session.id)
  return { outcome: 'registered', opened: { ...made, session: session.session, amr } }
}
