/** Notion. The token response contains the account as well. */
import { asObject, emailEntry, profileOf } from './profile'
import { defineProvider } from './provider'

export const notion = defineProvider({
  name: 'notion',
  scopes: [],
  endpoints: ({ url = 'https://api.notion.com' }) => ({
    authorize: `${url}/v1/oauth/authorize`,
    token: `${url}/v1/oauth/token`,
  }),
  parameters: { owner: 'user' },
  usesBasicAuth: true,
  async profile({ get, setup: { url = 'https://api.notion.com', apiUrl = url } }) {
    const me = await get(`${apiUrl}/v1/users/me`, { 'notion-version': '2021-08-16' })
    const user = asObject(asObject(me.bot).owner).user
    const { id, name, avatar_url: avatar, person } = asObject(user)
    return profileOf(
      id,
      { iss: apiUrl, name, picture: avatar, avatar_url: avatar },
      emailEntry(asObject(person).email, true),
    )
  },
})
