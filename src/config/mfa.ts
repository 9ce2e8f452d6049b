/** Second factors, passkeys, and the WebAuthn relying party. */
import { MINUTE } from '../lib/milliseconds'
import { field, type PolicyField, type PolicyPath } from './policy-field'
import { computed, setting } from './setting'
import { smsTemplate } from './sms'
import { duration, flag, integer, list, orDefault, text, type ValueType } from './value-types'

/** Origins as browsers serialize them (RFC 6454 §6.2), including the origins of Android apps. */
const origins: ValueType<string[]> = {
  ...list,
  parse(value) {
    const found = list.parse(value)
    for (const origin of found) {
      const isWeb = URL.canParse(origin) && new URL(origin).origin === origin
      if (!isWeb && !/^android:apk-key-hash:[\w-]{43}$/.test(origin))
        throw new Error(`a comma-separated list of origins such as https://app.example.com (${origin} is not one)`)
    }
    return found
  },
}

/** A domain that browsers accept as a relying party id: no scheme, no port, no IP address. */
const domain: ValueType<string> = {
  ...text,
  parse(value) {
    const isName = /^[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(value) && !/^[\d.]+$/.test(value)
    if (!isName) throw new Error('a domain such as example.com, without scheme and port')
    return value.toLowerCase()
  },
}

const switchOf =
  (action: 'ENROLL' | 'VERIFY', docOf: (what: string) => string) =>
  <Path extends PolicyPath>(name: string, isOn: boolean, feeds: PolicyField<boolean, Path>, what: string) =>
    setting({
      name: `MFA_${name}_${action}_ENABLED`,
      toml: `mfa.${name.toLowerCase()}.${action.toLowerCase()}_enabled`,
      kind: flag,
      default: isOn,
      feeds,
      doc: docOf(what),
    })
const enrolment = switchOf('ENROLL', (what) => `Users may enroll ${what}.`)
const verification = switchOf('VERIFY', (what) => `${what} are accepted.`)

export const mfa = {
  totpEnrolment: enrolment('TOTP', true, field('mfa.totp.enrollEnabled'), 'an authenticator app'),
  totpVerification: verification('TOTP', true, field('mfa.totp.verifyEnabled'), 'Codes of authenticator apps'),
  phoneEnrolment: enrolment('PHONE', false, field('mfa.phone.enrollEnabled'), 'a phone that gets codes by SMS'),
  phoneVerification: verification('PHONE', false, field('mfa.phone.verifyEnabled'), 'Codes sent to phone factors'),
  webauthnEnrolment: enrolment(
    'WEB_AUTHN',
    true,
    field('mfa.webauthn.enrollEnabled'),
    'a security key as second factor',
  ),
  webauthnVerification: verification(
    'WEB_AUTHN',
    true,
    field('mfa.webauthn.verifyEnabled'),
    'Security keys as second factors',
  ),
  recoveryCodesEnrolment: enrolment(
    'RECOVERY_CODES',
    true,
    field('mfa.recoveryCodes.enrollEnabled'),
    'recovery codes in addition to another factor',
  ),
  recoveryCodesVerification: verification(
    'RECOVERY_CODES',
    true,
    field('mfa.recoveryCodes.verifyEnabled'),
    'Recovery codes',
  ),
  phoneOtpLength: setting({
    name: 'MFA_PHONE_OTP_LENGTH',
    api: '/auth/v1',
    toml: 'mfa.phone.otp_length',
    kind: orDefault(integer(6, 10)),
    default: 6,
    feeds: field('mfa.phone.codeLength'),
    doc: 'Digits of the codes for phone factors.',
  }),
  phoneMaxFrequencyMs: setting({
    name: 'MFA_PHONE_MAX_FREQUENCY',
    api: '/auth/v1',
    toml: 'mfa.phone.max_frequency',
    kind: duration(),
    default: MINUTE,
    feeds: field('mfa.phone.cooldownMs'),
    doc: 'Minimum time between two SMS to one phone factor.',
  }),
  phoneTemplate: setting({
    name: 'MFA_PHONE_TEMPLATE',
    api: '/auth/v1',
    toml: 'mfa.phone.template',
    kind: smsTemplate,
    default: 'Your code is {{ .Code }}',
    feeds: field('mfa.phone.template'),
    doc: 'Text of these SMS.',
  }),
  maxFactors: setting({
    name: 'MFA_MAX_ENROLLED_FACTORS',
    api: '/auth/v1',
    toml: 'mfa.max_enrolled_factors',
    kind: integer(1, 100),
    default: 10,
    feeds: field('mfa.limits.max'),
    doc: 'Maximum number of factors per user.',
  }),
  maxVerifiedFactors: setting({
    name: 'MFA_MAX_VERIFIED_FACTORS',
    api: '/auth/v1',
    kind: integer(1, 100),
    default: 10,
    feeds: field('mfa.limits.maxVerified'),
    doc: 'Maximum number of verified factors per user.',
  }),
  challengeMs: setting({
    name: 'MFA_CHALLENGE_EXPIRY_DURATION',
    api: '/auth/v1',
    kind: orDefault(duration(30_000)),
    default: 300_000,
    feeds: field('mfa.challengeMs'),
    doc: 'Lifetime of a challenge.',
  }),
  unverifiedMs: setting({
    name: 'MFA_FACTOR_EXPIRY_DURATION',
    api: '/auth/v1',
    kind: orDefault(duration(30_000)),
    default: 300_000,
    feeds: field('mfa.unverifiedMs'),
    doc: 'After this time, an unverified factor that was never challenged is removed when another one is enrolled.',
  }),
  passkeys: setting({
    name: 'PASSKEY_ENABLED',
    api: '/auth/v1',
    toml: 'passkey.enabled',
    kind: flag,
    default: true,
    feeds: field('passkeys.enabled'),
    doc: 'Users may sign in with passkeys.',
  }),
  maxPasskeys: setting({
    name: 'PASSKEY_MAX_PASSKEYS_PER_USER',
    api: '/auth/v1',
    kind: integer(1, 100),
    default: 10,
    feeds: field('passkeys.max'),
    doc: 'Maximum number of passkeys per user.',
  }),
  rpId: computed({
    name: 'WEBAUTHN_RP_ID',
    api: '/auth/v1',
    toml: 'webauthn.rp_id',
    kind: domain,
    defaultNote: 'the host of `AUTH_SITE_URL`',
    feeds: field('webauthn.rpId'),
    doc: 'WebAuthn relying party ID: the domain of your pages, or a parent domain. If you change it, existing passkeys and security keys stop working.',
  }),
  rpDisplayName: computed({
    name: 'WEBAUTHN_RP_DISPLAY_NAME',
    api: '/auth/v1',
    toml: 'webauthn.rp_display_name',
    kind: text,
    defaultNote: 'the host of `AUTH_SITE_URL`',
    feeds: field('webauthn.rpName'),
    doc: 'Name of your site in the browser’s passkey dialogs.',
  }),
  rpOrigins: computed({
    name: 'WEBAUTHN_RP_ORIGINS',
    api: '/auth/v1',
    toml: 'webauthn.rp_origins',
    kind: origins,
    defaultNote:
      'the origin of `AUTH_SITE_URL`, and that of this server if it is within the domain; on `localhost`, any port',
    feeds: field('webauthn.origins'),
    doc: 'Origins of the pages that may use passkeys.',
  }),
  webauthnChallengeMs: setting({
    name: 'WEBAUTHN_CHALLENGE_EXPIRY_DURATION',
    api: '/auth/v1',
    kind: orDefault(duration(30_000)),
    default: 300_000,
    feeds: field('webauthn.challengeMs'),
    doc: 'Lifetime of a passkey ceremony.',
  }),
}
