/** The hook that receives each account before it is created, and may refuse it (docs/hooks.md#before-user-created). */
import { ZERO_TIME } from '../../hooks/before-user-created'
import type { User } from '../../store'
import { type Context, withCurrentTime } from '../kernel/context'
import { callHook } from './call-hook'

/** What is known of an account before it is stored. */
export type ProposedUser = Pick<User, 'id' | 'aud' | 'rawAppMetaData' | 'rawUserMetaData'> &
  Partial<Pick<User, 'email' | 'phone' | 'isAnonymous'>>

/**
 * Asks the hook whether an account may be created. Called before anything is stored, sent or minted for it, and outside
 * of any transaction.
 * @returns the context in which to create it: a call takes time
 * @throws {Refusal} if the hook refuses the account, or fails
 */
export async function requireUserAllowed(context: Context, user: ProposedUser): Promise<Context> {
  if (!context.policy.hooks.beforeUserCreated) return context
  await callHook(context, 'beforeUserCreated', {
    user: {
      id: user.id,
      aud: user.aud,
      role: '',
      email: user.email ?? '',
      phone: user.phone ?? '',
      app_metadata: user.rawAppMetaData,
      user_metadata: user.rawUserMetaData,
      identities: [],
      created_at: ZERO_TIME,
      updated_at: ZERO_TIME,
      is_anonymous: user.isAnonymous ?? false,
    },
  })
  return withCurrentTime(context)
}
