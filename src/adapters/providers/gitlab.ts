/** GitLab, and one that is hosted elsewhere. Only the primary address is told to be confirmed. */
import { email, objects, type Provider, profileOf, text } from './provider'

export const gitlab: Provider = {
  scopes: ['read_user'],
  endpoints: ({ url = 'https://gitlab.com' }) => ({ authorize: `${url}/oauth/authorize`, token: `${url}/oauth/token` }),
  async profile({ get, setup: { url = 'https://gitlab.com' } }) {
    const user = await get(`${url}/api/v4/user`)
    const others = objects(await get(`${url}/api/v4/user/emails`)).flatMap((each) =>
      text(each.email) === text(user.email) ? [] : email(each.email, text(each.confirmed_at) !== '', false),
    )
    return profileOf(
      user.id,
      {
        iss: url,
        name: user.name,
        preferred_username: user.username,
        user_name: user.username,
        picture: user.avatar_url,
        avatar_url: user.avatar_url,
      },
      [...email(user.email, text(user.confirmed_at) !== ''), ...others],
    )
  },
}
