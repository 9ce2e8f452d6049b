/** A token with which the command line calls the admin API of a running server. */
import type { Keyring } from '../kernel/server-state'

const LIFETIME_SECONDS = 60

/**
 * Short-lived, in place of the secret key, so that another program that listens on the port of a stopped server gets
 * nothing of lasting value.
 * @param now Unix milliseconds
 */
export function operatorToken(keyring: Keyring, adminRoles: readonly string[], now: number): Promise<string> {
  const iat = Math.floor(now / 1000)
  const role = adminRoles.includes('service_role') ? 'service_role' : (adminRoles[0] ?? 'service_role')
  return keyring.signWithSecret({ iss: 'supabase', role, iat, exp: iat + LIFETIME_SECONDS })
}
