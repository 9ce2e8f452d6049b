/** Time-based one-time passwords (RFC 6238): SHA-1, six digits, 30-second steps, one step of skew either way. */
import { encodeBase32NoPadding } from '@oslojs/encoding'
import { verifyHOTP } from '@oslojs/otp'
import type { Factor } from '../../store'
import type { Context } from '../kernel/context'

const STEP_MS = 30_000
const DIGITS = 6
const SKEW_STEPS = 1
const SECRET_BYTES = 20

/**
 * Blanks around the code are ignored, as in GoTrue: they come from copying it.
 * @returns the matching time step, or undefined if the code matches none that is valid now
 */
export function matchingStep(secret: Uint8Array, shown: string, now: number): number | undefined {
  const present = Math.floor(now / STEP_MS)
  const code = shown.trim()
  if (!/^\d{6}$/.test(code)) return undefined
  let found: number | undefined
  for (let step = present - SKEW_STEPS; step <= present + SKEW_STEPS; step++)
    if (step >= 0 && verifyHOTP(secret, BigInt(step), DIGITS, code)) found ??= step
  return found
}

export const newSecret = ({ random }: Pick<Context, 'random'>): Buffer => random.bytes(SECRET_BYTES)

/** The secret in stored form, which can be opened only for its own factor row (docs/decisions.md#d7). */
export const sealSecret = ({ sealer }: Pick<Context, 'sealer'>, factorId: string, secret: Uint8Array): string =>
  sealer.seal(secret, secretAad(factorId))

/** @returns the time step that matches a factor's code, or undefined */
export const stepOf = ({ sealer, now }: Pick<Context, 'sealer' | 'now'>, { id, secret }: Factor, code: string) =>
  matchingStep(sealer.open(secret, secretAad(id)), code, now)

const secretAad = (factorId: string) => `mfa_factors.secret:${factorId}`

export const base32 = (secret: Uint8Array): string => encodeBase32NoPadding(secret)

/** The URI that an authenticator app reads (Key URI Format); parameters in GoTrue's order. */
export function keyUri(secret: Uint8Array, issuer: string, account: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`
  const parameters = `algorithm=SHA1&digits=${DIGITS}&issuer=${encodeURIComponent(issuer)}&period=30&secret=${base32(secret)}`
  return `otpauth://totp/${label}?${parameters}`
}
