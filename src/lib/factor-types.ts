/** Kinds of second factors, and how a session that has passed one says so in `amr` (contract 3.2). */
export const METHOD_OF = {
  totp: 'totp',
  phone: 'mfa/phone',
  webauthn: 'mfa/webauthn',
  recovery_code: 'mfa/recovery_code',
} as const

export type FactorType = keyof typeof METHOD_OF
