/** Twitter with OAuth 1.0a. */
import { asObject, asText, emailEntry, profileOf } from './profile'
import { defineProvider } from './provider'

export const twitter = defineProvider({
  name: 'twitter',
  protocol: 'oauth1',
  endpoints: ({ url = 'https://api.twitter.com', apiUrl = url }) => ({
    requestToken: `${apiUrl}/oauth/request_token`,
    authorize: `${url}/oauth/authenticate`,
    accessToken: `${apiUrl}/oauth/access_token`,
  }),
  async profile({ get, setup: { url = 'https://api.twitter.com', apiUrl = url } }) {
    const account = `${apiUrl}/1.1/account/verify_credentials.json`
    const user = asObject(await get(`${account}?include_entities=false&skip_status=true&include_email=true`))
    const { name, screen_name: userName, profile_image_url_https: picture } = user
    return profileOf(
      asText(user.id_str),
      { iss: account, name, user_name: userName, preferred_username: userName, picture, avatar_url: picture },
      emailEntry(user.email, true),
    )
  },
})
