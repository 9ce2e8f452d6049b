/** Receives each second-factor attempt, right or wrong, and may refuse it. */
import { Type } from '@sinclair/typebox'
import { defineHook } from './define'

export const mfaVerification = defineHook({
  name: 'mfa-verification',
  setting: 'MFA_VERIFICATION_ATTEMPT',
  doc: 'receives each second-factor attempt and may refuse it',
  input: Type.Object({
    user_id: Type.String({ format: 'uuid' }),
    factor_id: Type.String({ format: 'uuid' }),
    factor_type: Type.String(),
    valid: Type.Boolean({ description: 'Whether the code is right.' }),
  }),
  output: Type.Object({
    decision: Type.Union([Type.Literal('continue'), Type.Literal('reject')]),
    message: Type.String({ description: 'For the client.', minLength: 1 }),
  }),
  sample: ({ user }) => ({
    user_id: user.id,
    factor_id: '11111111-1111-4111-8111-111111111111',
    factor_type: 'totp',
    valid: true,
  }),
  reasons: ['mfa_attempt_rejected'],
})
