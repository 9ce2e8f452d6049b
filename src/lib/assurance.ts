/** Authenticator assurance level (NIST SP 800-63B, as GoTrue uses it). */
export type Aal = 'aal1' | 'aal2'

/** The assurance level of a token: the lower of its session's and that at issue. */
export const lowerAal = (one: Aal, other: Aal): Aal => (one === 'aal2' && other === 'aal2' ? 'aal2' : 'aal1')

/** The authentication methods in `amr` (docs/wire-contract.md#access-token). */
export const AUTHENTICATION_METHODS = [
  'password',
  'anonymous',
  'otp',
  'magiclink',
  'recovery',
  'invite',
  'email/signup',
  'email_change',
  'oauth',
  'passkey',
  'web3',
] as const

export type AuthenticationMethod = (typeof AUTHENTICATION_METHODS)[number]
