/** GitHub, and GitHub Enterprise at an address of its own. */
import { email, objects, type Provider, profileOf, type Setup, text } from './provider'

const apiOf = ({ url, apiUrl }: Setup) => apiUrl ?? (url === undefined ? 'https://api.github.com' : `${url}/api/v3`)

export const github: Provider = {
  scopes: ['user:email'],
  endpoints: ({ url = 'https://github.com' }) => ({
    authorize: `${url}/login/oauth/authorize`,
    token: `${url}/login/oauth/access_token`,
  }),
  async profile({ get, setup }) {
    const api = apiOf(setup)
    const user = await get(`${api}/user`)
    // an array, at the top of the document
    const emails = objects(await get(`${api}/user/emails`)).flatMap((each) =>
      email(each.email, each.verified, each.primary === true),
    )
    return profileOf(
      user.id,
      {
        iss: api,
        name: text(user.name) || user.login,
        preferred_username: user.login,
        user_name: user.login,
        avatar_url: user.avatar_url,
      },
      emails,
    )
  },
}
