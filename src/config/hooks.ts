/** Hooks: URLs that are called when something happens, and may refuse it (docs/wire-contract.md#hooks). */
import { isLoopbackHost } from '../lib/ip'
import { setting } from './setting'
import { flag, secret, type ValueType } from './value-types'

/** https anywhere, http on this machine only. */
const hookUrl: ValueType<string> = {
  name: 'URL',
  parse(value) {
    const url = URL.canParse(value) ? new URL(value) : undefined
    const isLocal = url !== undefined && (isLoopbackHost(url.hostname) || url.hostname === 'host.docker.internal')
    if (url?.protocol === 'pg-functions:')
      throw new Error('an https URL: this server has no Postgres functions to call')
    if (!url || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLocal)))
      throw new Error('an https URL, or an http URL on this machine')
    return value
  },
}

/** `v1,whsec_<base64>` secrets separated by `|` (Standard Webhooks). */
const hookSecrets: ValueType<string> = {
  ...secret(1),
  parse(value) {
    for (const one of value.split('|'))
      if (!/^v1,whsec_[A-Za-z0-9+/=_-]{8,}$/.test(one))
        throw new Error('secrets of the form v1,whsec_<base64>, separated by |')
    return value
  },
}

const hook = (name: string, toml: string, what: string) => ({
  enabled: setting({
    name: `HOOK_${name}_ENABLED`,
    toml: `hook.${toml}.enabled`,
    kind: flag,
    default: false,
    doc: `Call the hook that ${what}.`,
  }),
  uri: setting<string>({
    name: `HOOK_${name}_URI`,
    toml: `hook.${toml}.uri`,
    switchedBy: `HOOK_${name}_ENABLED`,
    kind: hookUrl,
    defaultNote: 'none',
    doc: `URL of the hook that ${what}.`,
  }),
  secrets: setting({
    name: `HOOK_${name}_SECRETS`,
    toml: `hook.${toml}.secrets`,
    switchedBy: `HOOK_${name}_ENABLED`,
    kind: hookSecrets,
    secret: true,
    doc: 'Secrets that sign its requests (Standard Webhooks), separated by `|`.',
  }),
})

const sendEmail = hook('SEND_EMAIL', 'send_email', 'sends mails instead of this server')
const sendSms = hook('SEND_SMS', 'send_sms', 'sends SMS instead of this server')

const mfa = hook(
  'MFA_VERIFICATION_ATTEMPT',
  'mfa_verification_attempt',
  'receives each second-factor attempt and may refuse it',
)
const password = hook(
  'PASSWORD_VERIFICATION_ATTEMPT',
  'password_verification_attempt',
  'receives each password attempt and may refuse it',
)

export const hooks = {
  sendEmailEnabled: sendEmail.enabled,
  sendEmailUri: sendEmail.uri,
  sendEmailSecrets: sendEmail.secrets,
  sendSmsEnabled: sendSms.enabled,
  sendSmsUri: sendSms.uri,
  sendSmsSecrets: sendSms.secrets,
  mfaEnabled: mfa.enabled,
  mfaUri: mfa.uri,
  mfaSecrets: mfa.secrets,
  passwordEnabled: password.enabled,
  passwordUri: password.uri,
  passwordSecrets: password.secrets,
}
