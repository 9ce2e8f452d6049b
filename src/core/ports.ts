/** What the core needs from the world, in its own words. Adapters implement these; tests set their own. */
import type { JsonObject } from '../lib/json'
import type { MailTemplate } from '../lib/mail-templates'
import type { OpenIdMetadata } from '../lib/open-id-metadata'

export { MAIL_TEMPLATES, type MailTemplate } from '../lib/mail-templates'

export interface Clock {
  /** Unix milliseconds. */
  now(): number
  /** Milliseconds since some fixed moment; never set back, so limits and deadlines count with it. */
  monotonic(): number
  sleep(ms: number): Promise<void>
}

/** Tells the operator what they should know. No secret and no address of a user belongs into it. */
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

/** Slow password hashes. Work of this kind runs off the event loop; how much at once is for `passwords.ts` to say. */
export interface PasswordHasher {
  hash(password: string): Promise<string>
  /** False as well where the hash is of no known form. */
  verify(password: string, hash: string): Promise<boolean>
  /** Whether `verify` can ever succeed with this hash: its form is known and its cost within bounds. */
  accepts(hash: string): boolean
  /** Whether a new hash of the same password would be made differently. */
  isOutdated(hash: string): boolean
  /** A hash of nothing, as costly to verify as those `hash` makes. */
  decoy: string
}

/** Encrypts what the database must give back but a copy of it must not reveal. */
export interface Sealer {
  /** Names the key, so that the wrong one is noticed at start. */
  keyId: string
  /** @param place where the value is kept, as `table.column:rowId`; it opens nowhere else */
  seal(plain: Uint8Array, place: string): string
  /** @throws where the text was sealed elsewhere, with another key, or changed since */
  open(sealed: string, place: string): Buffer
}

export interface MailContent {
  subject: string
  html: string
  text: string
}

/** Puts mails into words. Templates are read and checked at start, so rendering cannot fail. */
export interface MailTemplates {
  /**
   * @param values by the names that templates use, such as `ConfirmationURL`; `Data` holds the user's own metadata
   * @param languages BCP 47 tags in order of preference
   */
  render(template: MailTemplate, values: JsonObject, languages: readonly string[]): MailContent
}

/** One attempt to hand something over: done, refused for good, or not now. */
export type Delivery = { outcome: 'sent' } | { outcome: 'refused' | 'unavailable'; error: string }

export interface OutgoingMail extends MailContent {
  /** The same for every attempt, so that a mail that arrives twice is recognised as one. */
  id: string
  to: string
  template: string
}

/** Draws a QR code. @returns SVG */
export type QrCode = (text: string) => string

export interface PeerCall {
  url: string
  method: 'GET' | 'POST'
  /** Bearer token. */
  token?: string | undefined
  body?: JsonObject
}

export type PeerAnswer =
  | { outcome: 'answered' /** Of 200 to 299, or 400 to 499. */; status: number; body: JsonObject }
  | { outcome: 'unavailable'; error: string }

/** Other auth servers (federation.md). What they answer is bounded in time and size, and never leads elsewhere. */
export interface Peers {
  ask(call: PeerCall): Promise<PeerAnswer>
}

/** What became of an account that was asked for; `taken`: its name belongs to somebody else. */
export type Provisioned =
  | { outcome: 'made'; matrixUserId: string }
  | { outcome: 'taken' }
  | { outcome: 'unavailable'; error: string }

/** A Matrix homeserver. */
export interface Provisioner {
  /**
   * Makes an account with a password that nobody else knows. One of that name that has the password is the same account,
   * whose making was not heard of. @param displayName empty: none
   */
  register(account: { localpart: string; displayName: string; password: string }): Promise<Provisioned>
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
  /** Only where the provider makes and checks the codes itself: whether the code is right. */
  check?(phone: string, code: string): Promise<boolean>
}

export interface HttpRequest {
  url: string
  headers: Record<string, string>
  body: string
  timeoutMs: number
  /** Bytes of an answer; a longer one is cut off there and marked. */
  maxBytes: number
}

export type HttpAnswer =
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

/** Sends a POST to an address of the configuration. Redirects are not followed. */
export type HttpPost = (request: HttpRequest) => Promise<HttpAnswer>

export interface ExternalEmail {
  address: string
  /** Whether the provider says that it is theirs. */
  isVerified: boolean
  isPrimary: boolean
}

/** An account at a provider. */
export interface ExternalProfile {
  /** In GoTrue's names (contract 2.3), without empty ones; `sub` is the provider's id of the account. */
  claims: JsonObject & { sub: string }
  emails: readonly ExternalEmail[]
}

export interface ProviderTokens {
  accessToken: string
  refreshToken: string | undefined
}

/** Who can sign somebody in, set up and switched on. */
export interface OAuthProvider {
  name: string
  /** Whether an account at the provider may come without an address. */
  isEmailOptional: boolean
  /**
   * Where to send the browser, and what the provider is to be shown when it comes back, such as a code verifier (RFC 7636).
   * @param parameters of the client, for the provider's own features
   * @throws where the provider has to be asked for that and does not answer
   */
  leave(leaving: {
    state: string
    scopes: readonly string[]
    parameters: Readonly<Record<string, string>>
  }): Promise<{ url: string; proof: string | undefined }>
  /** Turns what the browser came back with into an account. */
  redeem(returned: { parameters: URLSearchParams; state: string; proof: string | undefined }): Promise<Redeemed>
  /** Set where ID tokens of the provider are taken from applications as well. */
  idTokens?: IdTokenRules
}

/** A provider that an administrator set up. */
export interface CustomSetup {
  name: string
  /** The first is this server's; ID tokens may be for any. */
  clientIds: readonly string[]
  secret: string
  scopes: readonly string[]
  usesPkce: boolean
  /** Names of ours, and for each the provider's claim, or what is no text: the value itself. */
  attributeMapping: JsonObject
  /** Claims that are kept as they are. */
  customClaims: readonly string[]
  /** Of every authorization request. */
  parameters: Readonly<Record<string, string>>
  isEmailOptional: boolean
  skipsNonce: boolean
  endpoints: { authorize: string; token: string; userinfo: string | undefined }
  /** Of an OpenID provider: what it says of itself. */
  openId: OpenIdMetadata | undefined
}

export type Redeemed =
  | { outcome: 'redeemed'; profile: ExternalProfile; tokens: ProviderTokens }
  | { outcome: 'exchange_failed' | 'profile_failed'; error: string }

export interface IdTokenRules {
  /** Whether an issuer speaks for the provider. */
  isIssuer(issuer: string): boolean
  /** The issuer of tokens that need not say so before they are verified. */
  issuer: string | undefined
  /** Client ids that tokens may be for. */
  audiences: readonly string[]
  skipsNonce: boolean
  keysOf: OAuthProviders['keysOf']
  profileOf(claims: JsonObject & { sub: string }): Promise<ExternalProfile>
}

export interface OAuthProviders {
  /** A provider by its name; a string says why there is none. */
  find(name: string): OAuthProvider | string
  /** A provider that is not of the configuration. */
  custom(setup: CustomSetup): OAuthProvider
  /** The provider that an issuer of ID tokens belongs to. */
  findByIssuer(issuer: string): OAuthProvider | undefined
  /** The public keys of an OpenID issuer that the configuration names (RFC 7517), as last fetched. */
  keysOf(issuer: string, options: { fresh: boolean }): Promise<JsonObject>
  /** What an issuer that an administrator named says of itself (OpenID Connect Discovery 1.0 §4), asked now. */
  discover(at: {
    issuer: string
    url: string
  }): Promise<{ outcome: 'found'; metadata: Partial<OpenIdMetadata> } | { outcome: 'failed'; error: string }>
}
