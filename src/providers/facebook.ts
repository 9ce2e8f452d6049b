/** Facebook. Its API requires the access token to be signed with the secret. */
import { createHmac } from 'node:crypto'
import { asObject, emailEntry, openIdProfile, profileOf } from './profile'
import { defineProvider } from './provider'

export const facebook = defineProvider({
  name: 'facebook',
  scopes: ['email'],
  scopeSeparator: ',',
  endpoints: ({ url = 'https://www.facebook.com', apiUrl = 'https://graph.facebook.com' }) => ({
    authorize: `${url}/dialog/oauth`,
    token: `${apiUrl}/oauth/access_token`,
  }),
  idTokens: { issuer: ({ url = 'https://www.facebook.com' }) => url, neverChecksNonce: true },
  async profile({ get, accessToken, idToken, setup }) {
    if (accessToken === '' && idToken) return openIdProfile({ ...idToken, email_verified: true })
    const { apiUrl = 'https://graph.facebook.com', secret } = setup
    const proof = createHmac('sha256', secret).update(accessToken).digest('hex')
    const fields = 'email,first_name,last_name,name,picture,id'
    const user = await get(`${apiUrl}/me?fields=${fields}&appsecret_proof=${proof}`)
    const picture = asObject(asObject(user.picture).data).url
    return profileOf(
      user.id,
      {
        iss: apiUrl,
        name: user.name,
        given_name: user.first_name,
        family_name: user.last_name,
        picture,
        avatar_url: picture,
      },
      emailEntry(user.email, true),
    )
  },
})
