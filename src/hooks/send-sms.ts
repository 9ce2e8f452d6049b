/** Sends SMS in this server's place. */
import { Type } from '@sinclair/typebox'
import { defineHook } from './define'
import { HookUser } from './user'

export const sendSms = defineHook({
  name: 'send-sms',
  setting: 'SEND_SMS',
  doc: 'sends SMS instead of this server',
  input: Type.Object({
    user: HookUser,
    sms: Type.Object({
      otp: Type.String(),
      phone: Type.String({ description: 'E.164 digits without the plus sign.' }),
      sms_type: Type.Optional(Type.Literal('mfa')),
    }),
  }),
  output: Type.Object({}),
  sample: ({ user }) => ({ user, sms: { otp: '123456', phone: user.phone || '15551230000' } }),
  reasons: [],
})
