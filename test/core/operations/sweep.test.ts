import { expect, test } from 'bun:test'
import { DAY } from '../../../src/lib/milliseconds'
import { refresh, startApp } from '../../support/app'
import { countRows, execute } from '../../support/database'
import { currentEngine } from '../../support/engines'
import { challenge, enrolled, protectedAccount, verify } from '../../support/factors'

test('nothing is removed early', async () => {
  await using app = await startApp({ settings: { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' } })
  await app.signUp()
  await app.ask('POST', '/auth/v1/signup', { body: {} })
  app.clock.advance(29 * DAY)
  expect(await app.core.forTask().sweep()).toEqual({
    sessions: 0,
    sessionTokens: 0,
    externalSessions: 0,
    web3Messages: 0,
    spentCaptchas: 0,
    personalAccessTokens: 0,
    refreshTokens: 0,
    anonymousUsers: 0,
    knownNetworks: 0,
    factors: 0,
    challenges: 0,
    attempts: 0,
    ceremonies: 0,
    flows: 0,
    oauthStates: 0,
    messages: 0,
    events: 0,
    refusals: 0,
    eventCounts: 0,
    auditLog: 0,
    verificationTokens: 0,
    ...(currentEngine() === 'postgres' && { budgets: 0, lostResponses: 0 }),
  })
})

test('sessions are removed a year after their last use, the audit log after 90 days, networks after 30', async () => {
  await using app = await startApp()
  const used = await app.signUp()
  const unused = await app.signUp()
  app.clock.advance(91 * DAY)
  const { body } = await refresh(app, used.refreshToken)
  expect(await app.core.forTask().sweep()).toMatchObject({ sessions: 0, knownNetworks: 2, auditLog: 4 })
  expect(await countRows(app.database, 'audit_log_entries')).toBe(1)
  app.clock.advance(300 * DAY)
  expect((await app.core.forTask().sweep()).sessions).toBe(1)
  expect((await refresh(app, unused.refreshToken)).body.code).toBe('refresh_token_not_found')
  expect((await refresh(app, body.refresh_token)).status).toBe(200)
  expect(await countRows(app.database, 'mfa_amr_claims')).toBe(1)
})

test('with session limits, sessions are removed a day after they end', async () => {
  await using app = await startApp({
    settings: { AUTH_SESSIONS_TIMEBOX: '24h', AUTH_SESSIONS_INACTIVITY_TIMEOUT: '2h' },
  })
  await app.signUp()
  app.clock.advance(DAY + 2 * 3_600_000)
  expect((await app.core.forTask().sweep()).sessions).toBe(0)
  app.clock.advance(1)
  expect((await app.core.forTask().sweep()).sessions).toBe(1)
})

test('inactive anonymous users are removed after 30 days while anonymous sign-in is enabled', async () => {
  await using app = await startApp({ settings: { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' } })
  const signUp = async () => (await app.ask('POST', '/auth/v1/signup', { body: {} })).body
  const [active] = [await signUp(), await signUp()]
  const permanent = await app.signUp()
  app.clock.advance(20 * DAY)
  await refresh(app, active.refresh_token)
  app.clock.advance(20 * DAY)
  expect((await app.core.forTask().sweep()).anonymousUsers).toBe(1)
  expect(await app.store.findUser(active.user.id)).toBeDefined()
  expect(await app.store.findUser(permanent.id)).toBeDefined()
})

test('a sweep covers more rows than one step', async () => {
  await using app = await startApp()
  await execute(app.database, {
    sqlite: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1800)
      INSERT INTO audit_log_entries (id, payload, created_at) SELECT 'x', '{}', (i > 900) * 2e12 FROM n`,
    postgres: `INSERT INTO auth.audit_log_entries (id, payload, created_at)
      SELECT gen_random_uuid(), '{}', to_timestamp(CASE WHEN i > 900 THEN 2e9 ELSE 0 END) FROM generate_series(1, 1800) i`,
  })
  expect((await app.core.forTask().sweep()).auditLog).toBe(900)
  expect(await countRows(app.database, 'audit_log_entries')).toBe(900)
})

test('so does one of a table whose key is text, or has two columns', async () => {
  await using app = await startApp()
  const { id } = await app.signUp()
  const numbers = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1800)'
  await execute(
    app.database,
    `${numbers} INSERT INTO known_networks (user_id, network, last_seen_at) SELECT '${id}', 'n' || i, i % 3 * 1e13 FROM n`,
  )
  await execute(
    app.database,
    `${numbers} INSERT INTO web3_messages (message_hash, expires_at) SELECT 'h' || i, i % 3 * 1e13 FROM n`,
  )
  const networks = await countRows(app.database, 'known_networks')
  expect(await app.core.forTask().sweep()).toMatchObject({ knownNetworks: 600, web3Messages: 600 })
  expect(await countRows(app.database, 'known_networks')).toBe(networks - 600)
  expect(await countRows(app.database, 'web3_messages WHERE expires_at > 0')).toBe(1200)
  expect(await app.core.forTask().sweep()).toMatchObject({ knownNetworks: 0, web3Messages: 0 })
})

test('unfinished enrolments and ceremonies of factors and passkeys are removed', async () => {
  await using app = await startApp()
  const { accessToken } = await app.signUp()
  const { raised, factor } = await protectedAccount(app)
  const { id } = await enrolled(app, accessToken, 'half-added')
  await challenge(app, accessToken, id)
  const begun = await challenge(app, raised.accessToken, factor.id)
  await verify(app, raised.accessToken, factor.id, { challenge_id: begun.body.id, code: 'abcdef' })
  await app.ask('POST', '/auth/v1/passkeys/authentication/options')
  app.clock.advance(DAY)
  expect(await app.core.forTask().sweep()).toMatchObject({ factors: 0, challenges: 1, attempts: 0, ceremonies: 1 })
  app.clock.advance(1)
  expect(await app.core.forTask().sweep()).toMatchObject({ factors: 1, attempts: 0, ceremonies: 0 })
  expect(await countRows(app.database, 'mfa_challenges')).toBe(0)
  app.clock.advance(29 * DAY)
  expect(await app.core.forTask().sweep()).toMatchObject({ attempts: 1 })
  expect(await countRows(app.database, 'mfa_factors')).toBe(1)
})

test('an anonymous account created before the clock was set is not swept', async () => {
  await using app = await startApp({
    settings: { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' },
    now: '1970-01-01T00:01:00Z',
  })
  const { body } = await app.ask('POST', '/auth/v1/signup', { body: {} })
  app.clock.jump(56 * 365 * DAY)
  expect(await app.core.forTask().sweep()).toMatchObject({ anonymousUsers: 0, sessions: 0 })
  expect((await refresh(app, body.refresh_token)).status).toBe(200)
})
