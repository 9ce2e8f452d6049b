/** Second factors. */
import { duration, flag, integer, setting } from './setting'

export const mfa = {
  totpEnrolment: setting({
    name: 'MFA_TOTP_ENROLL_ENABLED',
    toml: 'mfa.totp.enroll_enabled',
    kind: flag,
    default: true,
    doc: 'Users may add an authenticator app.',
  }),
  totpVerification: setting({
    name: 'MFA_TOTP_VERIFY_ENABLED',
    toml: 'mfa.totp.verify_enabled',
    kind: flag,
    default: true,
    doc: 'Codes of authenticator apps are taken.',
  }),
  maxFactors: setting({
    name: 'MFA_MAX_ENROLLED_FACTORS',
    toml: 'mfa.max_enrolled_factors',
    kind: integer(1, 100),
    default: 10,
    doc: 'Factors that a user may have.',
  }),
  challengeMs: setting({
    name: 'MFA_CHALLENGE_EXPIRY_DURATION',
    kind: duration(30_000),
    default: 300_000,
    doc: 'How long a challenge can be answered.',
  }),
  unverifiedMs: setting({
    name: 'MFA_FACTOR_EXPIRY_DURATION',
    kind: duration(30_000),
    default: 300_000,
    doc: 'After this time a factor that was never challenged makes room for others.',
  }),
}
