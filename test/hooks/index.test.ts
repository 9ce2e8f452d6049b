/** The list of hooks, and what derives from it (docs/hooks.md). */
import { expect, test } from 'bun:test'
import { FormatRegistry, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { policyOf } from '../../src/compose/policy'
import { load } from '../../src/config/load'
import type { HttpResult } from '../../src/core/kernel/ports'
import { HOOK_KEYS, HOOKS } from '../../src/hooks'
import { defineHook, readOutput } from '../../src/hooks/define'
import { type Json, PASSWORD, passwordGrant, startApp } from '../support/app'
import { enrolled, pass } from '../support/factors'

const settingsOf = (setting: string) => ({
  [`AUTH_HOOK_${setting}_ENABLED`]: 'true',
  [`AUTH_HOOK_${setting}_URI`]: 'https://hooks.example.com/hook',
  [`AUTH_HOOK_${setting}_SECRETS`]: 'v1,whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=|v1,whsec_b3RoZXItc2VjcmV0LW90aGVy',
})

test.each(HOOK_KEYS)('%s has its settings, and the policy knows it', (key) => {
  const all = settingsOf(HOOKS[key].setting)
  expect(policyOf(load({ set: {} }).settings).hooks[key]).toBeUndefined()
  const { settings, problems } = load({ set: all })
  expect(problems).toEqual([])
  expect(policyOf(settings).hooks[key]).toEqual({
    uri: 'https://hooks.example.com/hook',
    secrets: ['secret-secret-secret', 'other-secret-other'].map((secret) => Buffer.from(secret)),
  })
  const off = { ...all, [`AUTH_HOOK_${HOOKS[key].setting}_ENABLED`]: 'false' }
  expect(policyOf(load({ set: off }).settings).hooks[key]).toBeUndefined()
})

test('a hook over HTTP without secrets is called unsigned, with a warning', () => {
  const set = { AUTH_HOOK_SEND_EMAIL_ENABLED: 'true', AUTH_HOOK_SEND_EMAIL_URI: 'https://hooks.example.com/hook' }
  const { settings, problems } = load({ set })
  expect(problems).toEqual([
    { severity: 'warning', message: expect.stringContaining('AUTH_HOOK_SEND_EMAIL_SECRETS is not set') },
  ])
  expect(policyOf(settings).hooks.sendEmail).toEqual({ uri: 'https://hooks.example.com/hook', secrets: [] })
  const padded = { ...set, AUTH_HOOK_SEND_EMAIL_SECRETS: '|v1,whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=||' }
  expect(policyOf(load({ set: padded }).settings).hooks.sendEmail).toEqual({
    uri: 'https://hooks.example.com/hook',
    secrets: [Buffer.from('secret-secret-secret')],
  })
})

test('no two hooks have the same name or the same settings', () => {
  const all = HOOK_KEYS.map((key) => HOOKS[key])
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  expect(new Set(all.map(({ setting }) => setting)).size).toBe(all.length)
})

test('what is sent has the declared form, and nothing else', async () => {
  for (const format of ['uuid', 'date-time']) FormatRegistry.Set(format, (value) => value !== '')
  const sent: Json[] = []
  await using app = await startApp({
    settings: {
      ...Object.assign({}, ...HOOK_KEYS.map((key) => settingsOf(HOOKS[key].setting))),
      AUTH_EXTERNAL_PHONE_ENABLED: 'true',
      AUTH_MAILER_AUTOCONFIRM: 'false',
      AUTH_HOOK_AFTER_USER_CREATED_MODE: 'inline',
    },
    post: async ({ body }): Promise<HttpResult> => {
      const payload = JSON.parse(body)
      sent.push(payload)
      const { claims } = payload
      return {
        outcome: 'answered',
        status: 200,
        contentType: 'application/json',
        retryAfter: '',
        isTooLarge: false,
        body: JSON.stringify(claims === undefined ? {} : { claims }),
      }
    },
  })
  await app.ask('POST', '/auth/v1/signup', { body: { email: 'ada@example.com', password: PASSWORD } })
  await app.ask('POST', '/auth/v1/otp', { body: { phone: '15551230000' } })
  const token = sent.find(({ metadata }) => metadata.name === 'send-email').email_data.token_hash
  const { body: session } = await app.ask('POST', '/auth/v1/verify', { body: { type: 'signup', token_hash: token } })
  await passwordGrant(app, { email: 'ada@example.com', password: PASSWORD })
  await pass(app, session.access_token, await enrolled(app, session.access_token))
  for (const key of HOOK_KEYS) {
    const { name, input } = HOOKS[key]
    const { metadata, ...payload } = sent.find((each) => each.metadata.name === name)
    expect(Object.keys(metadata).sort()).toEqual(['ip_address', 'name', 'time', 'uuid'])
    expect([name, [...Value.Errors(input, payload)]]).toEqual([name, []])
    expect([name, Value.Clean(input, structuredClone(payload))]).toEqual([name, payload])
  }
})

test('the examples of `latchkey hook test` have the declared form', () => {
  const user = {
    ...{ id: '7a4b0f1e-0000-4000-8000-000000000000', aud: 'authenticated', role: 'authenticated' },
    ...{ email: 'ada@example.com', phone: '', app_metadata: {}, user_metadata: {}, is_anonymous: false },
  }
  for (const key of HOOK_KEYS) {
    const { name, input, sample } = HOOKS[key]
    const example = sample({ user, identities: [], claims: { sub: user.id } })
    expect([name, [...Value.Errors(input, example)]]).toEqual([name, []])
    expect([name, Value.Clean(input, structuredClone(example))]).toEqual([name, example])
  }
})

test('of a response, only the members of the declared types count', () => {
  const hook = defineHook({
    name: 'any',
    setting: 'ANY',
    doc: '',
    input: Type.Object({}),
    output: Type.Object({
      decision: Type.Union([Type.Literal('continue'), Type.Literal('reject')]),
      message: Type.String({ minLength: 1 }),
    }),
    sample: () => ({}),
    reasons: [],
  })
  expect(readOutput(hook, { decision: 'reject', message: 'No.', other: 1 })).toEqual({
    decision: 'reject',
    message: 'No.',
  })
  for (const wrong of [{ decision: 'maybe', message: '' }, { decision: ['reject'], message: null }, {}, [], 'x', null])
    expect(readOutput(hook, wrong)).toEqual({})
})
