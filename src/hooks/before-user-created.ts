/** Receives each account that someone is about to create, and may refuse it. */
import { Type } from '@sinclair/typebox'
import { defineHook } from './define'

/** Before an account is stored, it has no times yet. GoTrue sends Go's zero time. */
export const ZERO_TIME = '0001-01-01T00:00:00Z'

const metadata = Type.Record(Type.String(), Type.Unknown())
const zeroTime = Type.String({ description: `Always \`${ZERO_TIME}\`.` })

export const beforeUserCreated = defineHook({
  name: 'before-user-created',
  setting: 'BEFORE_USER_CREATED',
  doc: 'receives each new account before it is created and may refuse it',
  input: Type.Object({
    user: Type.Object({
      id: Type.String({ format: 'uuid', description: 'The id that the account will have.' }),
      aud: Type.String(),
      role: Type.Literal('', { description: 'Always empty.' }),
      email: Type.String({ description: 'Empty if there is none.' }),
      phone: Type.String({ description: 'E.164 digits without the plus sign; empty if there is none.' }),
      app_metadata: metadata,
      user_metadata: metadata,
      identities: Type.Array(Type.Unknown(), { maxItems: 0, description: 'Always empty.' }),
      created_at: zeroTime,
      updated_at: zeroTime,
      is_anonymous: Type.Boolean(),
    }),
  }),
  output: Type.Object({}),
  sample: ({ user }) => ({
    user: {
      id: user.id,
      aud: user.aud,
      role: '',
      email: user.email,
      phone: user.phone,
      app_metadata: user.app_metadata,
      user_metadata: user.user_metadata,
      identities: [],
      created_at: ZERO_TIME,
      updated_at: ZERO_TIME,
      is_anonymous: user.is_anonymous,
    },
  }),
  reasons: [],
})
