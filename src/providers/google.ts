/** Google. The domain of a Workspace account is in `custom_claims`. */
import { openIdProfile } from './profile'
import { defineProvider } from './provider'

export const google = defineProvider({
  name: 'google',
  hasShortSettings: true,
  scopes: ['email', 'profile'],
  endpoints: ({ url }) =>
    url === undefined
      ? { authorize: 'https://accounts.google.com/o/oauth2/v2/auth', token: 'https://oauth2.googleapis.com/token' }
      : { authorize: `${url}/authorize`, token: `${url}/token` },
  idTokens: { issuer: ({ url = 'https://accounts.google.com' }) => url, isAllowedByDefault: true },
  async profile({ idToken, get, setup: { url, apiUrl = url ?? 'https://openidconnect.googleapis.com/v1' } }) {
    const claims = idToken ?? (await get(`${apiUrl}/userinfo`))
    const { hd } = claims
    return openIdProfile(
      { iss: url ?? 'https://accounts.google.com', ...claims },
      hd === undefined ? {} : { custom_claims: { hd } },
    )
  },
})
