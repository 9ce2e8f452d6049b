/** Kakao. */
import { asObject, emailEntry, openIdProfile, profileOf } from './profile'
import { defineProvider } from './provider'

export const kakao = defineProvider({
  name: 'kakao',
  scopes: ['account_email', 'profile_image', 'profile_nickname'],
  endpoints: ({ url = 'https://kauth.kakao.com' }) => ({
    authorize: `${url}/oauth/authorize`,
    token: `${url}/oauth/token`,
  }),
  idTokens: { issuer: ({ url = 'https://kauth.kakao.com' }) => url },
  async profile({ idToken, accessToken, get, setup: { apiUrl = 'https://kapi.kakao.com' } }) {
    // its ID tokens do not contain whether the address is confirmed
    if (accessToken === '' && idToken) return openIdProfile({ ...idToken, name: idToken.nickname })
    const user = await get(`${apiUrl}/v2/user/me`)
    const account = asObject(user.kakao_account)
    const { nickname, profile_image_url: picture } = asObject(account.profile)
    return profileOf(
      user.id,
      { iss: apiUrl, name: nickname, preferred_username: nickname, user_name: nickname, picture, avatar_url: picture },
      emailEntry(account.email, account.is_email_verified === true && account.is_email_valid === true),
    )
  },
})
