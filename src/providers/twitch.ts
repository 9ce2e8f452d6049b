/** Twitch. */
import { asObjects, emailEntry, profileOf } from './profile'
import { defineProvider } from './provider'

export const twitch = defineProvider({
  name: 'twitch',
  scopes: ['user:read:email'],
  endpoints: ({ url = 'https://id.twitch.tv' }) => ({
    authorize: `${url}/oauth2/authorize`,
    token: `${url}/oauth2/token`,
  }),
  async profile({ get, setup: { apiUrl = 'https://api.twitch.tv', clientIds } }) {
    const answer = await get(`${apiUrl}/helix/users`, { 'client-id': clientIds[0] ?? '' })
    const [user = {}] = asObjects(answer.data)
    return profileOf(
      user.id,
      {
        iss: apiUrl,
        name: user.login,
        nickname: user.display_name,
        slug: user.login,
        picture: user.profile_image_url,
        avatar_url: user.profile_image_url,
      },
      emailEntry(user.email, true),
    )
  },
})
