/**
 * Links and codes that GoTrue sent before this server took over its database (docs/decisions.md#d37). One becomes a token
 * of this server when it is used, with the rules of all others.
 */
import { createHash } from 'node:crypto'
import { DAY } from '../../lib/milliseconds'
import type { GotrueToken, VerificationKind, VerificationToken } from '../../store'
import type { Context } from '../kernel/context'
import { lifetimeMs, PKCE_PREFIX, type Recipient, verificationRecord, WITH_PASSWORD } from './verification-record'

/** The longest that a link of GoTrue is accepted, whatever the lifetime of ours. */
const MAX_AGE_MS = DAY

/** SHA-224 of an address and a code, so who knows the address can compute that of every code. */
const LINK_TOKEN = new RegExp(`^(${PKCE_PREFIX})?[0-9a-f]{56}$`)

/** @param plaintext the token of a link, which GoTrue stores as it is */
export async function adoptLink(
  context: Context,
  plaintext: string,
  kinds: readonly VerificationKind[],
): Promise<VerificationToken | undefined> {
  if (!context.store.isShared || !LINK_TOKEN.test(plaintext)) return undefined
  const refund = await context.limits.gotrueLink()
  if (!refund) return undefined
  const token = await adopt(context, { kinds, hashes: [plaintext, plaintext] }, '')
  if (token) await refund()
  return token
}

/** @returns `wrong` if another code was sent to the address, undefined if none was */
export async function adoptCode(
  context: Context,
  { to, code, kinds }: { to: Recipient; code: string; kinds: readonly VerificationKind[] },
): Promise<VerificationToken | 'wrong' | undefined> {
  const { store, now } = context
  if (!store.isShared) return undefined
  const address = 'email' in to ? to.email : to.phone
  const hash = createHash('sha224')
    .update(address + code)
    .digest('hex')
  const token = await adopt(context, { kinds, hashes: [hash, PKCE_PREFIX + hash] }, code)
  if (token) return token
  return (await store.wasGotrueCodeSent({ kinds, address, after: now - MAX_AGE_MS })) ? 'wrong' : undefined
}

async function adopt(
  context: Context,
  search: { kinds: readonly VerificationKind[]; hashes: readonly [string, string] },
  code: string,
): Promise<VerificationToken | undefined> {
  const { store, now } = context
  // Most are unknown, and do not need a transaction that writes.
  if (!(await store.hasGotrueToken(search))) return undefined
  return store.adoptGotrueToken({ ...search, now, convert: (found) => converted(context, found, search.kinds, code) })
}

function converted(
  context: Context,
  found: GotrueToken,
  kinds: readonly VerificationKind[],
  code: string,
): VerificationToken | undefined {
  const { user, tokenHash, createdAt, flow } = found
  const kind = kindOf(found, kinds)
  const to = recipientOf(found, kind)
  if (!to) return undefined
  const lifetime = Math.min(MAX_AGE_MS, lifetimeMs(context.policy, { kind, family: 'supabase', to }))
  if (createdAt + lifetime <= context.now) return undefined
  return verificationRecord(context, {
    kind,
    family: 'supabase',
    userId: user.id,
    // Password and metadata are those of the sign-up or invitation.
    payload: kind === 'email_change' ? user.emailChange : found.type === 'confirmation_token' ? WITH_PASSWORD : null,
    flowStateId: flow?.id ?? null,
    to,
    secret: tokenHash.replace(PKCE_PREFIX, ''),
    code,
    createdAt,
    expiresAt: createdAt + lifetime,
  })
}

/** Two of our kinds may share a type in GoTrue; the flow tells them apart. */
function kindOf({ type, user, flow }: GotrueToken, kinds: readonly VerificationKind[]): VerificationKind {
  switch (type) {
    case 'recovery_token':
      return flow?.method === 'recovery' ? 'password_reset' : 'magic_link'
    case 'confirmation_token':
      if (kinds.includes('phone_confirmation')) return 'phone_confirmation'
      return user.invitedAt === null ? 'signup' : 'invite'
    case 'phone_change_token':
      return 'phone_change'
    default:
      return 'email_change'
  }
}

function recipientOf({ type, user }: GotrueToken, kind: VerificationKind): Recipient | undefined {
  if (kind === 'phone_confirmation' || kind === 'phone_change') {
    const phone = kind === 'phone_change' ? user.phoneChange : user.phone
    return phone === null ? undefined : { phone }
  }
  const email = type === 'email_change_token_new' ? user.emailChange : user.email
  return email === null ? undefined : { email }
}
