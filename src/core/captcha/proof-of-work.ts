/**
 * A captcha without another company: the client looks for a number whose SHA-256 with the challenge's id starts with
 * enough zero bits (docs/captcha.md#proof-of-work). Challenges are signed rather than stored; only the spent ones are
 * stored.
 */
import { hmacSha256, secretEqual, sha256 } from '../../lib/secrets'
import { isExpired } from '../../lib/time'
import type { Context } from '../kernel/context'
import type { CaptchaResult } from '../kernel/ports'
import { Refusal } from '../kernel/refusal'
import { CAPTCHA_ACTIONS, type CaptchaAction, isCaptchaAction } from './actions'

/** How long a challenge can be solved. */
export const PROOF_OF_WORK_MS = 300_000

export interface Challenge {
  /** `<id>.<action>.<difficulty>.<expiry>.<signature>` */
  challenge: string
  /** Leading zero bits of SHA-256(`<id>.<number>`). */
  difficulty: number
  /** Unix milliseconds. */
  expiresAt: number
}

/** A new challenge. @throws {Refusal<'captcha_action_unknown'>} */
export function issueChallenge({ policy, peppers, random, now }: Context, { action }: { action: string }): Challenge {
  if (!policy.captcha) throw new Error('no captcha is required')
  if (!isCaptchaAction(action)) throw new Refusal('captcha_action_unknown', { detail: CAPTCHA_ACTIONS.join(', ') })
  const { difficulty } = policy.captcha
  const expiresAt = now + PROOF_OF_WORK_MS
  const claims = [random.bytes(16).toString('base64url'), action, difficulty, expiresAt].join('.')
  return { challenge: `${claims}.${signatureOf(claims, peppers[0])}`, difficulty, expiresAt }
}

/** A challenge, a point, and the number that solves it: about 110 characters. */
const TOKEN = /^(([\w-]{22})\.([a-z_]{1,16})\.(\d{1,2})\.(\d{13,14}))\.([\w-]{43})\.(0|[1-9]\d{0,15})$/

/** Verifies a solved challenge, and spends it. Of several concurrent requests with one token, exactly one passes. */
export async function verifyProof(
  { peppers, store, now }: Context,
  { token, action }: { token: string; action: CaptchaAction },
): Promise<CaptchaResult> {
  const [, claims, id, solvedFor, bits, expiry, signature, number] = TOKEN.exec(token) ?? []
  if (claims === undefined || id === undefined || signature === undefined) return MALFORMED
  const isOurs = peppers.some((pepper) => secretEqual(signatureOf(claims, pepper), signature))
  if (!isOurs || solvedFor !== action || leadingZeros(sha256(`${id}.${number}`)) < Number(bits)) return MALFORMED
  const expiresAt = Number(expiry)
  if (isExpired({ createdAt: expiresAt - PROOF_OF_WORK_MS, expiresAt }, now)) return LATE
  return (await store.consumeCaptcha({ id, expiresAt })) ? { outcome: 'passed' } : LATE
}

/** The error codes of hCaptcha and Turnstile. */
const MALFORMED: CaptchaResult = { outcome: 'refused', codes: ['invalid-input-response'] }
const LATE: CaptchaResult = { outcome: 'refused', codes: ['timeout-or-duplicate'] }

const signatureOf = (claims: string, pepper: Buffer): string =>
  hmacSha256(pepper, `proof of work\n${claims}`).toString('base64url')

/** Number of leading zero bits among the first 32, which are more than any difficulty. */
const leadingZeros = (digest: Buffer): number => Math.clz32(digest.readUInt32BE(0))
