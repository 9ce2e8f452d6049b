/** Second-factor types, and the `amr` method of each (docs/wire-contract.md#access-token). */
export const METHOD_OF = {
  totp: 'totp',
  phone: 'mfa/phone',
  webauthn: 'mfa/webauthn',
  recovery_code: 'mfa/recovery_code',
} as const

export type FactorType = keyof typeof METHOD_OF
