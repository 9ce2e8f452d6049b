/** Hooks that are functions of the database: from their answers to refusals. */
import { expect, test } from 'bun:test'
import { callHook } from '../../../src/core/hooks/call-hook'
import type { Context } from '../../../src/core/kernel/context'
import type { CallFunction } from '../../../src/core/kernel/ports'
import type { Refusal } from '../../../src/core/kernel/refusal'
import type { FunctionCall, FunctionResult } from '../../../src/store'
import { errorAnswers } from '../../../src/surfaces/gotrue/error-messages'
import { testClock } from '../../support/fakes'

const uri = 'pg-functions://postgres/public/my_hook'
const input = { user_id: '7a4b0f1e-0000-4000-8000-000000000000', valid: true }

function hooked(callFunction: CallFunction) {
  const reports: unknown[] = []
  const context = {
    policy: { hooks: { passwordVerification: { uri, schema: 'public', name: 'my_hook' } } },
    clock: testClock('2026-01-01T00:00:00Z'),
    random: { uuid: () => 'id' },
    client: { ip: '203.0.113.7' },
    report: (...report: unknown[]) => void reports.push(report),
    callFunction,
  } as unknown as Context
  return { reports, call: () => callHook(context, 'passwordVerification', input) }
}

const answering = (result: FunctionResult) => hooked(async () => result)
const answered = (body: string) => answering({ outcome: 'answered', body })

/** As GoTrue's clients see it. */
async function refusal({ call }: ReturnType<typeof hooked>): Promise<unknown[]> {
  const { reason, detail } = await call().then(
    () => Promise.reject(new Error('it was not refused')),
    (error: Refusal) => error,
  )
  return errorAnswers[reason].map((part) => (typeof part === 'function' ? part(detail) : part))
}

test('the function receives the payload that a request over HTTP has, and limits', async () => {
  const calls: FunctionCall[] = []
  const { call } = hooked(async (made) => {
    calls.push(made)
    return { outcome: 'answered', body: '{"decision":"reject","message":"no","other":1}' }
  })
  expect(await call()).toEqual({ decision: 'reject', message: 'no' })
  const metadata = {
    uuid: 'id',
    time: '2026-01-01T00:00:00.000Z',
    name: 'password-verification',
    ip_address: '203.0.113.7',
  }
  expect(calls).toEqual([
    {
      schema: 'public',
      name: 'my_hook',
      argument: { metadata, ...input },
      statementTimeoutMs: 2000,
      timeoutMs: 5000,
      maxBytes: 204_800,
    },
  ])
})

test('NULL, nothing and {} say yes', async () => {
  for (const body of ['', 'null', '{}']) expect(await answered(body).call()).toEqual({})
})

test('an error in the answer reaches the client with its status, within bounds', async () => {
  const error = (http_code: unknown) => refusal(answered(JSON.stringify({ error: { http_code, message: 'Not you' } })))
  expect(await error(403)).toEqual([403, 'unknown', 'Not you'])
  expect(await error(200)).toEqual([500, 'unexpected_failure', 'Not you'])
})

test('an answer that is not a JSON object is malformed', async () => {
  for (const body of ['5', '"yes"', '[]', 'true', 'yes', '(1,x)'])
    expect(await refusal(answered(body))).toEqual([500, 'unexpected_failure', 'Error unmarshaling JSON output.'])
})

test('a function that fails is named to the client as in GoTrue, and its error is in the log', async () => {
  const hook = answering({ outcome: 'failed', error: 'function public.my_hook(unknown) does not exist' })
  expect(await refusal(hook)).toEqual([500, 'unexpected_failure', `Error running hook URI: ${uri}`])
  expect(hook.reports).toEqual([
    ['error', 'a hook function failed', { uri, error: 'function public.my_hook(unknown) does not exist' }],
  ])
})

test('time and size are limited as over HTTP', async () => {
  expect(await refusal(answering({ outcome: 'timed_out' }))).toEqual([
    422,
    'hook_timeout',
    'Failed to reach hook within maximum time of 5.000000 seconds',
  ])
  expect(await refusal(answering({ outcome: 'too_large' }))).toEqual([
    422,
    'hook_payload_over_size_limit',
    'Payload size exceeded size limit of 204800 bytes',
  ])
})

test('a function that hangs is called 32 times at once; 256 more calls wait, and not one more', async () => {
  const { promise, resolve } = Promise.withResolvers<FunctionResult>()
  let running = 0
  const hook = hooked(() => {
    running += 1
    return promise
  })
  const waiting = Array.from({ length: 32 + 256 }, () => hook.call())
  expect((await refusal(hook))[0]).toBe(503)
  expect(running).toBe(32)
  resolve({ outcome: 'answered', body: '' })
  await Promise.all(waiting)
  expect(running).toBe(32 + 256)
})

test('a call that has waited for five seconds is not made', async () => {
  const { promise, resolve } = Promise.withResolvers<FunctionResult>()
  const hook = hooked(() => promise)
  const running = Array.from({ length: 32 }, () => hook.call())
  expect((await refusal(hook))[1]).toBe('hook_timeout')
  resolve({ outcome: 'answered', body: '' })
  await Promise.all(running)
  expect(await hook.call()).toEqual({})
})
