/** Spotify, whose profiles do not contain whether the address is confirmed. */
import { asObjects, emailEntry, profileOf } from './profile'
import { defineProvider } from './provider'

export const spotify = defineProvider({
  name: 'spotify',
  scopes: ['user-read-email'],
  endpoints: ({ url = 'https://accounts.spotify.com' }) => ({
    authorize: `${url}/authorize`,
    token: `${url}/api/token`,
  }),
  usesBasicAuth: true,
  async profile({ get, setup: { apiUrl = 'https://api.spotify.com' } }) {
    const user = await get(`${apiUrl}/v1/me`)
    const picture = asObjects(user.images)[0]?.url
    return profileOf(
      user.id,
      { iss: apiUrl, name: user.display_name, picture, avatar_url: picture },
      emailEntry(user.email, false),
    )
  },
})
