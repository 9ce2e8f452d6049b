/**
 * Opaque tokens (docs/other-surfaces.md#native-clients): a prefix for the kind, a public lookup id, and 32 random
 * bytes. Only an HMAC of the whole is stored, so that the database contains nothing usable.
 */
import { hmacSha256, secretEqual } from '../../lib/secrets'
import type { NewSessionToken, SessionTokenKind } from '../../store'
import type { Context } from '../kernel/context'

const PREFIXES = {
  access: 'cat_',
  refresh: 'crt_',
  personal: 'carol_pat_',
  cookie: 'csn_',
  service: 'srt_',
  federation: 'fed_',
} as const satisfies Record<SessionTokenKind | 'personal', string>

export type OpaqueKind = keyof typeof PREFIXES

const LOOKUP_BYTES = 16
const SECRET_BYTES = 32
const LOOKUP_LENGTH = 22
const FORM = /^[\w-]{65}$/

/** @returns the token in plaintext, and its stored form */
export function mintOpaqueToken(
  { random, peppers }: Pick<Context, 'random' | 'peppers'>,
  kind: OpaqueKind,
): { token: string; lookupId: string; tokenHash: string } {
  const lookupId = random.bytes(LOOKUP_BYTES).toString('base64url')
  const token = PREFIXES[kind] + lookupId + random.bytes(SECRET_BYTES).toString('base64url')
  return { token, lookupId, tokenHash: hashOf(peppers[0], token) }
}

/** The kind of a token by its prefix; undefined if it has none. */
export function opaqueTokenKind(token: string): OpaqueKind | undefined {
  return (Object.keys(PREFIXES) as OpaqueKind[]).find((kind) => token.startsWith(PREFIXES[kind]))
}

/** The lookup id of a token of that kind; undefined if it is malformed. */
export function lookupIdOf(kind: OpaqueKind, token: string): string | undefined {
  const rest = token.slice(PREFIXES[kind].length)
  return token.startsWith(PREFIXES[kind]) && FORM.test(rest) ? rest.slice(0, LOOKUP_LENGTH) : undefined
}

export function isValidOpaqueToken({ peppers }: Pick<Context, 'peppers'>, token: string, tokenHash: string): boolean {
  return peppers.some((pepper) => secretEqual(hashOf(pepper, token), tokenHash))
}

const hashOf = (pepper: Buffer, token: string) => hmacSha256(pepper, token).toString('hex')

/** A token of a session. */
export function mintSessionToken(
  context: Pick<Context, 'random' | 'peppers' | 'now'>,
  { kind, familyId, lifetimeMs }: { kind: SessionTokenKind; familyId: string; lifetimeMs: number },
): { token: string; row: NewSessionToken } {
  const { now } = context
  const { token, ...kept } = mintOpaqueToken(context, kind)
  return { token, row: { ...kept, kind, familyId, createdAt: now, expiresAt: now + lifetimeMs, revokedAt: null } }
}
