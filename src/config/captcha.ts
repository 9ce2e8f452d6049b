/** Captchas (docs/captcha.md). */
import type { CaptchaProvider } from '../core/kernel/policy'
import { setting } from './setting'
import { duration, flag, integer, orZero, text, type ValueType } from './value-types'

const CAPTCHA_PROVIDERS = ['hcaptcha', 'turnstile', 'pow'] as const satisfies readonly CaptchaProvider[]

export const isCaptchaProvider = (name: string): name is CaptchaProvider =>
  (CAPTCHA_PROVIDERS as readonly string[]).includes(name)

/** As in GoTrue, an unknown one is an error only while captchas are enabled. */
const provider: ValueType<string> = {
  name: CAPTCHA_PROVIDERS.join(' | '),
  parse: (value) => value.trim().toLowerCase(),
}

const trimmed: ValueType<string> = { ...text, name: 'secret', parse: (value) => value.trim() }

export const captcha = {
  enabled: setting({
    name: 'SECURITY_CAPTCHA_ENABLED',
    toml: 'captcha.enabled',
    kind: flag,
    default: false,
    doc: 'Require a captcha to sign up, to sign in, and to have a link or code sent (docs/captcha.md).',
  }),
  provider: setting({
    name: 'SECURITY_CAPTCHA_PROVIDER',
    toml: 'captcha.provider',
    kind: provider,
    default: 'hcaptcha',
    doc: 'Who verifies captchas. `pow` is a proof of work that this server checks itself: no company, no secret, nothing to click.',
  }),
  secret: setting({
    name: 'SECURITY_CAPTCHA_SECRET',
    toml: 'captcha.secret',
    kind: trimmed,
    secret: true,
    doc: 'The secret key of hCaptcha or Turnstile; not needed for `pow`.',
  }),
  timeoutMs: setting({
    name: 'SECURITY_CAPTCHA_TIMEOUT',
    kind: orZero(duration(1)),
    default: 10_000,
    doc: 'How long hCaptcha or Turnstile may take to verify a captcha; after that the request fails.',
  }),
  difficulty: setting({
    name: 'SECURITY_CAPTCHA_DIFFICULTY',
    kind: integer(1, 28),
    default: 18,
    doc: 'Difficulty of `pow` in bits: each bit more doubles the work. 18 takes a browser a fraction of a second on average.',
  }),
}
