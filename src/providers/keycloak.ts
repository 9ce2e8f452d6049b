/** A Keycloak realm. */
import { openIdProfile } from './profile'
import { defineProvider, type ProviderUrl } from './provider'

function realmOf({ url }: ProviderUrl): string {
  if (url === undefined) throw new Error('Keycloak needs the URL of its realm')
  return url
}

export const keycloak = defineProvider({
  name: 'keycloak',
  requiresUrl: 'the realm',
  scopes: ['profile', 'email'],
  endpoints: (setup) => ({
    authorize: `${realmOf(setup)}/protocol/openid-connect/auth`,
    token: `${realmOf(setup)}/protocol/openid-connect/token`,
  }),
  idTokens: { issuer: realmOf },
  async profile({ idToken, accessToken, get, setup }) {
    const claims =
      accessToken === '' && idToken ? idToken : await get(`${realmOf(setup)}/protocol/openid-connect/userinfo`)
    return openIdProfile({ iss: realmOf(setup), ...claims }, { user_name: claims.preferred_username })
  },
})
