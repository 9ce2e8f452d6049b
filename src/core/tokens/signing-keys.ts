/**
 * Lifecycle of the keys that sign access tokens (RFC 7517). A new key is published some time before it signs, so that
 * verifiers have it; the previous one is accepted until the last token it signed has expired. All of this follows from
 * times in the database: every process, at any time, computes the same state.
 */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import type { JsonObject } from '../../lib/json'
import { dueInMs } from '../../lib/time'
import type { AuditEntry, SigningKeyRow } from '../../store'
import type { Deps } from '../kernel/context'
import { importKey } from './keys'

/** Supported algorithms. supabase-js verifies ES256 and RS256 locally. */
export const ALGORITHMS = ['ES256', 'RS256', 'EdDSA'] as const
export type Algorithm = (typeof ALGORITHMS)[number]

/** How long verifiers may cache the key set: ten minutes in GoTrue and supabase-js. */
const PUBLISHED_AHEAD_MS = 600_000

/** Supabase's names. */
export type KeyStatus = 'standby' | 'in_use' | 'previously_used' | 'retired' | 'revoked'

export interface SigningKey {
  kid: string
  alg: string
  status: KeyStatus
  createdAt: number
  /** When it starts or started to sign; null for a standby key. */
  signsFrom: number | null
  /** Until when its tokens are accepted, after another key took over. */
  verifiesUntil: number | null
}

type KeyDeps = Pick<Deps, 'store' | 'clock' | 'policy'>
type SealedKeyDeps = KeyDeps & Pick<Deps, 'sealer'>

/** The entries of the audit log about a key. */
type AuditOf = (kid: string) => AuditEntry[]
const NO_AUDIT: AuditOf = () => []

/** Every key, the newest first. */
export async function listSigningKeys(deps: KeyDeps): Promise<SigningKey[]> {
  const rows = await deps.store.listSigningKeys()
  return rows.sort((a, b) => b.createdAt - a.createdAt).map((row) => describe(deps, row, rows))
}

function describe({ clock, policy }: Omit<KeyDeps, 'store'>, row: SigningKeyRow, all: SigningKeyRow[]): SigningKey {
  const now = clock.now()
  const { kid, alg, createdAt, signsFrom, revokedAt } = row
  const successor = all.filter((each) => signsAfter(each, row)).sort((a, b) => (signsAfter(a, b) ? 1 : -1))[0]
  const successorFrom = successor?.signsFrom ?? null
  const longestMs = Math.max(policy.accessTokenMs, policy.service.accessTokenMs)
  const verifiesUntil = successorFrom === null ? null : successorFrom + longestMs
  const status = (): KeyStatus => {
    if (revokedAt !== null) return 'revoked'
    if (signsFrom === null || !hasBegun(signsFrom, now)) return 'standby'
    if (successorFrom === null || !hasBegun(successorFrom, now)) return 'in_use'
    return now < successorFrom + longestMs ? 'previously_used' : 'retired'
  }
  return { kid, alg, status: status(), createdAt, signsFrom, verifiesUntil }
}

/** Maximum lead time of a scheduled key; a later schedule comes from a wrong clock (src/lib/time.ts). */
const hasBegun = (signsFrom: number, now: number): boolean => dueInMs(signsFrom, PUBLISHED_AHEAD_MS, now) === 0

/** If two keys have the same start, the choice of the one that signs is deterministic. */
function signsAfter(a: SigningKeyRow, b: SigningKeyRow): boolean {
  if (a.signsFrom === null || b.signsFrom === null || a.kid === b.kid) return false
  // a key revoked before its start never signs
  if (a.revokedAt !== null && a.revokedAt <= a.signsFrom) return false
  if (a.signsFrom !== b.signsFrom) return a.signsFrom > b.signsFrom
  return a.createdAt === b.createdAt ? a.kid > b.kid : a.createdAt > b.createdAt
}

/**
 * Creates a standby key.
 * @returns its `kid`, the thumbprint of RFC 7638; never one that looks like a command-line option
 */
export async function createSigningKey(deps: SealedKeyDeps, alg: Algorithm, audit = NO_AUDIT): Promise<string> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), alg }
  if ((await calculateJwkThumbprint(jwk)).startsWith('-')) return createSigningKey(deps, alg, audit)
  const made = await addKey(deps, jwk, audit)
  if (made === undefined) throw new Error('a key of this kind was created before')
  return made
}

/**
 * Imports a private JWK as a standby key.
 * @returns its `kid`; undefined if a key with that name exists
 * @throws if it is not a private key of a supported algorithm, or cannot be used
 */
export async function importSigningKey(
  deps: SealedKeyDeps,
  jwk: Record<string, unknown>,
  audit = NO_AUDIT,
): Promise<string | undefined> {
  const given = jwk as JWK
  const alg = given.alg ?? algorithmOf(given)
  if (!ALGORITHMS.some((each) => each === alg)) throw new Error(`a key for ${ALGORITHMS.join(', ')} is required`)
  if (typeof given.d !== 'string') throw new Error('the private half of the key is required')
  return addKey(deps, { ...given, alg }, audit)
}

function algorithmOf({ kty, crv }: JWK): string {
  if (kty === 'EC' && crv === 'P-256') return 'ES256'
  if (kty === 'OKP' && crv === 'Ed25519') return 'EdDSA'
  return kty === 'RSA' ? 'RS256' : ''
}

async function addKey({ store, clock, sealer }: SealedKeyDeps, given: JWK & { alg: string }, audit: AuditOf) {
  const { key_ops: _operations, use: _use, ext: _ext, ...members } = given
  const kid = typeof given.kid === 'string' && given.kid !== '' ? given.kid : await calculateJwkThumbprint(members)
  const jwk = { ...members, kid }
  const key = await importKey(jwk)
  // An inconsistent key is detected here, not by the first user.
  if (!(await key.verify(await key.sign({})))) throw new Error('the private and public halves of the key do not match')
  const row: SigningKeyRow = {
    kid,
    alg: given.alg,
    createdAt: clock.now(),
    signsFrom: null,
    revokedAt: null,
    privateJwk: sealer.seal(Buffer.from(JSON.stringify(jwk)), placeOf(kid)),
  }
  const isNew = await store.addSigningKey({ ...row, audit: audit(kid) })
  return isNew ? kid : undefined
}

/**
 * Schedules a standby key to sign: once it has been published long enough, or immediately.
 * @returns from when; undefined if it is not a standby key
 */
export async function scheduleSigningKey(
  deps: KeyDeps,
  { kid, isUrgent, audit = NO_AUDIT }: { kid: string; isUrgent: boolean; audit?: AuditOf },
): Promise<number | undefined> {
  const { store, clock } = deps
  const key = (await listSigningKeys(deps)).find((each) => each.kid === kid)
  if (!key) return undefined
  const now = clock.now()
  const signsFrom = isUrgent ? now : Math.max(now, Math.min(key.createdAt, now) + PUBLISHED_AHEAD_MS)
  return (await store.scheduleSigningKey({ kid, signsFrom, now, audit: audit(kid) })) ? signsFrom : undefined
}

/**
 * Revokes a key: its tokens are refused from the next reload on. If it was signing, the secret takes over.
 * @returns false for an unknown one
 */
export function revokeSigningKey(
  { store, clock }: Pick<KeyDeps, 'store' | 'clock'>,
  kid: string,
  audit = NO_AUDIT,
): Promise<boolean> {
  return store.revokeSigningKey({ kid, now: clock.now(), audit: audit(kid) })
}

/** Minimum time between two reloads caused by unknown key ids, so that clients cannot force them. */
const POLL_INTERVAL_MS = 1000

/**
 * Keeps the keyring in sync with the database.
 * @returns reloads, and replaces the keys if they changed
 */
export function signingKeySync(deps: SealedKeyDeps & Pick<Deps, 'keyring'>): () => Promise<void> {
  const { store, clock, sealer, keyring } = deps
  let known = ''
  const look = async () => {
    const rows = await store.listSigningKeys()
    const counting = rows.flatMap((row) => {
      const { kid, status } = describe(deps, row, rows)
      return status === 'retired' || status === 'revoked' ? [] : [{ kid, status, row }]
    })
    const found = JSON.stringify(counting.map(({ kid, status }) => [kid, status]))
    if (found === known) return
    await keyring.replaceKeys(
      counting.map(({ kid, status, row }) => ({
        jwk: JSON.parse(sealer.open(row.privateJwk, placeOf(kid)).toString()) as JsonObject,
        signs: status === 'in_use',
      })),
    )
    known = found
  }
  let last = { at: Number.NEGATIVE_INFINITY, done: Promise.resolve() }
  keyring.onUnknownKey(() => {
    // concurrent callers share one reload
    if (clock.monotonic() - last.at >= POLL_INTERVAL_MS) last = { at: clock.monotonic(), done: look() }
    return last.done
  })
  return look
}

const placeOf = (kid: string) => `signing_keys.private_jwk:${kid}`
