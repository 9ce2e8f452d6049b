import { type Static, Type } from '@sinclair/typebox'

const instant = Type.Optional(Type.String({ format: 'date-time' }))
const metadata = Type.Record(Type.String(), Type.Unknown())

/** An account as hooks receive it: GoTrue's user object without identities. */
export const HookUser = Type.Object({
  id: Type.String({ format: 'uuid' }),
  aud: Type.String(),
  role: Type.String(),
  email: Type.String({ description: 'Empty if there is none.' }),
  phone: Type.String({ description: 'Empty if there is none.' }),
  new_email: Type.Optional(Type.String()),
  new_phone: Type.Optional(Type.String()),
  app_metadata: metadata,
  user_metadata: metadata,
  is_anonymous: Type.Boolean(),
  email_confirmed_at: instant,
  invited_at: instant,
  phone_confirmed_at: instant,
  confirmation_sent_at: instant,
  recovery_sent_at: instant,
  email_change_sent_at: instant,
  phone_change_sent_at: instant,
  last_sign_in_at: instant,
  created_at: instant,
  updated_at: instant,
})
export type HookUser = Static<typeof HookUser>

/** An identity in GoTrue's form. */
export const HookIdentity = Type.Object({
  identity_id: Type.String({ format: 'uuid' }),
  id: Type.String({ description: 'Of the account at the provider.' }),
  user_id: Type.String({ format: 'uuid' }),
  provider: Type.String(),
  identity_data: metadata,
  last_sign_in_at: instant,
  created_at: instant,
  updated_at: instant,
})
export type HookIdentity = Static<typeof HookIdentity>
