/**
 * The ports of the core: interfaces for everything it needs from outside. Adapters implement these; tests use their
 * own.
 */
import type { JsonObject } from '../../lib/json'
import type { MailTemplate } from '../../lib/mail-templates'
import type { OpenIdMetadata } from '../../lib/open-id-metadata'
import type { ExternalProfile } from '../../providers/profile'
import type { FunctionCall, FunctionResult } from '../../store'

export interface Clock {
  /** Unix milliseconds. */
  now(): number
  /** Milliseconds from a fixed moment; monotonic, used for limits and deadlines. */
  monotonic(): number
  sleep(ms: number): Promise<void>
}

/** Reports to the operator. No secrets and no addresses of users. */
export type Report = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields?: Record<string, string | number>,
) => void

export interface Random {
  /** A version 4 UUID, lower-case (RFC 9562 §5.4). */
  uuid(): string
  bytes(length: number): Buffer
}

/** Slow password hashes, off the event loop; `passwords.ts` limits concurrency. */
export interface PasswordHasher {
  hash(password: string): Promise<string>
  /** Also false if the format is unknown. */
  verify(password: string, hash: string): Promise<boolean>
  /** Whether `verify` can succeed with this hash: known format and acceptable cost. */
  accepts(hash: string): boolean
  /** Whether a new hash of the same password would use other parameters. */
  isOutdated(hash: string): boolean
  /** A dummy hash, as costly to verify as a real one. */
  decoy: string
}

/** Encrypts values that the database must return but a copy of it must not reveal. */
export interface Sealer {
  /** Identifies the key, so that a wrong one is detected at start. */
  keyId: string
  /** @param aad where the value is stored, as `table.column:rowId`; the value can be opened only with the same `aad` */
  seal(plain: Uint8Array, aad: string): string
  /** @throws if the text was sealed elsewhere or with another key, or was changed */
  open(sealed: string, aad: string): Buffer
}

export interface MailContent {
  subject: string
  html: string
  text: string
}

/** Renders mails. Templates are checked when they are loaded, so rendering cannot fail. */
export interface MailTemplates {
  /** BCP 47 tags of the languages that have built-in mails. */
  languages: readonly string[]
  /**
   * @param values by template field, such as `ConfirmationURL`; `Data` is the user's own metadata
   * @param languages BCP 47 tags in order of preference
   */
  render(template: MailTemplate, values: JsonObject, languages: readonly string[]): MailContent
}

/** One delivery attempt: sent, permanently refused, or temporarily unavailable. */
export type Delivery = { outcome: 'sent' } | { outcome: 'refused' | 'unavailable'; error: string }

export interface OutgoingMail extends MailContent {
  /** The same id for every attempt, so that a mail that arrives twice is recognized as one. */
  id: string
  to: string
  template: string
}

/** Generates a QR code. @returns SVG */
export type QrCode = (text: string) => string

export interface PeerRequest {
  url: string
  method: 'GET' | 'POST'
  /** Bearer token. */
  token?: string | undefined
  body?: JsonObject
}

export type PeerResult =
  | { outcome: 'answered' /** Status 200 to 299, or 400 to 499. */; status: number; body: JsonObject }
  | { outcome: 'unavailable'; error: string }

/**
 * Other auth servers (docs/other-surfaces.md#federation). Responses are limited in time and size, and redirects are not
 * followed.
 */
export interface Peers {
  ask(call: PeerRequest): Promise<PeerResult>
}

/** The result of a registration; `taken`: the name belongs to another account. */
export type ProvisionResult =
  | { outcome: 'made'; matrixUserId: string }
  | { outcome: 'taken' }
  | { outcome: 'unavailable'; error: string }

/** A Matrix homeserver. */
export interface Provisioner {
  /**
   * Creates an account with a random password. If one of that name already has the password, it is the same account,
   * whose creation response was lost.
   * @param displayName empty: none
   */
  register(account: { localpart: string; displayName: string; password: string }): Promise<ProvisionResult>
}

/** A mail server. */
export interface Mailer {
  send(mail: OutgoingMail): Promise<Delivery>
}

export interface OutgoingSms {
  /** E.164 digits without the plus sign. */
  phone: string
  text: string
  code: string
  channel: 'sms' | 'whatsapp'
}

/** A company that sends SMS. */
export interface SmsProvider {
  send(sms: OutgoingSms): Promise<{ outcome: 'sent'; id: string } | { outcome: 'failed'; error: string }>
  /** Only if the provider generates and checks the codes itself: whether the code is right. */
  check?(phone: string, code: string): Promise<boolean>
}

export interface HttpRequest {
  url: string
  headers: Record<string, string>
  body: string
  timeoutMs: number
  /** Maximum bytes of the response; a longer one is truncated and marked. */
  maxBytes: number
}

export type HttpResult =
  | { outcome: 'answered'; status: number; contentType: string; retryAfter: string; body: string; isTooLarge: boolean }
  | { outcome: 'timed_out' }
  | { outcome: 'unreachable'; error: string }

/**
 * Looks up breached passwords by the first five hexadecimal digits, upper-case, of their SHA-1. Each line is the rest of a
 * hash, a colon and how often it was seen.
 */
export type BreachedPasswords = (
  prefix: string,
) => Promise<{ outcome: 'answered'; lines: string[] } | { outcome: 'failed'; error: string }>

/** Sends a POST to a configured URL. Redirects are not followed. */
export type HttpPost = (request: HttpRequest) => Promise<HttpResult>

/** Counts a call of a hook. @param hook the name in its metadata */
export type ObserveHook = (
  hook: string,
  outcome: 'answered' | 'refused' | 'timed_out' | 'failed',
  seconds: number,
) => void

/** Counts an attempt to deliver an event. */
export type ObserveEvent = (outcome: 'delivered' | 'retried' | 'given_up', seconds: number) => void

/** Calls a function of the database, in a transaction of its own. @throws {Unavailable} if the database is away */
export type CallFunction = (call: FunctionCall) => Promise<FunctionResult>

export interface CaptchaCheck {
  /** As the client sent it, without surrounding white space; not empty. */
  token: string
  /** The client's address. */
  ip: string
}

export type CaptchaResult =
  | { outcome: 'passed' }
  /** `codes`: as the verifier names the reasons, such as `invalid-input-response`. */
  | { outcome: 'refused'; codes: readonly string[] }
  | { outcome: 'unavailable'; error: string }

/** A company that tells people from programs. */
export type CaptchaVerifier = (check: CaptchaCheck) => Promise<CaptchaResult>

export interface ProviderTokens {
  accessToken: string
  refreshToken: string | undefined
}

/** A configured and enabled OAuth provider. */
export interface OAuthProvider {
  name: string
  /** Whether accounts may have no email address. */
  isEmailOptional: boolean
  /**
   * The authorization URL, and the data that the callback needs, such as a code verifier (RFC 7636).
   * @param parameters from the client, for provider-specific features
   * @throws if the provider has to be contacted and does not respond
   */
  startAuthorization(request: {
    state: string
    scopes: readonly string[]
    parameters: Readonly<Record<string, string>>
  }): Promise<{ url: string; verifier: string | undefined }>
  /** Exchanges the callback parameters for an account. */
  exchangeCode(returned: {
    parameters: URLSearchParams
    state: string
    verifier: string | undefined
  }): Promise<ExchangeResult>
  /** Set if applications may present ID tokens of the provider. */
  idTokens?: IdTokenRules
}

/** A custom provider. */
export interface CustomSetup {
  name: string
  /** Client ids, this server's own first; ID tokens may be issued for any of them. */
  clientIds: readonly string[]
  secret: string
  scopes: readonly string[]
  usesPkce: boolean
  /** Our claim names, each with the provider's claim name, or a non-string value that is used as is. */
  attributeMapping: JsonObject
  /** Claims that are copied unchanged. */
  customClaims: readonly string[]
  /** Parameters of every authorization request. */
  parameters: Readonly<Record<string, string>>
  isEmailOptional: boolean
  skipsNonce: boolean
  endpoints: { authorize: string; token: string; userinfo: string | undefined }
  /** The metadata of an OpenID issuer. */
  openId: OpenIdMetadata | undefined
}

export type ExchangeResult =
  | { outcome: 'redeemed'; profile: ExternalProfile; tokens: ProviderTokens }
  | { outcome: 'exchange_failed' | 'profile_failed'; error: string }

export interface IdTokenRules {
  /** Whether an issuer speaks for the provider. */
  isIssuer(issuer: string): boolean
  /** The issuer of tokens that do not state it before verification. */
  issuer: string | undefined
  /** Client ids that tokens may be for. */
  audiences: readonly string[]
  skipsNonce: boolean
  keysOf: OAuthProviders['keysOf']
  profileOf(claims: JsonObject & { sub: string }): Promise<ExternalProfile>
}

export interface OAuthProviders {
  /** A provider by name; if there is none, a string with the reason. */
  find(name: string): OAuthProvider | string
  /** As `find`, for ID tokens that an application got itself: no secret is needed. */
  findForIdTokens(name: string): OAuthProvider | string
  /** A custom provider. */
  custom(setup: CustomSetup): OAuthProvider
  /** The name of the built-in provider that an issuer of ID tokens belongs to, whether it is enabled or not. */
  nameOfIssuer(issuer: string): string | undefined
  /** The cached public keys of a configured OpenID issuer (RFC 7517). */
  keysOf(issuer: string, options: { fresh: boolean }): Promise<JsonObject>
  /** Fetches the metadata of an issuer named by an administrator (OpenID Connect Discovery 1.0 §4). */
  discover(at: {
    issuer: string
    url: string
  }): Promise<{ outcome: 'found'; metadata: Partial<OpenIdMetadata> } | { outcome: 'failed'; error: string }>
}
