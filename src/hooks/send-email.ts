/** Sends mails in this server's place. */
import { Type } from '@sinclair/typebox'
import { defineHook } from './define'
import { HookUser } from './user'

export const sendEmail = defineHook({
  name: 'send-email',
  setting: 'SEND_EMAIL',
  doc: 'sends mails instead of this server',
  input: Type.Object({
    user: HookUser,
    email_data: Type.Object({
      token: Type.String({ description: 'The code.' }),
      token_hash: Type.String({ description: 'The token of the link.' }),
      redirect_to: Type.String(),
      email_action_type: Type.String(),
      site_url: Type.String(),
      token_new: Type.String({ description: 'For the second mail of a change of address.' }),
      token_hash_new: Type.String(),
      old_email: Type.String(),
      old_phone: Type.String(),
      provider: Type.String(),
      factor_type: Type.String(),
    }),
  }),
  output: Type.Object({}),
  sample: ({ user }) => ({
    user,
    email_data: {
      token: '123456',
      token_hash: 'not-a-token-of-any-link',
      redirect_to: 'http://localhost:3000',
      email_action_type: 'magiclink',
      site_url: 'http://localhost:7020/auth/v1',
      token_new: '',
      token_hash_new: '',
      old_email: '',
      old_phone: '',
      provider: '',
      factor_type: '',
    },
  }),
  reasons: [],
})
