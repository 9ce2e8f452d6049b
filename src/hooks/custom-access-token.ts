/** Replaces the claims of each access token of Supabase's surface. */
import { Type } from '@sinclair/typebox'
import { defineHook } from './define'

export const customAccessToken = defineHook({
  name: 'customize-access-token',
  setting: 'CUSTOM_ACCESS_TOKEN',
  doc: 'sets the claims of access tokens',
  input: Type.Object({
    user_id: Type.String({ format: 'uuid' }),
    claims: Type.Record(Type.String(), Type.Unknown(), { description: 'What the token would contain.' }),
    authentication_method: Type.String({ description: 'How the user signed in, or `token_refresh`.' }),
  }),
  output: Type.Object({
    claims: Type.Unknown({ description: 'All that the token contains.' }),
  }),
  sample: ({ user, claims }) => ({ user_id: user.id, claims, authentication_method: 'password' }),
  reasons: ['hook_claims_missing', 'hook_claims_malformed', 'hook_claims_invalid'],
})
