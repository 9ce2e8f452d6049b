/** The keys that an application sends with every request, and the JWTs that stood for them before. */
import type { JsonObject } from '../../lib/json'
import { secretEqual } from '../../lib/secrets'

export interface ApiKeys {
  /** `sb_publishable_…`: says nothing about who asks. */
  publishable: string
  /** `sb_secret_…`: opens the admin API. */
  secret: string
}

export const PUBLISHABLE_PREFIX = 'sb_publishable_'
export const SECRET_PREFIX = 'sb_secret_'

/** Years that an anon or service_role JWT is good for, as Supabase issues them. */
const KEY_YEARS = 10

export function isSecretKey({ secret }: ApiKeys, given: string | undefined): boolean {
  return given?.startsWith(SECRET_PREFIX) === true && secretEqual(given, secret)
}

/** Claims of the anon or service_role key: a JWT with a role and no user (contract 3.4). @param sinceMs Unix milliseconds */
export function roleKeyClaims(role: 'anon' | 'service_role', sinceMs: number): JsonObject {
  const iat = Math.floor(sinceMs / 1000)
  return { iss: 'supabase', role, iat, exp: iat + KEY_YEARS * 365 * 86_400 }
}
