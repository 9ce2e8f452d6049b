/** X with OAuth 2.0, which requires PKCE. */
import { asObject, emailEntry, profileOf } from './profile'
import { defineProvider } from './provider'

export const x = defineProvider({
  name: 'x',
  isUnlisted: true,
  scopes: ['users.email', 'tweet.read', 'users.read', 'offline.access'],
  endpoints: ({ url = 'https://x.com', apiUrl = 'https://api.x.com' }) => ({
    authorize: `${url}/i/oauth2/authorize`,
    token: `${apiUrl}/2/oauth2/token`,
  }),
  usesBasicAuth: true,
  needsVerifier: true,
  async profile({ get, setup: { apiUrl = 'https://api.x.com' } }) {
    const fields = 'id,name,username,profile_image_url,confirmed_email'
    const user = asObject((await get(`${apiUrl}/2/users/me?user.fields=${fields}`)).data)
    return profileOf(
      user.id,
      {
        iss: apiUrl,
        name: user.name,
        preferred_username: user.username,
        user_name: user.username,
        picture: user.profile_image_url,
        avatar_url: user.profile_image_url,
      },
      emailEntry(user.confirmed_email, true),
    )
  },
})
