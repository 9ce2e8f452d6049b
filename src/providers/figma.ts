/** Figma. */
import { emailEntry, profileOf } from './profile'
import { defineProvider } from './provider'

export const figma = defineProvider({
  name: 'figma',
  scopes: ['current_user:read'],
  endpoints: ({ url = 'https://www.figma.com', apiUrl = 'https://api.figma.com' }) => ({
    authorize: `${url}/oauth`,
    token: `${apiUrl}/v1/oauth/token`,
  }),
  usesBasicAuth: true,
  async profile({ get, setup: { apiUrl = 'https://api.figma.com' } }) {
    const user = await get(`${apiUrl}/v1/me`)
    return profileOf(
      user.id,
      { iss: apiUrl, name: user.handle, picture: user.img_url, avatar_url: user.img_url },
      emailEntry(user.email, true),
    )
  },
})
