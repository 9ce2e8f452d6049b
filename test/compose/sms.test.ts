import { expect, test } from 'bun:test'
import { policyOf } from '../../src/compose/policy'
import { smsProviderOf } from '../../src/compose/sms'
import { load } from '../../src/config/load'
import type { HttpPost, OutgoingSms } from '../../src/core/kernel/ports'
import { SMS_PROVIDERS } from '../../src/sms-providers'

const sms: OutgoingSms = { phone: '15552223333', text: 'Your code is 483920', code: '483920', channel: 'sms' }

test.each(SMS_PROVIDERS.map(({ name }) => name))('%s receives the values of its settings', async (name) => {
  const { settings: declared, sendsWhatsapp } = SMS_PROVIDERS.find((each) => each.name === name) ?? SMS_PROVIDERS[0]
  const required = Object.values(declared).filter(({ isOptional }) => !isOptional)
  const values = required.map(({ setting }) => [
    `AUTH_SMS_${name}_${setting}`.toUpperCase(),
    `the-${setting.replaceAll('_', '-')}`,
  ])
  const settings = load({ set: { AUTH_SMS_PROVIDER: name, ...Object.fromEntries(values) } }).settings
  const asked: string[] = []
  const post: HttpPost = async ({ url, headers, body }) => {
    const { authorization = '' } = headers
    asked.push(url, atobOrSame(authorization), body)
    return { outcome: 'timed_out' }
  }
  await smsProviderOf(settings, post)?.send(sms)
  expect(asked).not.toEqual([])
  for (const [, value] of values) expect(asked.join('\n')).toContain(value as string)
  expect(policyOf(settings).sms).toMatchObject({ delivery: 'provider', provider: name, allowsWhatsapp: sendsWhatsapp })
})

test('without a provider there is none', () => {
  expect(smsProviderOf(load({}).settings, async () => ({ outcome: 'timed_out' }))).toBeUndefined()
})

/** What a header says, with the credentials of Basic authentication in plain text. */
function atobOrSame(authorization: string): string {
  const [, encoded] = /^Basic (.+)$/.exec(authorization) ?? []
  return encoded === undefined ? authorization : atob(encoded)
}
