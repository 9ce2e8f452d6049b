/** Hooks over HTTP, each row of the tables of their transport (docs/hooks.md#what-a-failure-means). */
import { expect, test } from 'bun:test'
import { Webhook } from 'standardwebhooks'
import { type Json, PASSWORD, startApp, type TestApp, type TestOptions } from '../../support/app'
import { HOOK_SECRETS, type HookServer, type Scripted, startHookServer } from '../../support/hook-server'

const NAME = 'PASSWORD_VERIFICATION_ATTEMPT'

/** A server with a hook that is called at each sign-in, and an account. */
async function start(options: TestOptions = {}) {
  const hook = await startHookServer()
  const app = await startApp({ ...options, settings: { ...hook.settings(NAME), ...options.settings } })
  await app.signUp('ada@example.com')
  return {
    hook,
    app,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await hook[Symbol.asyncDispose]()
    },
  }
}

async function signIn(app: TestApp): Promise<{ status: number; body: Json }> {
  const body = { email: 'ada@example.com', password: PASSWORD }
  return app.ask('POST', '/auth/v1/token?grant_type=password', { body })
}

/** The answer to a sign-in whose hook answers so: status, code and message. */
async function answerTo({ hook, app }: { hook: HookServer; app: TestApp }, ...scripts: Scripted[]): Promise<unknown[]> {
  hook.next(...scripts)
  const { status, body } = await signIn(app)
  return status === 200 ? [200] : [status, body.code, body.message]
}

/** Sleeps take no time here; the clock goes on by as much. */
function skipSleeps({ clock }: TestApp): number[] {
  const slept: number[] = []
  clock.sleep = async (ms) => {
    // short waits even out how long answers take
    if (ms >= 100) slept.push(ms)
    clock.advance(ms)
  }
  return slept
}

test('signatures are valid for the published package, with either secret', async () => {
  await using at = await start({ now: new Date().toISOString() })
  expect((await signIn(at.app)).status).toBe(200)
  const { method, headers, body, payload } = at.hook.last()
  expect([method, headers['content-type'], headers['accept-encoding']]).toEqual([
    'POST',
    'application/json',
    'identity',
  ])
  for (const secret of HOOK_SECRETS) {
    const webhook = new Webhook(secret.replace('v1,', ''))
    // Standard Webhooks separates signatures by spaces, GoTrue by a comma and a space; receivers get one at a time
    const accepted = headers['webhook-signature']?.split(', ').filter((signature) => {
      try {
        return webhook.verify(body, { ...headers, 'webhook-signature': signature })
      } catch {
        return false
      }
    })
    expect(accepted).toHaveLength(1)
  }
  const tampered = { ...headers, 'webhook-id': 'another' }
  expect(() => new Webhook(HOOK_SECRETS[0]?.replace('v1,', '') ?? '').verify(body, tampered)).toThrow()
  expect(payload).toEqual({ user_id: expect.any(String), valid: true })
})

test('without secrets, the header of the signature is empty', async () => {
  await using at = await start({ settings: { [`AUTH_HOOK_${NAME}_SECRETS`]: '' } })
  expect((await signIn(at.app)).status).toBe(200)
  expect(at.hook.last().headers).toMatchObject({ 'webhook-signature': '', 'webhook-id': expect.any(String) })
})

test('success has a status of 200, 202 or 204, and JSON unless it is empty', async () => {
  await using at = await start()
  for (const success of [
    {},
    { status: 202 },
    { status: 204, body: '', headers: { 'content-type': undefined } },
    { body: '' },
    { body: 'null' },
    { headers: { 'content-type': 'Application/JSON ; charset="utf-8"' } },
  ])
    expect([success, await answerTo(at, success)]).toEqual([success, [200]])
})

test('each status that is no success has its answer, after a single call', async () => {
  await using at = await start()
  const unexpected = (status: number) => [
    500,
    'unexpected_failure',
    `Unexpected status code returned from hook: ${status}`,
  ]
  expect(await answerTo(at, { status: 400 })).toEqual([500, 'unexpected_failure', 'Invalid payload sent to hook'])
  expect(await answerTo(at, { status: 401 })).toEqual([500, 'unexpected_failure', 'Hook requires authorization token'])
  for (const status of [201, 301, 302, 307, 403, 404, 418, 422, 500, 502, 504])
    expect(await answerTo(at, { status, headers: { location: at.hook.url, 'retry-after': '1' } })).toEqual(
      unexpected(status),
    )
  for (const status of [429, 503])
    expect(await answerTo(at, { status })).toEqual([
      ...[500, 'unexpected_failure', 'Service currently unavailable due to hook'],
    ])
  expect(at.hook.calls).toHaveLength(15)
})

test('429 and 503 with Retry-After are retried at once, three times in all', async () => {
  await using at = await start()
  const slept = skipSleeps(at.app)
  for (const status of [429, 503]) {
    const busy = { status, headers: { 'retry-after': '1' } }
    at.hook.calls.length = 0
    expect(await answerTo(at, busy, busy, {})).toEqual([200])
    expect(await answerTo(at, busy, busy, busy)).toEqual([
      ...[500, 'unexpected_failure', 'Service currently unavailable due to hook'],
    ])
    expect(at.hook.calls).toHaveLength(6)
    expect(new Set(at.hook.calls.map(({ headers }) => headers['webhook-id'])).size).toBe(6)
  }
  expect(slept).toEqual([])
})

test('a closed connection is retried after two seconds, three times in all', async () => {
  await using at = await start()
  const slept = skipSleeps(at.app)
  expect(await answerTo(at, 'disconnect', 'disconnect', {})).toEqual([200])
  expect(slept).toEqual([2000, 2000])
  expect(await answerTo(at, 'disconnect', 'disconnect', 'disconnect')).toEqual([
    ...[422, 'hook_timeout_after_retry', 'Failed to reach hook after maximum retries'],
  ])
  expect(at.hook.calls).toHaveLength(6)
  // both kinds of trouble count together
  const busy = { status: 503, headers: { 'retry-after': '1' } }
  expect((await answerTo(at, 'disconnect', busy, 'disconnect'))[1]).toBe('hook_timeout_after_retry')
  expect((await answerTo(at, busy, 'disconnect', busy))[1]).toBe('unexpected_failure')
})

test('a hook that flaps answers in the end, or the next time', async () => {
  await using at = await start()
  skipSleeps(at.app)
  const busy = { status: 429, headers: { 'retry-after': '120' } }
  expect(await answerTo(at, 'disconnect', busy, {})).toEqual([200])
  expect((await answerTo(at, busy, { status: 500 }))[0]).toBe(500)
  expect(await answerTo(at)).toEqual([200])
})

test('without an answer, the call ends after five seconds', async () => {
  await using at = await start()
  at.hook.next('hang')
  const begun = performance.now()
  const { status, body } = await signIn(at.app)
  expect([status, body.code, body.message]).toEqual([
    ...[422, 'hook_timeout', 'Failed to reach hook within maximum time of 5.000000 seconds'],
  ])
  expect(performance.now() - begun).toBeGreaterThan(4900)
  expect(at.hook.calls).toHaveLength(1)
}, 60_000)

test('an answer has the type of JSON, with any parameters', async () => {
  await using at = await start()
  const typed = (type: string | undefined) => answerTo(at, { headers: { 'content-type': type } })
  const wrong = (message: string) => [400, 'hook_payload_invalid_content_type', message]
  expect(await typed(undefined)).toEqual(wrong('Invalid Content-Type: Missing Content-Type header'))
  for (const type of ['text/plain', 'text/html; charset=utf-8', 'application/problem+json', 'application/jsonp'])
    expect(await typed(type)).toEqual(wrong(`Invalid JSON response. Received content-type: ${type}`))
  for (const type of [
    'application/',
    '/json',
    'application/json/x',
    'application/json; charset',
    'a b/c',
    ';',
    'application/json; a=1; A=2',
  ])
    expect((await typed(type)).join(' ')).toMatch(
      /^400 hook_payload_invalid_content_type Invalid Content-Type header: .+/,
    )
  expect(await typed('application/json;')).toEqual([200])
})

test('an answer has at most 204,800 bytes', async () => {
  await using at = await start()
  const sized = (bytes: number) => {
    const frame = JSON.stringify({ pad: '' }).length
    return answerTo(at, { body: { pad: 'x'.repeat(bytes - frame) } })
  }
  expect(await sized(204_799)).toEqual([200])
  expect(await sized(204_800)).toEqual([200])
  expect(await sized(204_801)).toEqual([
    ...[422, 'hook_payload_over_size_limit', 'Payload size exceeded size limit of 204800 bytes'],
  ])
})

test('an answer is JSON', async () => {
  await using at = await start()
  for (const body of ['{', 'yes', "{'a':1}", '{}{}'])
    expect(await answerTo(at, { body })).toEqual([500, 'unexpected_failure', 'Error unmarshaling JSON output.'])
})

test('an error with a message refuses, with its status within bounds', async () => {
  await using at = await start()
  const error = (given: object) => answerTo(at, { body: { error: given } })
  expect(await error({ http_code: 403, message: 'Not you' })).toEqual([403, 'unknown', 'Not you'])
  expect(await error({ http_code: 429, message: 'Not you' })).toEqual([429, 'unknown', 'Not you'])
  expect(await error({ http_code: 500, message: 'Not you' })).toEqual([500, 'unexpected_failure', 'Not you'])
  for (const http_code of [0, undefined, 200, 399, 600, 700, -1, 403.5, '403x', null])
    expect(await error({ http_code, message: 'Not you' })).toEqual([500, 'unexpected_failure', 'Not you'])
})

test('an error without a message is a success', async () => {
  await using at = await start()
  for (const error of [{ http_code: 500 }, { http_code: 403, message: '' }, {}, null])
    expect([error, await answerTo(at, { body: { error } })]).toEqual([error, [200]])
})
