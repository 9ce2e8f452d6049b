/** Second-factor types, and the `amr` method of each (docs/wire-contract.md#access-token). */
export const METHOD_OF = {
  totp: 'totp',
  phone: 'mfa/phone',
  webauthn: 'mfa/webauthn',
  recovery_code: 'mfa/recovery_code',
} as const

const SECOND_FACTOR_METHODS: readonly string[] = Object.values(METHOD_OF)

export const isSecondFactorMethod = (method: string): boolean => SECOND_FACTOR_METHODS.includes(method)

export type FactorType = keyof typeof METHOD_OF

export const FACTOR_TYPES = Object.keys(METHOD_OF) as FactorType[]
