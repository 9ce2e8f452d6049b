import type { Notification } from '../lib/mail-templates'
import type { RedirectPattern } from './redirect-rules'

/** The numbers and switches the core obeys. Instants and durations are milliseconds. */
export interface Policy {
  audience: string
  defaultRole: string
  adminRoles: readonly string[]
  /** Role of users who may change their own app_metadata. */
  adminGroup: string
  issuer: string
  /** Where this server is reached from outside. */
  apiUrl: string
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
    /** Whether no password is taken while breached ones cannot be looked up. */
    breachCheckFailsClosed: boolean
    requireCurrent: boolean
    /** Whether a session older than a day needs a mailed code. */
    requireReauthentication: boolean
  }

  /** Where links may lead back to (contract 0.9). */
  redirects: { siteUrl: string; allowed: readonly RedirectPattern[] }

  mail: {
    /** How mail leaves: through the queue to a mail server, into the mailbox alone, or by the Send Email hook. */
    way: 'smtp' | 'mailbox' | 'hook'
    /** Whether messages are kept to be read in the mailbox. */
    isMailboxOn: boolean
    from: string
    /** Shortest time between two mails of one purpose to one user. */
    spacingMs: number
    codeLength: number
    /** Replaces the lifetimes of the kinds on Supabase's surface. */
    lifetimeMs: number | undefined
    magicLinks: boolean
    /** Whether a change of address is confirmed from both addresses. */
    secureChange: boolean
    /** Whether a link shows a page with a button first. */
    confirmLinks: boolean
    /** Lower-case; where there are any, no other address gets mail. */
    authorizedAddresses: readonly string[]
    /** Whether log lines of mails name their recipient. */
    logsRecipients: boolean
    /** Where links of Supabase's surface are answered. */
    links: Record<LinkType, string>
    /** Pages of the application that links of `/api/auth` lead to. */
    pages: { passwordReset: string; emailChange: string; magicLink: string }
    notifications: ReadonlySet<Notification>
  }

  sms: {
    way: 'provider' | 'mailbox' | 'hook' | 'none'
    /** Name of the provider as `/settings` tells it. */
    provider: string
    spacingMs: number
    codeLength: number
    lifetimeMs: number
    /** Text with `{{ .Code }}` in it. */
    template: string
    testCodes: Readonly<Record<string, string>>
    testCodesUntil: number | undefined
    allowsWhatsapp: boolean
  }

  hooks: Record<'sendEmail' | 'sendSms' | 'mfaVerification' | 'passwordVerification', Hook | undefined>

  mfa: {
    totp: FactorSwitches
    phone: FactorSwitches & {
      codeLength: number
      /** Shortest time between two SMS to one factor. */
      spacingMs: number
      /** Text with `{{ .Code }}` in it. */
      template: string
    }
    webauthn: FactorSwitches
    recoveryCodes: FactorSwitches
    limits: { max: number; maxVerified: number }
    challengeMs: number
    /** How long a factor may wait to be verified before it makes room for others. */
    unverifiedMs: number
    /** Whom authenticators show. */
    issuer: string
  }

  /** This site to authenticators (WebAuthn). */
  webauthn: {
    /** Its domain. */
    rpId: string
    rpName: string
    /** Where its pages are. */
    origins: readonly string[]
    challengeMs: number
  }

  passkeys: { enabled: boolean; max: number }

  oauth: {
    /** Whether users may link identities to their account. */
    manualLinking: boolean
    /** Whether the browser that comes back without a PKCE challenge must be the one that left. */
    bindsBrowser: boolean
    /** Whether an address that nobody has confirmed keeps nobody out. */
    allowsUnverified: boolean
    /** Providers whose addresses are a space of their own, or one that they share. */
    linkingDomains: Readonly<Record<string, string>>
    /** Where every sign-in leads to, whatever the client asks for. */
    forcedRedirect: string | undefined
    /** Issuers whose ID tokens are taken without a provider, for the client id that the request names. */
    idTokenIssuers: readonly string[]
    /** Providers that administrators set up. */
    custom: {
      enabled: boolean
      max: number
      /** As in URLs, with a port that is not the usual one: those that need be neither public nor https. */
      internalHosts: readonly string[]
    }
  }

  /** Wallets, and how far from now a signed message may have been made. */
  web3: Record<'solana' | 'ethereum', { enabled: boolean; validityMs: number }>

  /** How long the code of a PKCE flow can be exchanged. */
  flowMs: number

  /** Tokens of the endpoints below `/api/auth`. */
  service: { issuer: string; accessTokenMs: number; refreshTokenMs: number }

  /** Token pairs of native clients; the cookie lives as long as a refresh token. */
  native: { accessTokenMs: number; refreshTokenMs: number }

  /** Servers whose accounts may be used here, and tokens of sign-ins at `/auth/v1/login`. */
  federation: {
    servers: readonly { name: string | undefined /** Base URL, without a slash at its end. */; url: string }[]
    tokenMs: number
  }

  session: {
    timeboxMs: number | undefined
    inactivityMs: number | undefined
    /** How long a session may do without a second factor that its user has. */
    lowAalMs: number | undefined
    /** Whether of a user's sessions only the one used last can be refreshed. */
    singlePerUser: boolean
    /** Kinds of sessions, of each of which a user may then have one. */
    tags: readonly string[]
    reuseIntervalMs: number
    allowReuse: boolean
    endOnReuse: boolean
  }

  retention: {
    unusedSessionMs: number
    auditMs: number
    /** Whether the audit log keeps the addresses of clients. */
    auditAddresses: boolean
  }

  limits: {
    enabled: boolean
    tokensPer5Minutes: number
    signUpsPer5Minutes: number
    anonymousPerHour: number
    guessesPerAccountAndHour: number
    guessesPerNetworkAndHour: number
    codeGuessesPerHour: number
    messagesPerRecipientAndHour: number
    verificationsPer5Minutes: number
    passkeysPer5Minutes: number
    factorsPerMinute: number
    web3Per5Minutes: number
    mailsSent: SendingRate | undefined
    smsSent: SendingRate | undefined
  }
}

/** Whether factors of a kind can be added, and are asked for. */
interface FactorSwitches {
  enrols: boolean
  verifies: boolean
}

/** The `type` of a link (contract 6.3). */
export type LinkType = 'signup' | 'invite' | 'magiclink' | 'recovery' | 'email_change'

export interface Hook {
  uri: string
  /** The bytes its requests are signed with, one signature for each. */
  secrets: readonly Buffer[]
}

/** So many messages in each hour, or a bucket of so many that gains one every `refillMs`. */
export interface SendingRate {
  count: number
  refillMs: number | undefined
}

/** Longest password in bytes; bcrypt would ignore the rest (settled 29). */
export const MAX_PASSWORD_BYTES = 72
