/** Whose factors there are, and what having one means. */
import { parseUuid } from '../../lib/uuid'
import type { Factor, User } from '../../store'
import { type Caller, requireInPerson } from '../caller'
import type { Client, Deps } from '../deps'
import { prepareNotice } from '../messages/mail'
import { Refusal } from '../refusal'

export interface FactorRequest {
  caller: Caller
  factorId: string
  client: Client
}

const MAX_NAME_BYTES = 255

/** @throws {Refusal<'factor_name_too_long'>} */
export function requireShortName(friendlyName: string): void {
  if (Buffer.byteLength(friendlyName) > MAX_NAME_BYTES) throw new Refusal('factor_name_too_long')
}

/** The caller's factor; somebody else's is told apart from none (supabase-additions.md). */
export async function ownFactor({ store }: Deps, user: User, factorId: string): Promise<Factor> {
  const id = parseUuid(factorId)
  if (id === undefined) throw new Refusal('factor_id_malformed')
  const factor = await store.findFactor(id)
  if (!factor) throw new Refusal('factor_unknown')
  if (factor.userId !== user.id) throw new Refusal('factor_of_another')
  return factor
}

/** @throws {Refusal<'not_in_person' | 'anonymous_not_allowed' | 'session_needed_for_factors'>} */
export function requireSession(caller: Caller) {
  const { user, session } = requireInPerson(caller)
  if (user.isAnonymous) throw new Refusal('anonymous_not_allowed')
  if (!session) throw new Refusal('session_needed_for_factors')
  return { user, session }
}

/** Whether a caller may have factors at all, before anything else of the request counts. @throws as `requireSession` */
export async function requireFactorOwner(_deps: Deps, { caller }: Pick<FactorRequest, 'caller'>): Promise<void> {
  requireSession(caller)
}

/** @throws as `requireSession` and `ownFactor` */
export async function requireOwnFactor(
  deps: Deps,
  { caller, factorId }: Pick<FactorRequest, 'caller' | 'factorId'>,
): Promise<Factor> {
  return ownFactor(deps, requireSession(caller).user, factorId)
}

/** Most users have none, and are not looked up. */
export const factorsOf = async ({ store }: Pick<Deps, 'store'>, { id, factorCount }: User): Promise<Factor[]> =>
  factorCount === 0 ? [] : store.listFactors(id)

/** Whether a user has a factor that counts, so that a session must have passed it for what matters most. */
export const hasVerifiedFactor = async (deps: Pick<Deps, 'store'>, user: User): Promise<boolean> =>
  (await factorsOf(deps, user)).some(({ status }) => status === 'verified')

/** Whether a caller has not passed the factor that their account has. */
export const lacksFactor = async (
  deps: Pick<Deps, 'store'>,
  { user, session }: Pick<Caller, 'user' | 'session'>,
): Promise<boolean> => session?.aal !== 'aal2' && (await hasVerifiedFactor(deps, user))

interface Notice {
  template: 'mfa_factor_enrolled_notification' | 'mfa_factor_unenrolled_notification'
  user: User
  factor: Factor
  client: Client | undefined
}

export const noticeOf = (deps: Deps, now: number, { factor, user, ...rest }: Notice) =>
  prepareNotice(deps, now, { ...rest, user, to: user.email, values: { FactorType: factor.factorType } })
