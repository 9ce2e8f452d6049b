/** Fly.io. */
import { asObject, emailEntry, profileOf } from './profile'
import { defineProvider } from './provider'

export const fly = defineProvider({
  name: 'fly',
  scopes: ['read'],
  endpoints: ({ url = 'https://api.fly.io' }) => ({ authorize: `${url}/oauth/authorize`, token: `${url}/oauth/token` }),
  async profile({ get, setup: { url = 'https://api.fly.io', apiUrl = url } }) {
    const token = await get(`${apiUrl}/oauth/token/info`)
    return profileOf(
      token.user_id,
      { iss: apiUrl, name: token.user_name, custom_claims: { organizations: asObject(token).organizations } },
      emailEntry(token.email, true),
    )
  },
})
