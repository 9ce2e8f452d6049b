/**
 * Verification tokens (docs/other-surfaces.md#verification-tokens): single-use proofs of control over an inbox or a
 * phone. The plaintext is sent once, in a message; only its HMAC under the pepper is stored.
 */

import { hmacSha256, secretEqual } from '../../lib/secrets'
import { isExpired } from '../../lib/time'
import type { Minting, TokenSurface, TokenUse, VerificationKind, VerificationToken } from '../../store'
import type { Context } from '../kernel/context'
import type { Policy } from '../kernel/policy'
import type { Random } from '../kernel/ports'
import type { Refund } from '../kernel/rate-limits'
import { Refusal } from '../kernel/refusal'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const LIFETIMES_MS: Record<VerificationKind, number> = {
  password_reset: 30 * MINUTE,
  magic_link: 15 * MINUTE,
  email_change: 24 * HOUR,
  signup: HOUR,
  invite: HOUR,
  reauthentication: HOUR,
  phone_confirmation: MINUTE,
  phone_change: MINUTE,
}

/** Length of the plaintext prefix used for lookup. */
const PREFIX_LENGTH = 8
const TOKEN_BYTES = 32
const ID_BYTES = 20

/** Wrong guesses that invalidate a code; the link in the same message remains valid. */
const MAX_CODE_ATTEMPTS = 5

/** Prefix of tokens in links of the PKCE flow (docs/decisions.md#d15). */
export const PKCE_PREFIX = 'pkce_'

/** How long expired records are kept, so that late clicks get the right error. */
export const EXPIRED_TOKEN_RETENTION_MS = 24 * HOUR

/** Payload of a sign-up token whose password was set by that sign-up. */
export const WITH_PASSWORD = 'password'

export interface TokenRequest {
  kind: VerificationKind
  family: TokenSurface
  /** The recipient: an email address in any letter case, or a number in E.164 digits. */
  to: { email: string } | { phone: string }
  /** Id of the user; undefined if the address has no account yet. */
  userId?: string
  payload?: string
  /** A short code in addition to the token: random, or fixed. */
  code?: 'random' | { fixed: string }
  /** The PKCE flow that the link completes. */
  flowId?: string | undefined
}

/** A token to be stored; plaintext and code are for the message only. */
export interface MintedToken {
  minting: Minting
  /** With the `pkce_` prefix in the PKCE flow. */
  plaintext: string
  /** Empty without a code. */
  code: string
}

export function mintToken({ random, peppers, policy, now }: Context, request: TokenRequest): MintedToken {
  const { kind, family, to, userId = null, payload = null, code, flowId = null } = request
  const secret = random.bytes(TOKEN_BYTES).toString('base64url')
  const address = 'email' in to ? to.email.toLowerCase() : to.phone
  const shortCode = !code
    ? ''
    : code === 'random'
      ? randomDigits(random, 'email' in to ? policy.mail.codeLength : policy.sms.codeLength)
      : code.fixed
  const [pepper] = peppers
  const token: VerificationToken = {
    id: `vt_${random.bytes(ID_BYTES).toString('base64url')}`,
    kind,
    family,
    userId,
    payload,
    flowStateId: flowId,
    email: 'email' in to ? address : null,
    phone: 'phone' in to ? address : null,
    tokenHash: hashOf(pepper, secret),
    tokenPrefix: secret.slice(0, PREFIX_LENGTH),
    codeHash: shortCode === '' ? null : codeHashOf(pepper, address, shortCode),
    codeAttempts: 0,
    createdAt: now,
    expiresAt: now + lifetimeMs(policy, request),
    consumedAt: null,
  }
  return {
    minting: { token, replaces: replacedKinds(family, kind) },
    plaintext: flowId === null ? secret : PKCE_PREFIX + secret,
    code: shortCode,
  }
}

/**
 * Finds the token of a plaintext. It is consumed by the operation it allows.
 * @throws {Refusal} if it is unknown, of another kind, used or expired, checked in this order
 */
export async function findToken(
  { store, peppers, now }: Context,
  { plaintext, family, kinds }: { plaintext: string; family: TokenSurface; kinds: readonly VerificationKind[] },
): Promise<{ token: VerificationToken; tokenUse: TokenUse }> {
  const secret = plaintext.startsWith(PKCE_PREFIX) ? plaintext.slice(PKCE_PREFIX.length) : plaintext
  const hashes = peppers.map((pepper) => hashOf(pepper, secret))
  const candidates = await store.findTokens(secret.slice(0, PREFIX_LENGTH))
  const token = candidates.find(
    (each) => each.family === family && hashes.some((hash) => secretEqual(hash, each.tokenHash)),
  )
  if (!token) throw new Refusal('token_unknown')
  if (!kinds.includes(token.kind)) throw new Refusal('token_kind_mismatch')
  if (token.consumedAt !== null) throw new Refusal('token_used')
  if (isExpired(token, now)) throw new Refusal('token_expired')
  return { token, tokenUse: { id: token.id } }
}

export interface SubmittedCode {
  to: { email: string } | { phone: string }
  code: string
  kinds: readonly VerificationKind[]
}

/**
 * Finds the token that was sent with a short code. A wrong code is counted here. The operation that consumes a correct
 * one checks the attempts again, so concurrent guesses gain nothing.
 * @throws {Refusal} if the code is wrong, or a provider had to check it and did not
 */
export async function findTokenByCode(
  context: Context,
  { to, code, kinds }: SubmittedCode,
): Promise<{ token: VerificationToken; tokenUse: TokenUse; refund: Refund }> {
  const { store, peppers, limits, now } = context
  const address = 'email' in to ? to.email : to.phone
  const refund = await limits.code(address)
  const hashes = peppers.map((pepper) => codeHashOf(pepper, address, code))
  const pending = (await store.pendingTokens(to))
    .filter(({ family, kind, codeHash }) => family === 'supabase' && kinds.includes(kind) && codeHash !== null)
    .sort((a, b) => b.createdAt - a.createdAt)
  const [newest] = pending
  if (!newest) {
    // Without a sent code there is nothing to guess. The response takes as long as one that records a wrong code.
    await refund()
    await store.probe(now)
    throw new Refusal('code_wrong')
  }
  const isTested = 'phone' in to && Object.hasOwn(context.policy.sms.testCodes, to.phone)
  const ofProvider = 'phone' in to && !isTested ? context.smsProvider?.check : undefined
  const token = ofProvider
    ? await checkedByProvider(context, newest, () => ofProvider(address, code)).catch(async (error: unknown) => {
        // Not checked, so not a guess.
        await refund()
        throw error
      })
    : pending.find(({ codeHash }) => hashes.some((hash) => secretEqual(hash, codeHash ?? '')))
  const others = pending.flatMap(({ id }) => (id === (token ?? newest).id ? [] : [id]))
  const shown = { hashes, maxAttempts: MAX_CODE_ATTEMPTS, others }
  if (!token) {
    await store.countWrongCode({ id: newest.id, code: shown, now })
    throw new Refusal('code_wrong')
  }
  return { token, tokenUse: { id: token.id, ...(!ofProvider && { code: shown }) }, refund }
}

/** Asks a provider that creates and checks the codes itself, unless there were too many attempts. */
async function checkedByProvider(
  { report }: Context,
  token: VerificationToken,
  isRight: () => Promise<boolean>,
): Promise<VerificationToken | undefined> {
  if (token.codeAttempts >= MAX_CODE_ATTEMPTS) return undefined
  try {
    return (await isRight()) ? token : undefined
  } catch (error) {
    report('error', 'the SMS provider could not check a code', { error: String(error) })
    throw new Refusal('code_check_failed')
  }
}

/** Kinds that a new token replaces (docs/decisions.md#d14). */
function replacedKinds(family: TokenSurface, kind: VerificationKind): VerificationKind[] {
  if (family === 'supabase' && (kind === 'magic_link' || kind === 'password_reset'))
    return ['magic_link', 'password_reset']
  if (kind === 'signup' || kind === 'invite') return ['signup', 'invite']
  return [kind]
}

function lifetimeMs({ mail, sms }: Policy, { kind, family, to }: TokenRequest): number {
  if ('phone' in to) return sms.lifetimeMs
  return (family === 'supabase' ? mail.lifetimeMs : undefined) ?? LIFETIMES_MS[kind]
}

const hashOf = (pepper: Buffer, secret: string) => hmacSha256(pepper, secret).toString('hex')

const codeHashOf = (pepper: Buffer, address: string, code: string) => hashOf(pepper, `${address}:${code}`)

/** Uniformly random digits: bytes that would cause bias are rejected. */
export function randomDigits(random: Random, length: number): string {
  let digits = ''
  while (digits.length < length)
    for (const byte of random.bytes(length)) if (byte < 250 && digits.length < length) digits += byte % 10
  return digits
}
