/** Snapchat, which provides no email addresses. */
import { asObject, emailEntry, openIdProfile, profileOf } from './profile'
import { defineProvider } from './provider'

export const snapchat = defineProvider({
  name: 'snapchat',
  scopes: ['external_id', 'display_name', 'bitmoji.avatar'].map(
    (name) => `https://auth.snapchat.com/oauth2/api/user.${name}`,
  ),
  endpoints: ({ url = 'https://accounts.snapchat.com' }) => ({
    authorize: `${url}/accounts/oauth2/auth`,
    token: `${url}/accounts/oauth2/token`,
  }),
  idTokens: { issuer: ({ url = 'https://accounts.snapchat.com' }) => url },
  async profile({ idToken, accessToken, get, setup: { apiUrl = 'https://kit.snapchat.com' } }) {
    if (accessToken === '' && idToken) return openIdProfile({ ...idToken, email_verified: true })
    const query = encodeURIComponent('{me{externalId displayName bitmoji{avatar id}}}')
    const me = asObject(asObject((await get(`${apiUrl}/v1/me?query=${query}`)).data).me)
    const avatar = asObject(me.bitmoji).avatar
    return profileOf(
      me.externalId,
      { iss: apiUrl, name: me.displayName, picture: avatar, avatar_url: avatar },
      emailEntry(me.email, true),
    )
  },
})
