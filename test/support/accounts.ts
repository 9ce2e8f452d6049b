/** A store with accounts, for tests of its operations on them. */
import { expect } from 'bun:test'
import { randomUUID } from 'node:crypto'
import {
  type FlowState,
  type Identity,
  type NewMessage,
  type NewSession,
  openStore,
  type User,
  type VerificationToken,
} from '../../src/store'
import { countRows, readRows, tablesOf } from './database'
import { newDatabase } from './engines'

/** When every change of a test happens, and when the accounts were created before. */
export const NOW = Date.parse('2026-01-02T00:00:00Z')
export const BEFORE = NOW - 86_400_000

type NewUser = Omit<User, 'uid' | 'confirmedAt'>

export interface AccountStore extends AsyncDisposable {
  store: Awaited<ReturnType<typeof openStore>>
  /** Creates an account. */
  user(given?: Partial<NewUser>, identities?: Identity[]): Promise<User>
  find(id: string): Promise<User>
  /** Stores a token. @returns how an operation refers to it */
  token(given: Partial<VerificationToken>): Promise<{ id: string }>
  /** Whether a token can still be used. */
  isValid(token: { id: string }): Promise<boolean>
  session(userId: string): Promise<string>
  /** Every row of every table. */
  rows(): Promise<Record<string, unknown[]>>
  count(table: string, userId: string): Promise<number>
}

export async function accountStore(): Promise<AccountStore> {
  const database = await newDatabase()
  const { target } = database
  // Operations can be run again from the start: each test shows it.
  const store = await openStore(target, BEFORE, { runsWritesTwice: true })
  const find = async (id: string) => (await store.findUser(id)) as User
  return {
    store,
    find,
    async user(given = {}, identities = []) {
      const user = newUser(given)
      const created = await store.createUser({
        user,
        identities: identities.map((identity) => ({ ...identity, userId: user.id })),
        audit: [],
      })
      if (created.outcome !== 'created') throw new Error(created.outcome)
      return find(user.id)
    },
    async token(given) {
      const token = newToken(given)
      await store.saveTokensAndMessages({ now: BEFORE, mint: [{ token, replaces: [] }], audit: [] })
      return { id: token.id }
    },
    async isValid({ id }) {
      const rows = await readRows(target, 'SELECT 1 FROM verification_tokens WHERE id = ? AND consumed_at IS NULL', id)
      return rows.length > 0
    },
    async session(userId) {
      const session = newSession(userId)
      await store.openSession({ session, now: BEFORE, audit: [] })
      return session.session.id
    },
    async rows() {
      const tables: Record<string, unknown[]> = {}
      for (const name of await tablesOf(target)) tables[name] = await readRows(target, `SELECT * FROM "${name}"`)
      return tables
    },
    count: (table, userId) => countRows(target, `${table} WHERE user_id = ?`, userId),
    async [Symbol.asyncDispose]() {
      await store.close()
      await database[Symbol.asyncDispose]()
    },
  }
}

export function newUser(given: Partial<NewUser> = {}): NewUser {
  return {
    id: randomUUID(),
    aud: 'authenticated',
    role: 'authenticated',
    email: null,
    encryptedPassword: null,
    emailConfirmedAt: null,
    invitedAt: null,
    confirmationSentAt: null,
    recoverySentAt: null,
    emailChange: null,
    emailChangeSentAt: null,
    emailChangeConfirmStatus: 0,
    phone: null,
    phoneConfirmedAt: null,
    phoneChange: null,
    phoneChangeSentAt: null,
    reauthenticationSentAt: null,
    factorSmsSentAt: null,
    rawAppMetaData: {},
    rawUserMetaData: {},
    adminUserMetaData: {},
    isAdminCreated: false,
    isPasswordFromAdmin: false,
    lastSignInAt: null,
    bannedUntil: null,
    isSsoUser: false,
    isAnonymous: false,
    deletedAt: null,
    factorCount: 0,
    username: null,
    matrixUserId: null,
    createdAt: BEFORE,
    updatedAt: BEFORE,
    ...given,
  }
}

/** An identity of a provider; without a provider id, one of the account's own contacts. */
export function newIdentity(given: Partial<Identity> & Pick<Identity, 'provider'>): Identity {
  return {
    id: randomUUID(),
    userId: '',
    providerId: randomUUID(),
    identityData: {},
    lastSignInAt: BEFORE,
    createdAt: BEFORE,
    updatedAt: BEFORE,
    ...given,
  }
}

export function newToken(given: Partial<VerificationToken> = {}): VerificationToken {
  const id = `vt_${randomUUID()}`
  return {
    id,
    kind: 'magic_link',
    family: 'supabase',
    email: null,
    phone: null,
    userId: null,
    payload: null,
    tokenHash: id,
    tokenPrefix: id,
    codeHash: null,
    codeAttempts: 0,
    flowStateId: null,
    createdAt: BEFORE,
    expiresAt: NOW + 3_600_000,
    consumedAt: null,
    ...given,
  }
}

export function newSession(userId: string): NewSession {
  return {
    session: {
      id: randomUUID(),
      userId,
      aal: 'aal1',
      factorId: null,
      notAfter: null,
      refreshedAt: null,
      userAgent: null,
      ip: null,
      tag: null,
      refreshTokenHmacKey: 'key',
      refreshTokenCounter: 0,
      elevatedAtCounter: null,
      createdAt: NOW,
      updatedAt: NOW,
    },
    method: 'otp',
    network: undefined,
  }
}

export function newFlow(userId: string): FlowState {
  return {
    id: randomUUID(),
    userId,
    authCodeHash: null,
    authCodeIssuedAt: null,
    codeChallenge: 'challenge',
    codeChallengeMethod: 'plain',
    authenticationMethod: 'otp',
    providerTokens: null,
    sessionId: null,
    aal: null,
    createdAt: BEFORE,
  }
}

export function newMessage(recipient: string): NewMessage {
  return {
    id: randomUUID(),
    channel: 'email',
    template: 'notice',
    recipient,
    content: '',
    state: 'kept',
    attempts: 0,
    error: null,
    nextAttemptAt: null,
    expiresAt: NOW + 3_600_000,
    createdAt: NOW,
    sentAt: null,
    userId: null,
  }
}

export const auditEntry = (action: string) => ({ id: randomUUID(), payload: { action }, createdAt: NOW, ipAddress: '' })

/** Expects that an operation refuses, and that it has written nothing. */
export async function expectRefused<Outcome extends string>(
  { rows }: Pick<AccountStore, 'rows'>,
  work: () => Promise<{ outcome: Outcome }>,
  outcome: Outcome,
): Promise<void> {
  const before = await rows()
  expect((await work()).outcome).toBe(outcome)
  expect(await rows()).toEqual(before)
}

/** Ways to bring an account into a state that allows no change, by the outcome that results. */
export const ENDS = {
  user_gone: async ({ store }: AccountStore, id: string) => {
    await store.softDeleteUser({ id, now: BEFORE, scrub: (value) => value, audit: [] })
  },
  user_banned: async ({ store }: AccountStore, id: string) => {
    await store.updateUserAsAdmin({ ...adminUpdate(id, BEFORE), set: { bannedUntil: NOW + 1 } })
  },
}

/** Metadata of the maximum size. */
export const FULL_METADATA = { full: 'x'.repeat(3072 - '{"full":""}'.length) }

type AdminUpdate = Parameters<AccountStore['store']['updateUserAsAdmin']>[0]

/** An administrator's change that changes nothing yet. */
export const adminUpdate = (id: string, now: number): AdminUpdate => ({
  id,
  now,
  set: {},
  encryptedPassword: undefined,
  confirms: { email: false, phone: false },
  userMetaData: {},
  appMetaData: undefined,
  identities: [],
  audit: [],
})
