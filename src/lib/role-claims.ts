/** Claims of access tokens by role (docs/roles-and-claims.md). */
import type { Json, JsonObject } from './json'

/** The claims of each role. Where roles disagree, the one that is listed first counts. */
export type RoleClaims = Readonly<Record<string, JsonObject>>

/**
 * Claims with a meaning of their own, which no role may set. `type` and `sid` tell tokens of `/api/auth` apart. `role`
 * is not among them, because PostgREST switches to the database role of that name.
 */
export const RESERVED_CLAIMS: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'],
  ...['email', 'phone', 'app_metadata', 'user_metadata', 'aal', 'amr', 'session_id', 'is_anonymous'],
  ...['client_id', 'scope', 'type', 'sid'],
])

/**
 * The claims that a user's roles give together. Lists of the same claim are united, without duplicates; of other values,
 * the first counts.
 */
export function claimsOfRoles(byRole: RoleClaims, roles: readonly string[]): JsonObject {
  const merged = new Map<string, Json>()
  for (const [role, claims] of Object.entries(byRole))
    if (roles.includes(role))
      for (const [claim, value] of Object.entries(claims)) {
        const present = merged.get(claim)
        if (present === undefined) merged.set(claim, value)
        else if (Array.isArray(present) && Array.isArray(value)) merged.set(claim, united(present, value))
      }
  return Object.fromEntries(merged)
}

function united(list: Json[], more: Json[]): Json[] {
  const known = new Set(list.map((item) => JSON.stringify(item)))
  return [...list, ...more.filter((item) => !known.has(JSON.stringify(item)))]
}
