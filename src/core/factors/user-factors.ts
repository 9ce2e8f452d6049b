/** A user's factors, and the requirements for users who have one. */
import { parseUuid } from '../../lib/uuid'
import type { Factor, User } from '../../store'
import { type Caller, forbidPersonalToken } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { prepareNotice } from '../messages/mail'

export interface FactorRequest {
  caller: Caller
  factorId: string
}

export const MAX_FACTOR_NAME_BYTES = 255

export function requireShortName(friendlyName: string): void {
  if (Buffer.byteLength(friendlyName) > MAX_FACTOR_NAME_BYTES) throw new Refusal('factor_name_too_long')
}

/**
 * The caller's factor; a factor of another user is distinguished from a missing one (src/surfaces/gotrue/README.md).
 */
export async function loadOwnFactor({ store }: Context, user: User, factorId: string): Promise<Factor> {
  const id = parseUuid(factorId)
  if (id === undefined) throw new Refusal('factor_id_malformed')
  const factor = await store.findFactor(id)
  if (!factor) throw new Refusal('factor_unknown')
  if (factor.userId !== user.id) throw new Refusal('factor_of_another')
  return factor
}

export function requireSession(caller: Caller) {
  const { user, session } = forbidPersonalToken(caller)
  if (user.isAnonymous) throw new Refusal('anonymous_not_allowed')
  if (!session) throw new Refusal('session_needed_for_factors')
  return { user, session }
}

/** Whether a caller may have factors at all; checked first. */
export async function requireFactorOwner(_deps: Context, { caller }: Pick<FactorRequest, 'caller'>): Promise<void> {
  requireSession(caller)
}

export async function requireOwnFactor(
  context: Context,
  { caller, factorId }: Pick<FactorRequest, 'caller' | 'factorId'>,
): Promise<Factor> {
  return loadOwnFactor(context, requireSession(caller).user, factorId)
}

interface FactorNotice {
  template: 'mfa_factor_enrolled_notification' | 'mfa_factor_unenrolled_notification'
  user: User
  factor: Factor
}

export const factorNotice = (context: Context, { factor, user, ...rest }: FactorNotice) =>
  prepareNotice(context, { ...rest, user, to: user.email, values: { FactorType: factor.factorType } })
