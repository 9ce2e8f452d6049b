import { Type } from '@sinclair/typebox'
import { endpoint } from '../../http/endpoint'
import { errors } from './schemas'

const flag = (description: string) => Type.Boolean({ description })

const Security = Type.Object(
  {
    password: Type.Object({
      is_set: Type.Boolean(),
      needs_current: flag('Whether a change requires `current_password`.'),
      needs_code: flag('Whether a change requires `nonce`, the code from GET /reauthenticate.'),
    }),
    email_change: Type.Object({
      needs_both: flag('Whether the current address has to confirm a new one as well.'),
      awaits: Type.Array(Type.String(), {
        description: 'The addresses that have to confirm the pending change. Empty if there is none.',
      }),
    }),
    can_change_phone: flag('Whether a code can be sent to a new number.'),
    can_unlink: flag('Whether an identity can be unlinked: not the last one, nor if linking is disabled.'),
    needs_second_factor: flag('Whether the session has to pass a second factor before it may change any of this.'),
    recovery_codes: Type.Union([Type.Object({ total: Type.Integer(), remaining: Type.Integer() }), Type.Null()]),
  },
  { $id: 'UserSecurity' },
)

/** `GET /user/security` (an addition to GoTrue). */
export const getUserSecurity = endpoint({
  method: 'GET',
  path: '/user/security',
  access: 'user',
  tag: 'Own account',
  summary: "How the caller's account is protected",
  description: 'For account pages: what the user can change, and what each change requires.',
  responses: { 200: Security, ...errors(401, 403) },
  handle: async ({ core, caller }) => {
    const security = await core.accountSecurity({ caller })
    const { password, emailChange, recoveryCodes } = security
    return {
      password: { is_set: password.isSet, needs_current: password.current, needs_code: password.code },
      email_change: { needs_both: emailChange.needsBoth, awaits: [...emailChange.awaits] },
      can_change_phone: security.canChangePhone,
      can_unlink: security.canUnlink,
      needs_second_factor: security.needsSecondFactor,
      recovery_codes: recoveryCodes ?? null,
    }
  },
})
