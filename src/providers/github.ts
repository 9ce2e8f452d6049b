/** GitHub, and GitHub Enterprise at its own URL. */
import { asObjects, asText, emailEntry, profileOf } from './profile'
import { defineProvider, type Setup } from './provider'

const apiOf = ({ url, apiUrl }: Setup) => apiUrl ?? (url === undefined ? 'https://api.github.com' : `${url}/api/v3`)

export const github = defineProvider({
  name: 'github',
  hasShortSettings: true,
  scopes: ['user:email'],
  endpoints: ({ url = 'https://github.com' }) => ({
    authorize: `${url}/login/oauth/authorize`,
    token: `${url}/login/oauth/access_token`,
  }),
  async profile({ get, setup }) {
    const api = apiOf(setup)
    const user = await get(`${api}/user`)
    // an array, at the top of the document
    const emails = asObjects(await get(`${api}/user/emails`)).flatMap((each) =>
      emailEntry(each.email, each.verified, each.primary === true),
    )
    return profileOf(
      user.id,
      {
        iss: api,
        name: asText(user.name) || user.login,
        preferred_username: user.login,
        user_name: user.login,
        avatar_url: user.avatar_url,
      },
      emails,
    )
  },
})
