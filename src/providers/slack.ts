/** Slack, the legacy API. */
import { emailEntry, profileOf } from './profile'
import { defineProvider } from './provider'

export const slack = defineProvider({
  name: 'slack',
  scopes: ['profile', 'email', 'openid'],
  scopeSeparator: ',',
  endpoints: ({ url = 'https://slack.com' }) => ({
    authorize: `${url}/oauth/authorize`,
    token: `${url}/api/oauth.access`,
  }),
  async profile({ get, setup: { url = 'https://slack.com', apiUrl = url } }) {
    const user = await get(`${apiUrl}/api/openid.connect.userInfo`)
    const team = user['https://slack.com/team_id']
    return profileOf(
      user['https://slack.com/user_id'],
      {
        iss: `${apiUrl}/api`,
        name: user.name,
        picture: user.picture,
        avatar_url: user.picture,
        custom_claims: { 'https://slack.com/team_id': team },
      },
      emailEntry(user.email, true),
    )
  },
})
