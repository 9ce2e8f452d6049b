/** Settings and the fields of the core's policy that they feed. */
import { expect, test } from 'bun:test'
import { policyOf } from '../../src/compose/policy'
import { allSettings, type MappedPolicyPath } from '../../src/config'
import { load } from '../../src/config/load'
import { field, type Without } from '../../src/config/policy-field'
import { computed, setting } from '../../src/config/setting'
import { flag, text } from '../../src/config/value-types'
import type { Policy } from '../../src/core/kernel/policy'

const policyWith = (set: Record<string, string>) => policyOf(load({ set }).settings)

test('no two settings feed the same field', () => {
  const paths = allSettings.flatMap(({ feeds }) => (feeds ? [feeds.path] : []))
  expect(paths.length).toBeGreaterThan(80)
  expect(paths.filter((path, index) => paths.indexOf(path) !== index)).toEqual([])
})

test('a value reaches the policy field that its setting names, in the unit of that field', () => {
  const policy = policyWith({
    AUTH_JWT_EXP: '600',
    AUTH_SESSIONS_TIMEBOX: '24h',
    AUTH_MFA_WEB_AUTHN_VERIFY_ENABLED: 'false',
    AUTH_RATE_LIMITS: 'off',
    AUTH_SESSIONS_ALLOW_LOW_AAL: '0',
    AUTH_EXTERNAL_EMAIL_AUTHORIZED_ADDRESSES: 'Ada@Example.com',
    AUTH_CUSTOM_OAUTH_MAX_PROVIDERS: '3',
  })
  expect(policy.accessTokenMs).toBe(600_000)
  expect(policy.session).toMatchObject({ timeboxMs: 86_400_000, inactivityMs: undefined, lowAalMs: undefined })
  expect(policy.mfa.webauthn).toEqual({ enrollEnabled: true, verifyEnabled: false })
  expect(policy.limits.enabled).toBe(false)
  expect(policy.mail.authorizedAddresses).toEqual(['ada@example.com'])
  expect(policy.oauth.custom.max).toBe(3)
  expect(policyWith({}).oauth.custom.max).toBe(Number.POSITIVE_INFINITY)
})

test('what depends on several settings is derived', () => {
  const unset = policyWith({})
  expect(unset.mail).toMatchObject({ delivery: 'mailbox', isMailboxOn: true })
  expect(unset.sms).toMatchObject({ delivery: 'mailbox', provider: '', allowsWhatsapp: false })
  expect(unset.mfa.issuer).toBe('localhost:3000')
  const set = policyWith({
    AUTH_SMTP_HOST: 'mail.example.com',
    AUTH_SMS_PROVIDER: 'twilio',
    AUTH_MAILER_URLPATHS_INVITE: '/join',
    AUTH_API_EXTERNAL_URL: 'https://auth.example.com/auth/v1',
    AUTH_URI_ALLOW_LIST: 'https://app.example.com/**',
  })
  expect(set.mail).toMatchObject({ delivery: 'smtp', isMailboxOn: false })
  expect(set.mail.links).toMatchObject({
    signup: 'https://auth.example.com/auth/v1/verify',
    invite: 'https://auth.example.com/join',
  })
  expect(set.sms).toMatchObject({ delivery: 'provider', provider: 'twilio', allowsWhatsapp: true })
  expect(set.redirects.allowed.map(({ host }) => host)).toEqual(['app.example.com', 'auth.example.com'])
})

test('a setting that feeds the wrong field does not compile', () => {
  const any = { name: 'ANY', doc: '' }
  // @ts-expect-error: there is no such field
  setting({ ...any, kind: text, default: '', feeds: field('session.timebox') })
  // @ts-expect-error: a group is not a field
  setting({ ...any, kind: text, default: '', feeds: field('session') })
  // @ts-expect-error: the field is a number
  setting({ ...any, kind: flag, default: false, feeds: field('session.timeboxMs') })
  // @ts-expect-error: without a default the value may be undefined, and the field may not
  setting({ ...any, kind: text, feeds: field('audience') })
  // @ts-expect-error: the result of the conversion does not fit either
  setting({ ...any, kind: text, default: '', feeds: field('audience', (value: string) => value.length) })
  setting({ ...any, kind: text, feeds: field('oauth.forcedRedirect') })
  computed({ ...any, kind: text, defaultNote: '', feeds: field('audience') })
})

test('a field that nothing feeds does not compile', () => {
  type Derived = Without<Policy & { added: string; oauth: { added: string } }, MappedPolicyPath>
  const derived: Derived['oauth'] = { added: '' }
  // @ts-expect-error: no setting feeds it, so it has to be derived
  const incomplete: Derived['oauth'] = {}
  const isDerived: { [Group in keyof Derived]: true } = {
    redirects: true,
    accountPage: true,
    brand: true,
    mail: true,
    sms: true,
    hooks: true,
    events: true,
    captcha: true,
    mfa: true,
    oauth: true,
    added: true,
  }
  expect([derived, incomplete, Object.keys(isDerived).length]).toEqual([{ added: '' }, {} as never, 11])
})
