/** Whether a user has a second factor, and whether a session has passed it. */
import type { Factor, User } from '../../store'
import type { Caller } from '../kernel/caller'
import type { Context } from '../kernel/context'

/** Most users have none, which needs no query. */
export const factorsOf = async ({ store }: Pick<Context, 'store'>, { id, factorCount }: User): Promise<Factor[]> =>
  factorCount === 0 ? [] : store.listFactors(id)

/** Whether a user has a verified factor, so that sensitive operations require aal2. */
export const hasVerifiedFactor = async (context: Pick<Context, 'store'>, user: User): Promise<boolean> =>
  (await factorsOf(context, user)).some(({ status }) => status === 'verified')

/** Whether the caller's account has a factor that their session has not passed. */
export const needsSecondFactor = async (
  context: Pick<Context, 'store'>,
  { user, session }: Pick<Caller, 'user' | 'session'>,
): Promise<boolean> => session?.aal !== 'aal2' && (await hasVerifiedFactor(context, user))
