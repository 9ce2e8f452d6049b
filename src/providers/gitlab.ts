/** GitLab, hosted or self-managed. Only the primary address is reported as confirmed. */
import { asObjects, asText, emailEntry, profileOf } from './profile'
import { defineProvider } from './provider'

export const gitlab = defineProvider({
  name: 'gitlab',
  hasShortSettings: true,
  scopes: ['read_user'],
  endpoints: ({ url = 'https://gitlab.com' }) => ({ authorize: `${url}/oauth/authorize`, token: `${url}/oauth/token` }),
  async profile({ get, setup: { url = 'https://gitlab.com' } }) {
    const user = await get(`${url}/api/v4/user`)
    const others = asObjects(await get(`${url}/api/v4/user/emails`)).flatMap((each) =>
      asText(each.email) === asText(user.email) ? [] : emailEntry(each.email, asText(each.confirmed_at) !== '', false),
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
      [...emailEntry(user.email, asText(user.confirmed_at) !== ''), ...others],
    )
  },
})
