/** SMS: the provider, and the texts. */
import { MINUTE } from '../lib/milliseconds'
import { SMS_PROVIDERS, type SmsSettingKey, smsSettingsOf } from '../sms-providers'
import { field } from './policy-field'
import { type Setting, setting } from './setting'
import { choice, duration, flag, integer, orDefault, secret, text, type ValueType } from './value-types'

/** `15551230000:123456,…`: numbers that receive nothing, and their fixed codes. */
const testCodes: ValueType<Record<string, string>> = {
  name: 'phone:code list',
  format: (codes) =>
    Object.entries(codes)
      .map(([phone, code]) => `${phone}:${code}`)
      .join(','),
  parse(value) {
    const codes: Record<string, string> = {}
    for (const item of value.split(',').filter((part) => part.trim() !== '')) {
      const [, phone, code] = /^\s*\+?(\d[\d ().-]*?)\s*[:=]\s*([^\s:=,]{1,64})\s*$/.exec(item) ?? []
      const digits = phone?.replace(/\D/g, '') ?? ''
      if (code === undefined || digits.length < 2 || digits.length > 15)
        throw new Error('a comma-separated list such as 15551230000:123456')
      codes[digits] = code
    }
    return codes
  },
}

const instant: ValueType<number> = {
  name: 'date',
  format: (ms) => new Date(ms).toISOString(),
  parse(value) {
    const ms = Date.parse(value)
    if (Number.isNaN(ms)) throw new Error('a date such as 2027-01-31T00:00:00Z')
    return ms
  },
}

/** A template whose only field is `{{ .Code }}`. */
export const smsTemplate: ValueType<string> = {
  name: 'text',
  parse(value) {
    if (!/\{\{-?\s*\.Code\s*-?\}\}/.test(value)) throw new Error('a text with {{ .Code }} in it')
    return value
  },
}

/** The settings of each provider. */
const providerSettings = Object.fromEntries(
  SMS_PROVIDERS.flatMap((provider) =>
    smsSettingsOf(provider).map(({ key, setting: name, doc, isSecret }) => [
      key,
      setting({
        name: `SMS_${provider.name.toUpperCase()}_${name.toUpperCase()}`,
        toml: `sms.${provider.name}.${name}`,
        kind: isSecret ? secret(1) : text,
        ...(isSecret && { secret: true }),
        doc,
      }),
    ]),
  ),
) as Record<SmsSettingKey, Setting<string, undefined, never>>

export const sms = {
  provider: setting({
    name: 'SMS_PROVIDER',
    tomlSwitches: Object.fromEntries(SMS_PROVIDERS.map(({ name }) => [`sms.${name}.enabled`, name])),
    kind: choice(...SMS_PROVIDERS.map(({ name }) => name)),
    defaultNote: 'the mailbox',
    feeds: field('sms.provider', (name: string | undefined) => name ?? ''),
    doc: 'SMS provider. Without one, SMS are shown in the mailbox.',
  }),
  autoconfirm: setting({
    name: 'SMS_AUTOCONFIRM',
    toml: 'sms.enable_confirmations',
    fromToml: (value) => String(!flag.parse(value)),
    kind: flag,
    default: false,
    feeds: field('signup.autoconfirmsPhone'),
    doc: 'Confirm the phone number of a sign-up automatically.',
  }),
  maxFrequencyMs: setting({
    name: 'SMS_MAX_FREQUENCY',
    toml: 'sms.max_frequency',
    kind: duration(),
    default: MINUTE,
    feeds: field('sms.cooldownMs'),
    doc: 'Minimum time between two SMS with the same purpose to one user; 0 disables it, for test suites (GoTrue then uses 1m).',
  }),
  otpExpMs: setting({
    name: 'SMS_OTP_EXP',
    kind: orDefault(duration(1000)),
    default: MINUTE,
    feeds: field('sms.lifetimeMs'),
    doc: 'Lifetime of the code in an SMS.',
  }),
  otpLength: setting({
    name: 'SMS_OTP_LENGTH',
    kind: orDefault(integer(6, 10)),
    default: 6,
    feeds: field('sms.codeLength'),
    doc: 'Digits of the code in an SMS.',
  }),
  template: setting({
    name: 'SMS_TEMPLATE',
    toml: 'sms.template',
    kind: smsTemplate,
    default: 'Your code is {{ .Code }}',
    feeds: field('sms.template'),
    doc: 'Text of an SMS.',
  }),
  testOtp: setting({
    name: 'SMS_TEST_OTP',
    tomlTable: 'sms.test_otp',
    kind: testCodes,
    default: {},
    feeds: field('sms.testCodes'),
    doc: 'Test numbers: their code is fixed, and no SMS is sent.',
  }),
  testOtpValidUntil: setting({
    name: 'SMS_TEST_OTP_VALID_UNTIL',
    kind: instant,
    defaultNote: 'for ever',
    feeds: field('sms.testCodesUntil'),
    doc: 'Until when the fixed codes are valid.',
  }),
  ...providerSettings,
}
