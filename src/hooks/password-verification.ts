/** Receives each password attempt, right or wrong, and may refuse it. */
import { Type } from '@sinclair/typebox'
import { defineHook } from './define'

export const passwordVerification = defineHook({
  name: 'password-verification',
  setting: 'PASSWORD_VERIFICATION_ATTEMPT',
  doc: 'receives each password attempt and may refuse it',
  input: Type.Object({
    user_id: Type.String({ format: 'uuid' }),
    valid: Type.Boolean({ description: 'Whether the password is right.' }),
  }),
  output: Type.Object({
    decision: Type.Union([Type.Literal('continue'), Type.Literal('reject')]),
    message: Type.String({ description: 'For the client.', minLength: 1 }),
    should_logout_user: Type.Boolean({ description: 'Whether a refusal ends every session of the user.' }),
  }),
  sample: ({ user }) => ({ user_id: user.id, valid: true }),
  reasons: ['password_attempt_rejected'],
})
