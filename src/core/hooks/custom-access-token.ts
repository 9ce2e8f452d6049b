/** The Custom Access Token hook: the claims of access tokens (docs/hooks.md#custom-access-token). */
import { HOOKS } from '../../hooks'
import type { AuthenticationMethod } from '../../lib/assurance'
import type { METHOD_OF } from '../../lib/factor-types'
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../../lib/json'
import { type Context, requestField } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { callHook } from './call-hook'

/** Why a token is issued, as hooks are told. */
export type TokenOccasion = AuthenticationMethod | (typeof METHOD_OF)[keyof typeof METHOD_OF] | 'token_refresh'

/** Proxies and the cookies of server-rendered applications hold no more. */
export const MAX_CLAIMS_BYTES = 16 * 1024
const LARGE_BYTES = 4 * 1024

/** @returns all claims to sign, with sorted keys @throws {Refusal} if the hook refuses the token, or fails */
export async function customizeClaims(
  context: Context,
  claims: JsonObject,
  occasion: TokenOccasion,
): Promise<JsonObject> {
  const { sub } = claims as { sub: string }
  const answer = await callHook(context, 'customAccessToken', {
    user_id: sub,
    claims,
    authentication_method: occasion,
  })
  if (!answer) return claims
  const { kept, bytes } = reportingFaults(context, () => acceptClaims(answer.claims, claims))
  if (bytes > LARGE_BYTES) context.report('warn', 'the claims of an access token are large', { user: sub, bytes })
  return kept
}

/** The log says which claims are wrong, without their values. */
function reportingFaults<T>({ report, client }: Context, accept: () => T): T {
  try {
    return accept()
  } catch (error) {
    const { reason, detail } = error as Refusal
    report('warn', 'a hook gave claims that cannot be signed', {
      hook: HOOKS.customAccessToken.name,
      ...requestField(client),
      reason,
      ...(detail.detail !== undefined && { faults: detail.detail.trim() }),
    })
    throw error
  }
}

/**
 * The claims that a hook has given.
 * @param before what it was given
 * @throws {Refusal} `hook_claims_…`
 */
export function acceptClaims(given: unknown, before: JsonObject): { kept: JsonObject; bytes: number } {
  if (given === undefined || given === null) throw new Refusal('hook_claims_missing')
  if (!isJsonObject(given)) throw new Refusal('hook_claims_malformed')
  const canonical = canonicalJson(given)
  if ('flaw' in canonical) throw invalid([`(root): ${FLAWS[canonical.flaw]}`])
  const kept = canonical.kept as JsonObject
  const errors = claimErrors(kept, before)
  if (errors.length > 0) throw invalid(errors)
  const bytes = Buffer.byteLength(JSON.stringify(kept))
  if (bytes > MAX_CLAIMS_BYTES) throw invalid([`(root): has ${bytes} bytes, of at most ${MAX_CLAIMS_BYTES}`])
  return { kept, bytes }
}

const FLAWS = {
  nul: 'contains a NUL character',
  number: 'contains a number out of range',
  depth: 'is nested too deeply',
}

/** One line for each, as GoTrue's validator prints them. */
const invalid = (errors: readonly string[]) =>
  new Refusal('hook_claims_invalid', { detail: errors.map((error) => `- ${error}\n`).join('') })

type JsonType = 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object' | 'null'

/** GoTrue's schema. A claim that is not listed may be anything. */
const TYPES: Record<string, readonly JsonType[]> = {
  aud: ['string', 'array'],
  exp: ['integer'],
  jti: ['string'],
  iat: ['integer'],
  iss: ['string'],
  nbf: ['integer'],
  sub: ['string'],
  email: ['string'],
  phone: ['string'],
  app_metadata: ['object'],
  user_metadata: ['object'],
  role: ['string'],
  aal: ['string'],
  amr: ['array'],
  session_id: ['string'],
  client_id: ['string'],
}
const REQUIRED = ['aud', 'exp', 'iat', 'sub', 'email', 'phone', 'role', 'aal', 'session_id', 'is_anonymous']
/** With another one of these, requests would act for another user or session. */
const FIXED = ['sub', 'session_id']

function claimErrors(claims: JsonObject, before: JsonObject): string[] {
  const has = (name: string) => Object.hasOwn(claims, name)
  const missing = REQUIRED.filter((name) => !has(name)).map((name) => `(root): ${name} is required`)
  const mistyped = Object.entries(TYPES).flatMap(([name, types]) => {
    const given = has(name) ? typeOf(claims[name] as Json) : undefined
    if (given === undefined || types.includes(given)) return []
    const expected = types.length > 1 ? `[${types.join(',')}]` : types[0]
    return [`${name}: Invalid type. Expected: ${expected}, given: ${given}`]
  })
  const methods = Array.isArray(claims.amr) ? claims.amr : []
  const strange = methods.flatMap((method, index) =>
    ['string', 'object'].includes(typeOf(method))
      ? []
      : [`amr.${index}: Must validate one and only one schema (oneOf)`],
  )
  const changed = FIXED.filter((name) => typeof claims[name] === 'string' && claims[name] !== before[name])
  return [...missing, ...mistyped, ...strange, ...changed.map((name) => `${name}: must not change`)]
}

function typeOf(value: Json): JsonType {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value as JsonType
}
