/**
 * The hook that receives each account after it was created (docs/hooks.md#after-user-created). By default it is called
 * from the queue of events; here it is called during requests, where GoTrue does so, if the operator wants that.
 */
import type { User } from '../../store'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { callHook } from './call-hook'
import { hookAccount } from './hook-user'

/** @throws {Refusal} if the hook refuses or fails; the account stays */
export async function callAfterUserCreated(context: Context, user: User): Promise<void> {
  const { policy, store } = context
  if (policy.afterUserCreatedMode !== 'inline' || !policy.hooks.afterUserCreated) return
  const identities = await store.findIdentities(user.id)
  await callHook(context, 'afterUserCreated', { user: hookAccount({ user, identities }) })
}

/** After a sign-up that has to be confirmed, GoTrue shows no client why the hook failed. */
export async function callAfterSignUp(context: Context, user: User): Promise<void> {
  try {
    await callAfterUserCreated(context, user)
  } catch (error) {
    throw error instanceof Refusal ? new Refusal('after_user_created_failed') : error
  }
}
