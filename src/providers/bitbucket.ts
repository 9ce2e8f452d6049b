/** Bitbucket Cloud. */
import { asObject, asObjects, emailEntry, profileOf } from './profile'
import { defineProvider } from './provider'

export const bitbucket = defineProvider({
  name: 'bitbucket',
  hasShortSettings: true,
  scopes: ['account', 'email'],
  endpoints: ({ url = 'https://bitbucket.org' }) => ({
    authorize: `${url}/site/oauth2/authorize`,
    token: `${url}/site/oauth2/access_token`,
  }),
  usesBasicAuth: true,
  async profile({ get, setup: { apiUrl = 'https://api.bitbucket.org' } }) {
    const user = await get(`${apiUrl}/2.0/user`)
    const addresses = await get(`${apiUrl}/2.0/user/emails`)
    const emails = asObjects(addresses.values).flatMap((each) =>
      emailEntry(each.email, each.is_confirmed, each.is_primary === true),
    )
    const avatar = asObject(asObject(user.links).avatar).href
    return profileOf(
      user.uuid,
      {
        iss: apiUrl,
        name: user.display_name,
        preferred_username: user.username,
        user_name: user.username,
        avatar_url: avatar,
      },
      emails,
    )
  },
})
