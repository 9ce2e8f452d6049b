/** Hooks of the executable: their test on the command line, their metrics, and their lines in the log. */
import { test as bunTest, expect } from 'bun:test'
import { Webhook } from 'standardwebhooks'
import type { Json } from '../support/app'
import { type Binary, run, startBinary } from '../support/binary'
import { readRows } from '../support/database'
import { HOOK_SECRETS, startHookServer } from '../support/hook-server'

const test = (name: string, story: () => Promise<void>) => bunTest(name, story, 60_000)

const ALL = [
  ...['SEND_EMAIL', 'SEND_SMS', 'MFA_VERIFICATION_ATTEMPT', 'PASSWORD_VERIFICATION_ATTEMPT'],
  ...['CUSTOM_ACCESS_TOKEN', 'BEFORE_USER_CREATED', 'AFTER_USER_CREATED'],
]

/** A server with hooks, and the command beside it. */
async function start(...names: string[]) {
  const hook = await startHookServer()
  const env = { ...hook.settings(...names), AUTH_MAILER_AUTOCONFIRM: 'true' }
  const server = await startBinary({ env })
  const at = (...args: string[]) => run(['hook', 'test', ...args], { cwd: server.folder, env })
  return {
    hook,
    server,
    /** Runs `latchkey hook test`. */
    at,
    async asJson(...args: string[]): Promise<[status: number, body: Json]> {
      const { status, stdout } = await at(...args, '--json')
      return [status, JSON.parse(stdout)]
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await hook[Symbol.asyncDispose]()
    },
  }
}

const signUp = (server: Binary, email = 'ada@example.com') =>
  server.ask('POST', '/auth/v1/signup', { body: { email, password: 'correct-horse-battery-9' } })

test('hook test shows what an access token of a user would contain, and writes nothing', async () => {
  await using at = await start('CUSTOM_ACCESS_TOKEN')
  const { hook, server } = at
  hook.always(({ payload }) => ({ body: { claims: { ...payload.claims, tier: 'gold' } } }))
  const { body } = await signUp(server)
  const stored = () =>
    Promise.all(
      ['users', 'sessions', 'audit_log_entries', 'messages'].map((table) =>
        readRows(server.database, `SELECT * FROM ${table}`),
      ),
    )
  const before = await stored()
  hook.calls.length = 0
  const [status, result] = await at.asJson('custom_access_token', '--user', 'ada@example.com')
  expect([status, result]).toEqual([
    0,
    {
      hook: 'custom_access_token',
      uri: hook.url,
      sent: JSON.parse(hook.last().body),
      received: { claims: { ...hook.last().payload.claims, tier: 'gold' } },
      duration_ms: expect.any(Number),
      outcome: 'agreed',
      error: null,
      claims: expect.objectContaining({ tier: 'gold', sub: body.user.id, email: 'ada@example.com' }),
    },
  ])
  expect(hook.calls).toHaveLength(1)
  for (const secret of HOOK_SECRETS) {
    const { headers, body: signed } = hook.last()
    const matches = headers['webhook-signature']?.split(', ').filter((signature) => {
      try {
        return new Webhook(secret.slice(3)).verify(signed, { ...headers, 'webhook-signature': signature })
      } catch {
        return false
      }
    })
    expect(matches).toHaveLength(1)
  }
  expect(await stored()).toEqual(before)
  const text = await at.at('customize-access-token', '--user', body.user.id)
  expect([text.status, text.stderr]).toEqual([0, ''])
  expect(text.stdout).toMatch(
    /^Sent to http.*"authentication_method": "password".*Answer after \d+ ms:.*The hook agrees\.\n$/s,
  )
})

test('hook test says what is wrong with claims, and what a client would get', async () => {
  await using at = await start('CUSTOM_ACCESS_TOKEN')
  const { hook } = at
  hook.always(({ payload }) => ({ body: { claims: { ...payload.claims, email: 5, exp: '1' } } }))
  const { status, stdout } = await at.at('custom_access_token')
  expect(status).toBe(1)
  expect(stdout).toContain('The hook fails. A client gets 500 unexpected_failure:\noutput claims do not conform')
  expect(stdout).toContain('\n- email: Invalid type. Expected: string, given: integer\n')
  hook.always({ body: { error: { http_code: 403, message: 'Not\u001b[31m you' } } })
  const refused = await at.at('custom_access_token')
  expect([refused.status, refused.stdout]).toEqual([
    1,
    expect.stringContaining('refuses. A client gets 403 unknown:\nNot?[31m you\n'),
  ])
  expect(refused.stdout).not.toContain('\u001b')
})

test('hook test says that an answer is nested too deeply, without showing it', async () => {
  await using at = await start('CUSTOM_ACCESS_TOKEN')
  const deep = '['.repeat(90_000) + ']'.repeat(90_000)
  at.hook.always(({ payload: { claims } }) => ({
    body: `{"claims":{"deep":${deep},${JSON.stringify(claims).slice(1)}}`,
  }))
  const [status, result] = await at.asJson('custom_access_token')
  expect([status, result.outcome, result.received]).toEqual([1, 'failed', null])
  expect(result.error.message).toContain('is nested too deeply')
  const { stdout, stderr } = await at.at('custom_access_token')
  expect([stdout, stderr]).toEqual([expect.stringContaining('is nested too deeply'), ''])
})

test('hook test has an example for every hook', async () => {
  await using at = await start(...ALL)
  const { hook } = at
  hook.always(({ payload: { claims } }) => ({ body: claims ? { claims } : {} }))
  for (const name of ALL) {
    const [status, result] = await at.asJson(name.toLowerCase())
    expect([name, status, result.outcome, result.sent]).toEqual([name, 0, 'agreed', JSON.parse(hook.last().body)])
  }
  hook.always({ body: { decision: 'reject', message: 'Too often' } })
  for (const name of ['mfa-verification', 'password-verification']) {
    const [status, result] = await at.asJson(name)
    expect([status, result.outcome, result.error.message]).toEqual([1, 'refused', 'Too often'])
  }
  hook.always({ status: 401 })
  const [status, result] = await at.asJson('send-sms')
  expect([status, result.outcome, result.received, result.error]).toEqual([
    ...[1, 'failed', null],
    { status: 500, code: 'unexpected_failure', message: 'Hook requires authorization token' },
  ])
})

test('hook test says which hook, user or setting is missing', async () => {
  await using at = await start('CUSTOM_ACCESS_TOKEN')
  const unknown = await at.at('access_token')
  expect([unknown.status, unknown.stderr]).toEqual([2, expect.stringContaining('hooks are: send_email, send_sms')])
  const nobody = await at.at('custom_access_token', '--user', 'nobody@example.com')
  expect([nobody.status, nobody.stderr]).toEqual([3, expect.stringContaining('no user found for nobody@example.com')])
  const off = await at.at('send_email')
  expect([off.status, off.stderr]).toEqual([1, expect.stringContaining('AUTH_HOOK_SEND_EMAIL_ENABLED=true')])
  expect(at.hook.calls).toEqual([])
})

test('calls are counted by their outcome, and a failure is in the log with the id of its request', async () => {
  await using hook = await startHookServer()
  hook.always(({ payload }) => ({ body: { claims: payload.claims } }))
  await using server = await startBinary({ env: { ...hook.settings('CUSTOM_ACCESS_TOKEN'), AUTH_METRICS_PORT: '0' } })
  await signUp(server)
  const answers = [
    { status: 500 },
    { body: { error: { http_code: 500, message: 'No' } } },
    { body: { error: { http_code: 403, message: 'No' } } },
    { body: { claims: {} } },
  ]
  const ids: string[] = []
  for (const answer of answers) {
    hook.next(answer)
    const body = { email: 'ada@example.com', password: 'correct-horse-battery-9' }
    const { headers } = await server.ask('POST', '/auth/v1/token?grant_type=password', { body })
    ids.push(headers.get('x-request-id') ?? '')
  }
  const text = await server.metrics()
  const counted = [...text.matchAll(/^latchkey_hook_seconds_count\{hook="([^"]+)",outcome="([^"]+)"\} (\d+)$/gm)]
  expect(counted.map(([, name, outcome, count]) => [name, outcome, count]).sort()).toEqual([
    ['customize-access-token', 'answered', '2'],
    ['customize-access-token', 'failed', '1'],
    ['customize-access-token', 'refused', '2'],
  ])
  await server.settled()
  const about = server.log.filter(({ hook: name }) => name === 'customize-access-token')
  expect(
    about.map(({ level, request, reason, status, faults }) => [level, request, reason ?? status, faults !== undefined]),
  ).toEqual([
    ['warn', ids[0], 'hook_status_unexpected', false],
    ['warn', ids[1], 500, false],
    ['warn', ids[3], 'hook_claims_invalid', true],
  ])
})
