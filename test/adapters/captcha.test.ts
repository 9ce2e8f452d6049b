/** The adapter for hCaptcha and Turnstile, against a stand-in on this machine. */
import { afterAll, expect, test } from 'bun:test'
import { captchaVerifier } from '../../src/adapters/captcha'
import { SECRET, startVerifier } from '../support/captcha'

const fake = startVerifier()
afterAll(() => fake[Symbol.asyncDispose]())

const providers = ['hcaptcha', 'turnstile'] as const

const verifier = (provider: (typeof providers)[number], timeoutMs = 5000, origin = fake.origin) =>
  captchaVerifier({ provider, secret: SECRET, timeoutMs, origin })

test.each([
  ['hcaptcha', 'POST /siteverify'],
  ['turnstile', 'POST /turnstile/v0/siteverify'],
] as const)('%s gets secret, token and address as a form', async (provider, path) => {
  expect(await verifier(provider)({ token: 'a&b=c +', ip: '2001:db8::1' })).toMatchObject({ outcome: 'refused' })
  expect(fake.asked.at(-1)).toEqual({ path, form: { secret: SECRET, response: 'a&b=c +', remoteip: '2001:db8::1' } })
})

test.each([
  ['good', { outcome: 'passed' }],
  ['good, with an unusual status', { outcome: 'passed' }],
  ['refused twice', { outcome: 'refused', codes: ['timeout-or-duplicate', 'bad-request'] }],
  ['refused without codes', { outcome: 'refused', codes: [] }],
])('the token %j: %j', async (token, result) => {
  for (const provider of providers) expect(await verifier(provider)({ token, ip: '' })).toEqual(result as never)
})

test.each(['not JSON', 'null', 'not an object', 'not a boolean', 'redirect', 'too large'])(
  'an answer that is %s counts as none, and the error names neither token nor secret',
  async (token) => {
    const asked = fake.asked.length
    const result = await verifier('hcaptcha')({ token, ip: '' })
    expect(result).toEqual({ outcome: 'unavailable', error: expect.any(String) })
    expect(JSON.stringify(result)).not.toContain(SECRET)
    expect(fake.asked.length).toBe(asked + 1)
  },
)

test('a provider that is slow or down is unavailable', async () => {
  const slow = await verifier('turnstile', 30)({ token: 'slow', ip: '' })
  expect(slow).toEqual({ outcome: 'unavailable', error: expect.stringContaining('timed out') })
  const down = await verifier('turnstile', 5000, 'http://127.0.0.1:1')({ token: 'good', ip: '' })
  expect(down).toEqual({ outcome: 'unavailable', error: expect.any(String) })
})
