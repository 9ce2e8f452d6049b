/** The stored form of verification tokens: hashes under the pepper, and when they expire. */
import { HOUR, MINUTE } from '../../lib/milliseconds'
import { hmacSha256 } from '../../lib/secrets'
import type { TokenSurface, VerificationKind, VerificationToken } from '../../store'
import type { Context } from '../kernel/context'
import type { Policy } from '../kernel/policy'

export const VERIFICATION_LIFETIMES_MS: Record<VerificationKind, number> = {
  password_reset: 30 * MINUTE,
  magic_link: 15 * MINUTE,
  email_change: 24 * HOUR,
  signup: HOUR,
  invite: HOUR,
  reauthentication: HOUR,
  phone_confirmation: MINUTE,
  phone_change: MINUTE,
}

/** Prefix of tokens in links of the PKCE flow (docs/decisions.md#d15). */
export const PKCE_PREFIX = 'pkce_'

/** Payload of a sign-up token whose password was set by that sign-up. */
export const WITH_PASSWORD = 'password'

/** Length of the plaintext prefix used for lookup. */
const PREFIX_LENGTH = 8
const ID_BYTES = 20

/** The recipient: an email address in any letter case, or a number in E.164 digits. */
export type Recipient = { email: string } | { phone: string }

export interface NewRecord extends Pick<VerificationToken, 'kind' | 'family' | 'userId' | 'payload' | 'flowStateId'> {
  to: Recipient
  /** The plaintext, and the short code; empty without one. */
  secret: string
  code: string
  createdAt: number
  expiresAt: number
}

export function verificationRecord(
  { random, peppers: [pepper] }: Pick<Context, 'random' | 'peppers'>,
  { to, secret, code, ...given }: NewRecord,
): VerificationToken {
  const address = addressOf(to)
  return {
    ...given,
    id: `vt_${random.bytes(ID_BYTES).toString('base64url')}`,
    email: 'email' in to ? address : null,
    phone: 'phone' in to ? address : null,
    tokenHash: hashOf(pepper, secret),
    tokenPrefix: prefixOf(secret),
    codeHash: code === '' ? null : codeHashOf(pepper, address, code),
    codeAttempts: 0,
    consumedAt: null,
  }
}

const addressOf = (to: Recipient): string => ('email' in to ? to.email.toLowerCase() : to.phone)

export function lifetimeMs(
  { mail, sms }: Policy,
  { kind, family, to }: { kind: VerificationKind; family: TokenSurface; to: Recipient },
): number {
  if ('phone' in to) return sms.lifetimeMs
  return (family === 'supabase' ? mail.lifetimeMs : undefined) ?? VERIFICATION_LIFETIMES_MS[kind]
}

/** What a token is found by. */
export const prefixOf = (secret: string): string => secret.slice(0, PREFIX_LENGTH)

export const hashOf = (pepper: Buffer, secret: string): string => hmacSha256(pepper, secret).toString('hex')

export const codeHashOf = (pepper: Buffer, address: string, code: string): string =>
  hashOf(pepper, `${address}:${code}`)
