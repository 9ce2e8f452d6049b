/** What may happen once happens once, also if another transaction commits between the reads and the writes. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { createUser, createUserWithIdentity, registerUserWithToken } from '../../src/store/accounts/new-accounts'
import type { Engine, Tx } from '../../src/store/engine'
import { completeChallenge } from '../../src/store/factors/challenges'
import { countFactorAttempt, refundFactorAttempt } from '../../src/store/factors/factor-attempts'
import { insertFactorIn, renameFactor } from '../../src/store/factors/factors'
import { factorById } from '../../src/store/factors/second-factors'
import { consumeCeremony, startCeremony } from '../../src/store/factors/webauthn'
import { claimMatrixRegistrations, queueMatrixRegistration } from '../../src/store/matrix-registrations'
import { claimMessages, settleMessage } from '../../src/store/messages'
import { exchangeFlow, issueAuthCode, startFlow } from '../../src/store/oauth/flows'
import { putOAuthState } from '../../src/store/oauth/oauth-states'
import { columnsOf, statement } from '../../src/store/query'
import { type Factor, mfaChallenges, mfaRecoveryCodes } from '../../src/store/schema'
import { openExternalSession, renewExternalSession } from '../../src/store/sessions/external-sessions'
import { replaceSessionToken, rotateSessionToken } from '../../src/store/sessions/session-tokens'
import { openSession, rotateRefreshToken } from '../../src/store/sessions/sessions'
import type { SingleUse } from '../../src/store/single-use'
import { insertTokens, queueMessages, sessionById } from '../../src/store/statements'
import { BEFORE, NOW, newFlow, newIdentity, newMessage, newSession, newToken, newUser } from '../support/accounts'
import { eachEngine, newDatabase, openEngine, type TestDatabase } from '../support/engines'
import { race } from '../support/races'

let engine: Engine

async function account(): Promise<string> {
  const user = newUser()
  await engine.write((tx) => createUser(tx, { user, identities: [], audit: [] }))
  return user.id
}
async function signedIn(): Promise<{ userId: string; sessionId: string }> {
  const userId = await account()
  const session = newSession(userId)
  await engine.write((tx) => openSession(tx, { session, now: NOW, audit: [] }))
  return { userId, sessionId: session.session.id }
}
async function factorOf(userId: string, factorType: Factor['factorType']): Promise<Factor> {
  const factor: Factor = {
    id: randomUUID(),
    userId,
    friendlyName: factorType,
    factorType,
    status: 'verified',
    secret: '',
    lastStep: -1,
    lastChallengedAt: null,
    phone: null,
    webAuthnAaguid: null,
    createdAt: BEFORE,
    updatedAt: BEFORE,
  }
  await engine.write((tx) => insertFactorIn(tx, factor))
  return factor
}
const insertCode = statement(columnsOf(mfaRecoveryCodes), (db, p) => db.insert(mfaRecoveryCodes).values(p))
const insertChallenge = statement(columnsOf(mfaChallenges), (db, p) => db.insert(mfaChallenges).values(p))

/** Both run the same. @returns the outcome of the rival, then that of the one with outdated reads */
async function twice<Outcome>(operation: (tx: Tx) => Promise<Outcome>): Promise<[Outcome, Outcome]> {
  const { rival, outcome } = await race(engine, operation, operation)
  return [rival, outcome]
}
const outcomesOf = async (operation: (tx: Tx) => Promise<{ outcome: string }>) =>
  (await twice(operation)).map(({ outcome }) => outcome)

const newKey = () => 'key'

const counterOf = async (id: string) => (await engine.read((tx) => tx.one(sessionById, { id })))?.refreshTokenCounter

const refresh = (sessionId: string) => (tx: Tx) =>
  rotateRefreshToken(tx, {
    sessionId,
    counter: 0,
    newKey,
    now: NOW,
    userAgent: undefined,
    ip: undefined,
    reuseIntervalMs: 0,
    allowReuse: false,
    endOnReuse: true,
    audit: { rotated: [], reused: [] },
  })

eachEngine(() => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await newDatabase()
    engine = await openEngine(database.target)
  })
  afterAll(async () => {
    await engine.close()
    await database[Symbol.asyncDispose]()
  })

  test('a refresh token advances its session once; the other request gets the same successor', async () => {
    const { sessionId } = await signedIn()
    expect(await outcomesOf(refresh(sessionId))).toEqual(['rotated', 'repeated'])
    expect(await counterOf(sessionId)).toBe(1)
  })

  test('a session that is refreshed while it passes a factor loses neither', async () => {
    const { userId, sessionId } = await signedIn()
    const { id: factorId } = await factorOf(userId, 'totp')
    const { rival, outcome } = await race(engine, refresh(sessionId), (tx) =>
      completeChallenge(tx, {
        sessionId,
        aal: 'aal1',
        userId,
        proof: { type: 'totp', factorId, step: 7 },
        network: undefined,
        now: NOW,
        newKey,
        related: { audit: [] },
      }),
    )
    expect([rival.outcome, outcome.outcome, await counterOf(sessionId)]).toEqual(['rotated', 'passed', 3])
  })

  test('a time step of an authenticator app counts once', async () => {
    const userId = await account()
    const { id: factorId } = await factorOf(userId, 'totp')
    const open = (tx: Tx) =>
      openSession(tx, { session: newSession(userId), now: NOW, proof: { type: 'totp', factorId, step: 7 }, audit: [] })
    expect(await outcomesOf(open)).toEqual(['opened', 'proof_used'])
  })

  test('renaming a factor does not make a used time step valid again', async () => {
    const userId = await account()
    const { id: factorId } = await factorOf(userId, 'totp')
    const session = newSession(userId)
    await race(
      engine,
      (tx) => openSession(tx, { session, now: NOW, proof: { type: 'totp', factorId, step: 7 }, audit: [] }),
      (tx) => renameFactor(tx, { factorId, friendlyName: 'new', now: NOW, audit: [] }),
    )
    expect(await engine.read((tx) => tx.one(factorById, { id: factorId }))).toMatchObject({
      lastStep: 7,
      friendlyName: 'new',
    })
  })

  test('a recovery code counts once', async () => {
    const userId = await account()
    const { id: factorId } = await factorOf(userId, 'recovery_code')
    await engine.write((tx) => tx.run(insertCode, { factorId, codeHash: 'hash', usedAt: null }))
    const open = (tx: Tx) =>
      openSession(tx, {
        session: newSession(userId),
        now: NOW,
        proof: { type: 'recovery_code', factorId, hashes: ['hash'] },
        audit: [],
      })
    expect(await outcomesOf(open)).toEqual(['opened', 'proof_used'])
  })

  test('a challenge is answered once', async () => {
    const { userId, sessionId } = await signedIn()
    const { id: factorId } = await factorOf(userId, 'phone')
    const challengeId = randomUUID()
    await engine.write((tx) =>
      tx.run(insertChallenge, {
        id: challengeId,
        factorId,
        ipAddress: '',
        createdAt: NOW,
        verifiedAt: null,
        otpCodeHash: null,
        webAuthnChallenge: null,
      }),
    )
    const pass = (tx: Tx) =>
      completeChallenge(tx, {
        challengeId,
        sessionId,
        aal: 'aal1',
        userId,
        proof: { type: 'phone', factorId },
        network: undefined,
        now: NOW,
        newKey,
        related: { audit: [] },
      })
    expect(await outcomesOf(pass)).toEqual(['passed', 'challenge_spent'])
    expect(await counterOf(sessionId)).toBe(2)
  })

  test('every guess at a factor is counted, the first one as well, and taken back once', async () => {
    const userId = await account()
    const limit = { max: 10, windowMs: 1000, maxWindowMs: 1000 }
    const guess = (tx: Tx) => countFactorAttempt(tx, { userId, network: undefined, knownSince: 0, limit, now: NOW })
    for (let round = 0; round < 5; round++) expect((await twice(guess)).map(({ waitMs }) => waitMs)).toEqual([0, 0])
    expect((await engine.write(guess)).waitMs).toBe(1000)
    const counted = { userId, network: '', since: NOW, limit }
    await twice((tx) => refundFactorAttempt(tx, counted))
    expect([await engine.write(guess), await engine.write(guess), await engine.write(guess)]).toMatchObject([
      { waitMs: 0 },
      { waitMs: 0 },
      { waitMs: 1000 },
    ])
  })

  test('the code of a flow is exchanged once', async () => {
    const userId = await account()
    const flow = newFlow(userId)
    await engine.write(async (tx) => {
      await startFlow(tx, flow)
      await issueAuthCode(tx, { flowId: flow.id, hash: flow.id }, NOW)
    })
    const exchange = (tx: Tx) =>
      exchangeFlow(tx, { authCodeHash: flow.id, session: newSession(userId), now: NOW, audit: [] })
    expect(await outcomesOf(exchange)).toEqual(['opened', 'flow_gone'])
  })

  test('a verification token is consumed once', async () => {
    const token = newToken({ email: 'ada@example.com' })
    await engine.write((tx) => tx.tokens.put(token))
    const register = (tx: Tx) => {
      const user = newUser({ createdAt: NOW })
      return registerUserWithToken(tx, {
        user,
        identities: [],
        session: newSession(user.id),
        tokenUse: { id: token.id },
        audit: [],
      })
    }
    expect(await outcomesOf(register)).toEqual(['registered', 'token_used'])
  })

  const signUpWith = (use: SingleUse) => (tx: Tx) => {
    const user = newUser()
    const identity = newIdentity({ provider: 'github', userId: user.id })
    return createUserWithIdentity(tx, { user, identity, ending: { session: newSession(user.id), use }, audit: [] })
  }

  test('the state of an OAuth callback counts once', async () => {
    await engine.write((tx) =>
      putOAuthState(tx, {
        stateHash: 'state',
        provider: 'github',
        browserHash: null,
        redirectTo: '',
        codeChallenge: null,
        codeChallengeMethod: null,
        upstreamVerifier: null,
        linkingUserId: null,
        linkingSessionId: null,
        inviteTokenId: null,
        invitedUserId: null,
        createdAt: NOW,
        usedAt: null,
      }),
    )
    expect(await outcomesOf(signUpWith({ kind: 'oauth_state', stateHash: 'state' }))).toEqual([
      'created',
      'used_before',
    ])
  })

  test('a message signed by a wallet counts once', async () => {
    const use = { kind: 'web3_message' as const, messageHash: 'hash', expiresAt: NOW + 1 }
    expect(await outcomesOf(signUpWith(use))).toEqual(['created', 'used_before'])
  })

  test('a passkey ceremony is answered once', async () => {
    const ceremony = { id: 'ceremony', userId: null, challenge: 'x', expiresAt: NOW + 1, createdAt: NOW }
    await engine.write((tx) => startCeremony(tx, ceremony))
    expect(await twice((tx) => consumeCeremony(tx, { id: 'ceremony', userId: null }))).toEqual([ceremony, undefined])
  })

  const opaqueToken = (familyId: string, lookupId: string) => ({
    lookupId,
    kind: 'refresh' as const,
    familyId,
    tokenHash: '',
    createdAt: NOW,
    expiresAt: NOW + 1000,
    revokedAt: null,
  })
  const from = { now: NOW, userAgent: undefined, ip: undefined, supersedes: undefined }

  test('an opaque refresh token is rotated once, and its reuse ends the session', async () => {
    const { sessionId } = await signedIn()
    const lookupId = randomUUID()
    await engine.write((tx) => insertTokens(tx, [opaqueToken(sessionId, lookupId)], 'aal1'))
    const rotate = (tx: Tx) =>
      rotateSessionToken(tx, {
        ...from,
        lookupId,
        next: [opaqueToken(sessionId, randomUUID())],
        audit: { rotated: [], reused: [] },
      })
    expect(await outcomesOf(rotate)).toEqual(['rotated', 'reused'])
    expect(await counterOf(sessionId)).toBeUndefined()
  })

  test('an opaque token is replaced once', async () => {
    const { sessionId } = await signedIn()
    const lookupId = randomUUID()
    await engine.write((tx) => insertTokens(tx, [opaqueToken(sessionId, lookupId)], 'aal1'))
    const replace = (tx: Tx) =>
      replaceSessionToken(tx, { ...from, lookupId, next: opaqueToken(sessionId, randomUUID()), audit: [] })
    expect(await twice(replace)).toEqual(['replaced', 'gone'])
  })

  test('an opaque token that is rotated while the session is refreshed does not set its counter back', async () => {
    const { sessionId } = await signedIn()
    const lookupId = randomUUID()
    await engine.write((tx) => insertTokens(tx, [opaqueToken(sessionId, lookupId)], 'aal1'))
    await race(engine, refresh(sessionId), (tx) =>
      replaceSessionToken(tx, { ...from, lookupId, next: opaqueToken(sessionId, randomUUID()), audit: [] }),
    )
    expect(await counterOf(sessionId)).toBe(1)
  })

  test('a message is claimed by one process, and its result recorded once', async () => {
    const message = { ...newMessage('ada@example.com'), nextAttemptAt: BEFORE, expiresAt: NOW + 1000 }
    await engine.write((tx) => queueMessages(tx, [message]))
    const claims = await twice((tx) => claimMessages(tx, { now: NOW, leaseMs: 1000, longestWaitMs: 1000, limit: 9 }))
    // Which one gets it depends on the engine: on Postgres it is locked by the one that reads it first.
    expect(claims.flat().map(({ attempts }) => attempts)).toEqual([message.attempts + 1])
    const result = (state: 'sent' | 'queued', nextAttemptAt: number | null) => (tx: Tx) =>
      settleMessage(tx, {
        id: message.id,
        attempts: message.attempts + 1,
        state,
        error: null,
        nextAttemptAt,
        sentAt: NOW,
        content: null,
      })
    await race(engine, result('sent', null), result('queued', NOW))
    expect(await engine.write((tx) => claimMessages(tx, { now: NOW, leaseMs: 1, longestWaitMs: 1, limit: 9 }))).toEqual(
      [],
    )
  })

  test('a Matrix registration is claimed by one process', async () => {
    const userId = await account()
    await engine.write((tx) => queueMatrixRegistration(tx, userId, BEFORE))
    const claim = (tx: Tx) => claimMatrixRegistrations(tx, { now: NOW, leaseMs: 1000, longestWaitMs: 1000, limit: 9 })
    expect((await twice(claim)).flat()).toHaveLength(1)
  })

  test('a session of another server is renewed once', async () => {
    const session = {
      id: randomUUID(),
      lookupId: 'lookup',
      tokenHash: '',
      server: 'elsewhere',
      externalId: '1',
      uid: 1,
      username: 'ada',
      email: 'ada@example.com',
      upstreamToken: '',
      createdAt: NOW,
      expiresAt: NOW,
    }
    await engine.write((tx) => openExternalSession(tx, { session, audit: [] }))
    const renew = (tx: Tx) => renewExternalSession(tx, { ...session, nextLookupId: randomUUID() })
    expect(await twice(renew)).toEqual([true, false])
  })
})
