/** Transactions whose rows share a page of an index, as all do while the database is small. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { type Factor, openStore, type Store } from '../../../src/store'
import { createUser } from '../../../src/store/accounts/new-accounts'
import { recordMessage, storeMessageTokens } from '../../../src/store/accounts/record-message'
import { type Engine, type Tx, together } from '../../../src/store/engine'
import { completeChallenge } from '../../../src/store/factors/challenges'
import { openPostgres } from '../../../src/store/postgres/open'
import { statement } from '../../../src/store/query'
import { users } from '../../../src/store/schema'
import { withdrawSignIn } from '../../../src/store/sessions/withdraw-sign-in'
import { lockUser, userById } from '../../../src/store/statements'
import { databaseTokens } from '../../../src/store/verification/database'
import { auditEntry, NOW, newSession, newToken, newUser } from '../../support/accounts'
import { hasPostgres, type PostgresDatabase, postgresDatabase } from '../../support/postgres'
import { interleave, type Run, randomOf } from '../../support/schedules'

const AT_ONCE = 40

const setMetadata = statement({ id: users.id, rawUserMetaData: users.rawUserMetaData }, (db, { id, rawUserMetaData }) =>
  db.update(users).set({ rawUserMetaData }).where(eq(users.id, id)),
)

describe.skipIf(!hasPostgres)('many at once in an empty database', () => {
  let database: PostgresDatabase
  let store: Store
  let engine: Engine
  beforeAll(async () => {
    database = await postgresDatabase()
    store = await openStore(database.url, NOW)
    engine = await openPostgres(database.url, { now: NOW, tokensOf: databaseTokens, onEvent() {} })
  }, 60_000)
  afterAll(async () => {
    await engine.close()
    await store.close()
    await database[Symbol.asyncDispose]()
  })

  const atOnce = <T>(work: (index: number) => Promise<T>) =>
    Promise.all(Array.from({ length: AT_ONCE }, (_, index) => work(index)))

  test('sign-ups all succeed, and so do sign-ins', async () => {
    const signedUp = await atOnce((index) => {
      const user = newUser({ email: `at-once-${index}@example.com` })
      return store.registerUser({
        user,
        identities: [],
        session: newSession(user.id),
        audit: [auditEntry('user_signedup')],
      })
    })
    expect(new Set(signedUp.map(({ outcome }) => outcome))).toEqual(new Set(['registered']))
    const signedIn = await atOnce(async (index) => {
      const registered = signedUp[index]
      const id = registered?.outcome === 'registered' ? registered.opened.user.id : ''
      return store.openSession({ session: newSession(id), now: NOW + index, audit: [auditEntry('login')] })
    })
    expect(new Set(signedIn.map(({ outcome }) => outcome))).toEqual(new Set(['opened']))
  }, 60_000)

  test('of sign-ups with one address, one succeeds', async () => {
    const signedUp = await atOnce(() => {
      const user = newUser({ email: 'everyone@example.com' })
      return store.registerUser({ user, identities: [], session: newSession(user.id), audit: [] })
    })
    expect(signedUp.filter(({ outcome }) => outcome === 'registered')).toHaveLength(1)
    expect(signedUp.filter(({ outcome }) => outcome === 'email_taken')).toHaveLength(AT_ONCE - 1)
  }, 60_000)

  test('isolated transactions that read and write the same index page all end', async () => {
    const user = newUser({ email: 'flows@example.com' })
    await engine.guarded((tx) => createUser(tx, { user, identities: [], audit: [] }))
    const outcomes = await atOnce(async (index) => {
      const made: string[] = []
      for (let round = 0; round < 12; round++) {
        const another = newUser({ email: `isolated-${index}-${round}@example.com` })
        const { outcome } = await engine.write(async (tx) => {
          await tx.one(userById, { id: user.id })
          return createUser(tx, { user: another, identities: [], audit: [auditEntry('user_signedup')] })
        })
        made.push(outcome)
      }
      return made
    })
    expect(new Set(outcomes.flat())).toEqual(new Set(['created']))
  }, 60_000)

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'of the link of a withdrawn sign-in and a newer one, one works (seed %d)',
    async (seed) => {
      const user = newUser({ email: `withdrawn-${seed}@example.com` })
      await store.createUser({ user, identities: [], audit: [] })
      const mint = (consumedAt: number | null) => ({
        token: newToken({ userId: user.id, email: user.email, consumedAt }),
        replaces: ['magic_link' as const],
      })
      const used = mint(NOW)
      await store.saveTokensAndMessages({ now: NOW, mint: [used], audit: [] })
      const session = newSession(user.id)
      await store.openSession({ session, now: NOW, audit: [] })
      const withdrawal = {
        userId: user.id,
        sessionId: session.session.id,
        at: NOW,
        used: [{ kind: 'token' as const, id: used.token.id }],
        audit: [],
      }
      const newer = mint(null)
      const message = {
        column: 'recoverySentAt' as const,
        cooldownMs: 0,
        mint: [newer],
        flow: undefined,
        pending: {},
        messages: [],
      }
      const request = { id: user.id, now: NOW + 1000, message, audit: [] }
      const runs: Run[] = [
        { mode: 'write', work: (tx) => withdrawSignIn(tx, withdrawal) },
        { mode: 'guarded', work: (tx) => recordMessage(tx, request) },
      ]
      await Promise.all(interleave([engine], runs, randomOf(seed)))
      const tokens = await store.pendingTokens({ email: user.email as string })
      expect(tokens.map(({ id }) => id)).toEqual([newer.token.id])
    },
    60_000,
  )

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'the first second factor ends a change of address that is requested without it at the same time (seed %d)',
    async (seed) => {
      const user = newUser({ email: `factor-${seed}@example.com` })
      const userId = user.id
      await store.createUser({ user, identities: [], audit: [] })
      const [own, other] = [newSession(userId), newSession(userId)]
      for (const session of [own, other]) await store.openSession({ session, now: NOW, audit: [] })
      const factor = {
        ...{ id: Bun.randomUUIDv7(), userId, friendlyName: 'app', factorType: 'totp', status: 'unverified' },
        ...{ secret: '', lastStep: -1, lastChallengedAt: null, phone: null, webAuthnAaguid: null },
        ...{ createdAt: NOW, updatedAt: NOW },
      } as Factor
      const acting = { sessionId: own.session.id, aal: 'aal1' as const }
      await store.enrollFactor({ factor, acting, limits: { max: 9, maxVerified: 9 }, staleBefore: 0, audit: [] })
      const passed = {
        ...acting,
        userId,
        proof: { type: 'totp' as const, factorId: factor.id, step: 7 },
        network: undefined,
        now: NOW + 1000,
        newKey: () => 'key',
        related: { audit: [] },
      }
      const token = newToken({ userId, email: `other-${seed}@example.com`, kind: 'email_change' })
      const change = {
        id: userId,
        now: NOW + 1000,
        request: {
          column: 'emailChangeSentAt' as const,
          cooldownMs: 0,
          mint: [{ token, replaces: ['email_change' as const] }],
          flow: undefined,
          pending: { emailChange: token.email },
        },
        requestSession: { sessionId: other.session.id },
      }
      const runs: Run[] = [
        { mode: 'write', work: (tx) => completeChallenge(tx, passed) },
        { mode: 'guarded', work: (tx) => storeMessageTokens(tx, change) },
      ]
      await Promise.all(interleave([engine], runs, randomOf(seed)))
      expect((await store.findUser(userId))?.emailChange).toBeNull()
      expect(await store.pendingTokens({ email: token.email as string })).toEqual([])
    },
    60_000,
  )

  test('a locked user is written by one transaction at a time', async () => {
    const user = newUser({ email: 'locked@example.com' })
    await engine.guarded((tx) => createUser(tx, { user, identities: [], audit: [] }))
    const order: string[] = []
    const locked = Promise.withResolvers<void>()
    const lockAnd = (name: string, work: (tx: Tx) => Promise<void>) =>
      engine.guarded(async (tx) => {
        const found = await lockUser(tx, user.id)
        order.push(`${name} sees ${found?.rawUserMetaData.by ?? 'nothing'}`)
        locked.resolve()
        await work(tx)
      })
    const first = lockAnd('first', async (tx) => {
      await tx.run(setMetadata, { id: user.id, rawUserMetaData: { by: 'first' } })
    })
    await locked.promise
    await together(
      first,
      lockAnd('second', async () => {}),
    )
    expect(order).toEqual(['first sees nothing', 'second sees first'])
  }, 60_000)
})
