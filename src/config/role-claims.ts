/** Claims that roles give to access tokens (docs/roles-and-claims.md). */
import { isJsonObject } from '../lib/json'
import { RESERVED_CLAIMS, type RoleClaims } from '../lib/role-claims'
import { parseJson } from './json-values'
import type { ValueType } from './value-types'

const MAX_NAME_BYTES = 255
/** With the largest metadata and all other claims, a token then has at most 16 KiB of claims (docs/decisions.md#d32). */
const MAX_CLAIMS_BYTES = 8192

export const claimName: ValueType<string> = {
  name: 'claim',
  parse(value) {
    if (!/^\S+$/.test(value) || Buffer.byteLength(value) > MAX_NAME_BYTES)
      throw new Error(`the name of a claim, such as user_roles, of at most ${MAX_NAME_BYTES} bytes`)
    if (RESERVED_CLAIMS.has(value) || value === 'role')
      throw new Error('the name of a claim that this server does not set itself, such as user_roles')
    return value
  },
}

export const roleClaims: ValueType<RoleClaims> = {
  name: 'JSON',
  format: (claims) => JSON.stringify(claims),
  parse(value) {
    const parsed = parseJson(value)
    if (!isJsonObject(parsed) || !Object.values(parsed).every(isJsonObject))
      throw new Error('a JSON object with the claims of each role, such as {"editor":{"user_role":"editor"}}')
    const byRole = parsed as RoleClaims
    const bytes = Buffer.byteLength(JSON.stringify(byRole))
    if (bytes > MAX_CLAIMS_BYTES)
      throw new Error(
        `at most ${MAX_CLAIMS_BYTES} bytes of JSON (it has ${bytes}), because every token carries its part`,
      )
    for (const [role, claims] of Object.entries(byRole)) {
      if (!/^[A-Za-z][\w.:-]{0,62}$/.test(role))
        throw new Error(
          `a JSON object of roles with names of at most 63 letters, digits and "_.:-" (${JSON.stringify(role)} is not one)`,
        )
      for (const [claim, given] of Object.entries(claims)) requirePermitted(role, claim, given)
    }
    return byRole
  },
}

function requirePermitted(role: string, claim: string, value: unknown): void {
  if (RESERVED_CLAIMS.has(claim))
    throw new Error(`a JSON object without the claim "${claim}" (role "${role}"), which this server sets itself`)
  if (claim !== 'role') return
  if (typeof value !== 'string' || value === '' || Buffer.byteLength(value) > MAX_NAME_BYTES)
    throw new Error(`a JSON object in which the claim "role" (role "${role}") is the name of a database role`)
}
