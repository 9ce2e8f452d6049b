/** The API keys that an application sends with every request, and their legacy JWTs. */
import type { JsonObject } from '../../lib/json'
import { DAY } from '../../lib/milliseconds'
import { secretEqual } from '../../lib/secrets'
import type { ApiKeys } from '../kernel/server-state'

export const PUBLISHABLE_PREFIX = 'sb_publishable_'
export const SECRET_PREFIX = 'sb_secret_'

/** Lifetime in years of an anon or service_role JWT, as issued by Supabase. */
const KEY_YEARS = 10

export function isSecretKey({ secret }: ApiKeys, given: string | undefined): boolean {
  return given?.startsWith(SECRET_PREFIX) === true && secretEqual(given, secret)
}

/** 1 January 2026, before the first release. An earlier time comes from a wrong clock; see src/lib/time.ts. */
const FIRST_SERVER = 1_767_225_600_000

/**
 * Issue date of the role keys. If the clock was wrong at the first start (in 1970, or far ahead), keys with that issue
 * date would be permanently expired or not yet valid for every verifier. They get a fixed date instead, so that they
 * remain the same.
 */
export function roleKeysSince(createdAt: number, now: number): number {
  const isAheadOfClock = createdAt > now + DAY && now >= FIRST_SERVER
  return createdAt < FIRST_SERVER || isAheadOfClock ? FIRST_SERVER : createdAt
}

/** Why the role keys are not valid at the current time; undefined if they are. */
export function roleKeyProblem(sinceMs: number, now: number): string | undefined {
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10)
  const end = sinceMs + KEY_YEARS * 365 * DAY
  if (now >= end) return `the anon and service_role keys expired on ${day(end)}; use the publishable and the secret key`
  if (now < sinceMs - DAY)
    return `the anon and service_role keys are valid from ${day(sinceMs)}, but the clock of this machine says ${day(now)}`
  return undefined
}

/**
 * Whether a text has the form of a key but is not one of this server: from another project, or truncated when copied.
 */
export function isUnknownKey(keys: ApiKeys, given: string | null | undefined): boolean {
  const isKey = given?.startsWith(PUBLISHABLE_PREFIX) || given?.startsWith(SECRET_PREFIX)
  return isKey === true && given !== keys.publishable && !isSecretKey(keys, given ?? undefined)
}

/** Claims of the anon or service_role key: a JWT with a role and no user. @param sinceMs Unix milliseconds */
export function roleKeyClaims(role: 'anon' | 'service_role', sinceMs: number): JsonObject {
  const iat = Math.floor(sinceMs / 1000)
  return { iss: 'supabase', role, iat, exp: iat + KEY_YEARS * 365 * 86_400 }
}
