/**
 * Verification tokens (docs/other-surfaces.md#verification-tokens): single-use proofs of control over an inbox or a
 * phone. The plaintext is sent once, in a message; only its HMAC under the pepper is stored.
 */
import { HOUR } from '../../lib/milliseconds'
import { secretEqual } from '../../lib/secrets'
import { isExpired } from '../../lib/time'
import type { Minting, TokenSurface, TokenUse, VerificationKind, VerificationToken } from '../../store'
import type { Context } from '../kernel/context'
import type { Random } from '../kernel/ports'
import type { Refund } from '../kernel/rate-limits'
import { Refusal } from '../kernel/refusal'
import { adoptCode, adoptLink } from './gotrue-token'
import { providerCheck } from './sms-codes'
import {
  codeHashOf,
  hashOf,
  lifetimeMs,
  PKCE_PREFIX,
  prefixOf,
  type Recipient,
  verificationRecord,
} from './verification-record'

const TOKEN_BYTES = 32

/** Wrong guesses that invalidate a code; the link in the same message remains valid. */
export const MAX_CODE_ATTEMPTS = 5

/** How long expired records are kept, so that late clicks get the right error. */
export const EXPIRED_TOKEN_RETENTION_MS = 24 * HOUR

export interface TokenRequest {
  kind: VerificationKind
  family: TokenSurface
  to: Recipient
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

export function mintToken(context: Context, request: TokenRequest): MintedToken {
  const { random, policy, now } = context
  const { kind, family, to, userId = null, payload = null, code, flowId = null } = request
  const secret = random.bytes(TOKEN_BYTES).toString('base64url')
  const shortCode = !code
    ? ''
    : code === 'random'
      ? randomDigits(random, 'email' in to ? policy.mail.codeLength : policy.sms.codeLength)
      : code.fixed
  const token = verificationRecord(context, {
    kind,
    family,
    userId,
    payload,
    flowStateId: flowId,
    to,
    secret,
    code: shortCode,
    createdAt: now,
    expiresAt: now + lifetimeMs(policy, request),
  })
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
  context: Context,
  { plaintext, family, kinds }: { plaintext: string; family: TokenSurface; kinds: readonly VerificationKind[] },
): Promise<{ token: VerificationToken; tokenUse: TokenUse }> {
  const { store, peppers, now } = context
  const isPkce = plaintext.startsWith(PKCE_PREFIX)
  const secret = isPkce ? plaintext.slice(PKCE_PREFIX.length) : plaintext
  const hashes = peppers.map((pepper) => hashOf(pepper, secret))
  const candidates = await store.findTokens(prefixOf(secret))
  const token =
    candidates.find(
      (each) =>
        each.family === family &&
        // Without its prefix, a link of the PKCE flow would lead to a session that needs no verifier.
        isPkce === (each.flowStateId !== null) &&
        hashes.some((hash) => secretEqual(hash, each.tokenHash)),
    ) ?? (family === 'supabase' ? await adoptLink(context, plaintext, kinds) : undefined)
  if (!token) throw new Refusal('token_unknown')
  if (!kinds.includes(token.kind)) throw new Refusal('token_kind_mismatch')
  if (token.consumedAt !== null) throw new Refusal('token_used')
  if (isExpired(token, now)) throw new Refusal('token_expired')
  return { token, tokenUse: { id: token.id } }
}

export interface SubmittedCode {
  to: Recipient
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
  const { store, random, peppers, limits, now } = context
  const address = 'email' in to ? to.email : to.phone
  const refund = await limits.code(address)
  const hashes = peppers.map((pepper) => codeHashOf(pepper, address, code))
  const pending = (await store.pendingTokens(to))
    .filter(({ family, kind, codeHash }) => family === 'supabase' && kinds.includes(kind) && codeHash !== null)
    .sort((a, b) => b.createdAt - a.createdAt)
  const [newest] = pending
  if (!newest) {
    const adopted = await adoptCode(context, { to, code, kinds })
    if (typeof adopted === 'object') return { token: adopted, tokenUse: { id: adopted.id }, refund }
    // Without a sent code there is nothing to guess. The response takes as long as one that records a wrong code.
    if (adopted === undefined) await refund()
    await store.simulateWrite(`code ${random.uuid()}`)
    throw new Refusal('code_wrong')
  }
  const askProvider = 'phone' in to ? providerCheck(context, to.phone) : undefined
  const token = askProvider
    ? await checkedByProvider(newest, () => askProvider(code)).catch(async (error: unknown) => {
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
  return { token, tokenUse: { id: token.id, ...(!askProvider && { code: shown }) }, refund }
}

/** Asks a provider that creates and checks the codes itself, unless there were too many attempts. */
async function checkedByProvider(
  token: VerificationToken,
  isRight: () => Promise<boolean>,
): Promise<VerificationToken | undefined> {
  if (token.codeAttempts >= MAX_CODE_ATTEMPTS) return undefined
  return (await isRight()) ? token : undefined
}

/** Kinds that a new token replaces (docs/decisions.md#d14). */
function replacedKinds(family: TokenSurface, kind: VerificationKind): VerificationKind[] {
  if (family === 'supabase' && (kind === 'magic_link' || kind === 'password_reset'))
    return ['magic_link', 'password_reset']
  if (kind === 'signup' || kind === 'invite') return ['signup', 'invite']
  return [kind]
}

/** Uniformly random digits: bytes that would cause bias are rejected. */
export function randomDigits(random: Random, length: number): string {
  let digits = ''
  while (digits.length < length)
    for (const byte of random.bytes(length)) if (byte < 250 && digits.length < length) digits += byte % 10
  return digits
}
