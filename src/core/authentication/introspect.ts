/** Token introspection (RFC 7662; docs/other-surfaces.md). */
import type { Caller } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { opaqueTokenKind } from '../tokens/opaque'
import { rolesOfCaller } from '../users/roles'
import { authenticateUser } from './authenticate'
import { authenticateOpaqueToken, isBearerKind } from './authenticate-opaque'

export interface Introspection {
  user: Caller['user']
  roles: string[]
  issuer: string
  /** Unix seconds; undefined if it does not expire. */
  expiresAt: number | undefined
}

/** @returns undefined for an inactive token */
export async function introspect(context: Context, { token }: { token: string }): Promise<Introspection | undefined> {
  try {
    const kind = opaqueTokenKind(token)
    const caller = isBearerKind(kind)
      ? await authenticateOpaqueToken(context, kind, token)
      : await authenticateUser(context, { bearer: token, apiKey: undefined })
    const { exp, iss } = caller.claims
    const expiresAt = 'expiresAt' in caller ? secondsOf(caller.expiresAt) : exp
    return {
      user: caller.user,
      roles: await rolesOfCaller(context, caller),
      issuer: typeof iss === 'string' ? iss : context.policy.service.issuer,
      // NumericDate may have fractions (RFC 7519 §2).
      expiresAt: typeof expiresAt === 'number' ? Math.floor(expiresAt) : undefined,
    }
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

const secondsOf = (ms: unknown) => (typeof ms === 'number' ? Math.floor(ms / 1000) : undefined)
