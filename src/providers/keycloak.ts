/** A Keycloak realm. */
import { openIdProfile } from './profile'
import type { Provider, Setup } from './provider'

function realmOf({ url }: Setup): string {
  if (url === undefined) throw new Error('Keycloak needs the URL of its realm')
  return url
}

export const keycloak: Provider = {
  scopes: ['profile', 'email'],
  endpoints: (setup) => ({
    authorize: `${realmOf(setup)}/protocol/openid-connect/auth`,
    token: `${realmOf(setup)}/protocol/openid-connect/token`,
  }),
  issuer: realmOf,
  acceptsIdTokens: true,
  async profile({ idToken, accessToken, get, setup }) {
    const claims =
      accessToken === '' && idToken ? idToken : await get(`${realmOf(setup)}/protocol/openid-connect/userinfo`)
    return openIdProfile({ iss: realmOf(setup), ...claims }, { user_name: claims.preferred_username })
  },
}
