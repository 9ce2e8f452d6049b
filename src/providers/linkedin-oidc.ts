/** LinkedIn with OpenID Connect. */
import { openIdProfile } from './profile'
import { defineProvider } from './provider'

export const linkedinOidc = defineProvider({
  name: 'linkedin_oidc',
  scopes: ['openid', 'email', 'profile'],
  endpoints: ({ url = 'https://www.linkedin.com' }) => ({
    authorize: `${url}/oauth/v2/authorization`,
    token: `${url}/oauth/v2/accessToken`,
  }),
  async profile({ get, setup: { apiUrl = 'https://api.linkedin.com' } }) {
    const user = await get(`${apiUrl}/v2/userinfo`)
    return openIdProfile({ iss: apiUrl, ...user, locale: undefined })
  },
})
