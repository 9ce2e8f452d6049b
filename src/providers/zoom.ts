/** Zoom. */
import { asText, emailEntry, profileOf } from './profile'
import { defineProvider } from './provider'

export const zoom = defineProvider({
  name: 'zoom',
  scopes: [],
  endpoints: ({ url = 'https://zoom.us' }) => ({ authorize: `${url}/oauth/authorize`, token: `${url}/oauth/token` }),
  usesBasicAuth: true,
  async profile({ get, setup: { apiUrl = 'https://api.zoom.us' } }) {
    const user = await get(`${apiUrl}/v2/users/me`)
    const name = `${asText(user.first_name)} ${asText(user.last_name)}`.trim()
    // 100 is an account with a Zoom email address and password
    const isVerified = user.login_type !== 100 || user.verified === 1
    return profileOf(
      user.id,
      { iss: apiUrl, name, picture: user.pic_url, avatar_url: user.pic_url },
      emailEntry(user.email, isVerified),
    )
  },
})
