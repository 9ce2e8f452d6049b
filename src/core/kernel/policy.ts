import type { HookKey } from '../../hooks'
import type { Brand } from '../../lib/brand'
import type { EventType } from '../../lib/event-types'
import type { FunctionName } from '../../lib/function-uri'
import type { Notification } from '../../lib/mail-templates'
import type { RoleClaims } from '../../lib/role-claims'
import type { RedirectPolicy } from './redirect-rules'

/** The numbers and switches that the core follows. Instants and durations are milliseconds. */
export interface Policy {
  audience: string
  defaultRole: string
  adminRoles: readonly string[]
  /** Role of users who may change their own app_metadata. */
  adminGroup: string
  issuer: string
  /** The external URL of this server. */
  apiUrl: string
  accessTokenMs: number
  signing: {
    /** Whether the keys are in the settings, so that none are in the database. */
    isFixed: boolean
    /** Algorithms of tokens that are accepted; undefined for all. */
    validMethods: readonly string[] | undefined
  }
  /** What access tokens of Supabase's surface say about the roles of their user. */
  roleClaims: {
    /** The claim that lists them. */
    listClaim: string | undefined
    /** Further claims. Their roles can be granted. */
    byRole: RoleClaims | undefined
  }

  signup: {
    disabled: boolean
    email: boolean
    phone: boolean
    anonymous: boolean
    /** Whether the address or number of a sign-up is confirmed automatically. */
    autoconfirmsEmail: boolean
    autoconfirmsPhone: boolean
  }

  password: {
    minBytes: number
    /** A password needs one character of each set. */
    requiredCharacters: readonly string[]
    /** Whether new passwords are refused while the breach check is unavailable. */
    breachCheckFailsClosed: boolean
    requireCurrent: boolean
    /** Whether a session older than a day requires a mailed code. */
    requireReauthentication: boolean
  }

  redirects: RedirectPolicy

  /** The page where users sign in and manage their account (docs/account.md). `url`: undefined if it is off. */
  accountPage: { url: string | undefined }

  /** The name, logo and color of pages and mails. */
  brand: Brand

  mail: {
    /** How mail is delivered: queued for a mail server, to the mailbox only, or by the Send Email hook. */
    delivery: 'smtp' | 'mailbox' | 'hook'
    /** Whether messages are kept for the mailbox. */
    isMailboxOn: boolean
    from: string
    /** Minimum time between two mails with the same purpose to one user. */
    cooldownMs: number
    codeLength: number
    /** Overrides the lifetimes of the token kinds on Supabase's surface. */
    lifetimeMs: number | undefined
    magicLinks: boolean
    /** Whether both addresses have to confirm a change of address. */
    secureChange: boolean
    /** Whether a link shows a page with a button first. */
    confirmLinks: boolean
    /** Lower-case; if not empty, only these addresses receive mail. */
    authorizedAddresses: readonly string[]
    /** Whether the log names the recipient of a mail. */
    logsRecipients: boolean
    /** The URLs of the links on Supabase's surface. */
    links: Record<LinkType, string>
    /** Pages of the application for links of `/api/auth`. */
    pages: { passwordReset: string; emailChange: string; magicLink: string }
    notifications: ReadonlySet<Notification>
  }

  sms: {
    delivery: 'provider' | 'mailbox' | 'hook' | 'none'
    /** The provider name in `/settings`. */
    provider: string
    cooldownMs: number
    codeLength: number
    lifetimeMs: number
    /** Text with `{{ .Code }}` in it. */
    template: string
    testCodes: Readonly<Record<string, string>>
    testCodesUntil: number | undefined
    allowsWhatsapp: boolean
  }

  hooks: Record<HookKey, Hook | undefined>

  /** When the hook After User Created is called: from the queue of events, or during requests, as in GoTrue. */
  afterUserCreatedMode: 'outbox' | 'inline'

  /** Where events of accounts are sent; undefined if they are not. */
  events: EventPolicy | undefined

  /** If undefined, none is required. */
  captcha: CaptchaPolicy | undefined

  mfa: {
    totp: FactorSwitches
    phone: FactorSwitches & {
      codeLength: number
      /** Minimum time between two SMS to one factor. */
      cooldownMs: number
      /** Text with `{{ .Code }}` in it. */
      template: string
    }
    webauthn: FactorSwitches
    recoveryCodes: FactorSwitches
    limits: { max: number; maxVerified: number }
    challengeMs: number
    /** How long an unverified factor blocks others. */
    unverifiedMs: number
    /** The issuer shown by authenticator apps. */
    issuer: string
  }

  /** The WebAuthn relying party. */
  webauthn: {
    /** Its domain. */
    rpId: string
    rpName: string
    /** Allowed origins. */
    origins: readonly string[]
    challengeMs: number
  }

  passkeys: { enabled: boolean; max: number }

  oauth: {
    /** Whether users may link identities to their account. */
    manualLinking: boolean
    /** Whether the browser that returns without a PKCE challenge must be the one that started the sign-in. */
    bindsBrowser: boolean
    /** Whether users with an unconfirmed address are signed in. */
    allowsUnverified: boolean
    /** The linking domain of each provider that has one. */
    linkingDomains: Readonly<Record<string, string>>
    /** Where every sign-in ends, whatever the client requests. */
    forcedRedirect: string | undefined
    /** Issuers whose ID tokens are accepted without a provider, for the client id named in the request. */
    idTokenIssuers: readonly string[]
    /** Providers added by administrators. */
    custom: {
      enabled: boolean
      max: number
      /** As in URLs, with non-default ports: hosts that may be private and http. */
      internalHosts: readonly string[]
    }
  }

  /** Wallets, and how far from now a signed message may have been issued. */
  web3: Record<'solana' | 'ethereum', { enabled: boolean; validityMs: number }>

  /** How long the code of a PKCE flow can be exchanged. */
  flowMs: number

  /** Tokens of `/api/auth`. */
  service: { issuer: string; accessTokenMs: number; refreshTokenMs: number }

  /** Token pairs of native clients; the cookie has the lifetime of a refresh token. */
  native: { accessTokenMs: number; refreshTokenMs: number }

  /** Servers whose accounts may sign in here, and tokens of `/auth/v1/login`. */
  federation: {
    servers: readonly { name: string | undefined /** Base URL without a trailing slash. */; url: string }[]
    tokenMs: number
  }

  session: {
    timeboxMs: number | undefined
    inactivityMs: number | undefined
    /** How long a session may go without the second factor of its user. */
    lowAalMs: number | undefined
    /** Whether only the session used last can be refreshed. */
    singlePerUser: boolean
    /** Session tags; one session per tag is then allowed. */
    tags: readonly string[]
    reuseIntervalMs: number
    allowReuse: boolean
    endOnReuse: boolean
  }

  retention: {
    unusedSessionMs: number
    auditMs: number
    /** Of refused requests; 0 if none are kept. */
    refusalsMs: number
    /** Of delivered and failed events. */
    eventsMs: number
    /** Whether the audit log stores client addresses. */
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

export interface EventPolicy {
  url: string
  /** The keys that sign them, with one signature each. */
  secrets: readonly Buffer[]
  types: ReadonlySet<EventType>
}

export interface CaptchaPolicy {
  provider: CaptchaProvider
  /** Leading zero bits of a proof of work. */
  difficulty: number
}

/** `pow`: proof of work, without another company. */
export type CaptchaProvider = 'hcaptcha' | 'turnstile' | 'pow'

/** Whether factors of a type can be enrolled and verified. */
interface FactorSwitches {
  enrollEnabled: boolean
  verifyEnabled: boolean
}

/** The `type` of a link in `GET /verify`. */
export type LinkType = 'signup' | 'invite' | 'magiclink' | 'recovery' | 'email_change'

export type Hook = HttpHook | FunctionHook

export interface HttpHook {
  uri: string
  /** The keys that sign its requests, with one signature each. */
  secrets: readonly Buffer[]
}

/** A function of the database. */
export interface FunctionHook extends FunctionName {
  uri: string
}

/** A number of messages per hour, or a bucket that refills by one every `refillMs`. */
export interface SendingRate {
  count: number
  refillMs: number | undefined
}

/** Maximum password length in bytes; bcrypt would ignore the rest (docs/decisions.md#d29). */
export const MAX_PASSWORD_BYTES = 72
