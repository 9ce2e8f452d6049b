/** The numbers and switches the core obeys. Instants and durations are milliseconds. */
export interface Policy {
  audience: string
  defaultRole: string
  adminRoles: readonly string[]
  /** Role of users who may change their own app_metadata. */
  adminGroup: string
  issuer: string
  accessTokenMs: number

  signup: {
    disabled: boolean
    email: boolean
    phone: boolean
    anonymous: boolean
    /** Whether a sign-up's address or number counts as confirmed at once. */
    confirmsEmail: boolean
    confirmsPhone: boolean
  }

  password: {
    minBytes: number
    /** A password needs one character of each. */
    requiredCharacters: readonly string[]
    requireCurrent: boolean
  }

  session: {
    timeboxMs: number | undefined
    inactivityMs: number | undefined
    reuseIntervalMs: number
    allowReuse: boolean
    endOnReuse: boolean
  }

  retention: {
    unusedSessionMs: number
    auditMs: number
  }

  limits: {
    enabled: boolean
    tokensPer5Minutes: number
    signUpsPer5Minutes: number
    anonymousPerHour: number
    guessesPerAccountAndHour: number
    guessesPerNetworkAndHour: number
  }
}

/** Longest password in bytes; bcrypt would ignore the rest (settled 29). */
export const MAX_PASSWORD_BYTES = 72
