/** Receives each account after it was created. */
import { Type } from '@sinclair/typebox'
import { defineHook } from './define'
import { HookIdentity, HookUser } from './user'

export const afterUserCreated = defineHook({
  name: 'after-user-created',
  setting: 'AFTER_USER_CREATED',
  doc: 'receives each account after it was created',
  input: Type.Object({
    user: Type.Composite([HookUser, Type.Object({ identities: Type.Array(HookIdentity) })]),
  }),
  output: Type.Object({}),
  sample: ({ user, identities }) => ({ user: { ...user, identities } }),
  reasons: ['after_user_created_failed'],
})
