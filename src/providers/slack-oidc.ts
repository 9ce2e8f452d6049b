/** Slack with OpenID Connect. */
import { openIdProfile } from './profile'
import { defineProvider } from './provider'

export const slackOidc = defineProvider({
  name: 'slack_oidc',
  scopes: ['profile', 'email', 'openid'],
  endpoints: ({ url = 'https://slack.com' }) => ({
    authorize: `${url}/openid/connect/authorize`,
    token: `${url}/api/openid.connect.token`,
  }),
  async profile({ get, setup: { url = 'https://slack.com', apiUrl = url } }) {
    const user = await get(`${apiUrl}/api/openid.connect.userInfo`)
    const team = user['https://slack.com/team_id']
    return openIdProfile(
      { iss: apiUrl, ...user, sub: user['https://slack.com/user_id'] ?? user.sub },
      { custom_claims: { 'https://slack.com/team_id': team } },
    )
  },
})
