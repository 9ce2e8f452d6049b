/** What the core needs from the world, in its own words. Adapters implement these; tests set their own. */
import type { JsonObject } from '../lib/json'
import type { MailTemplate } from '../lib/mail-templates'

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
