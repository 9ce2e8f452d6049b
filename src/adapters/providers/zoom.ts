/** Zoom. */
import { email, type Provider, profileOf, text } from './provider'

export const zoom: Provider = {
  scopes: [],
  endpoints: ({ url = 'https://zoom.us' }) => ({ authorize: `${url}/oauth/authorize`, token: `${url}/oauth/token` }),
  usesBasic: true,
  async profile({ get, setup: { apiUrl = 'https://api.zoom.us' } }) {
    const user = await get(`${apiUrl}/v2/users/me`)
    const name = `${text(user.first_name)} ${text(user.last_name)}`.trim()
    // 100 is an account with an address and a password of Zoom's own
    const isVerified = user.login_type !== 100 || user.verified === 1
    return profileOf(
      user.id,
      { iss: apiUrl, name, picture: user.pic_url, avatar_url: user.pic_url },
      email(user.email, isVerified),
    )
  },
}
