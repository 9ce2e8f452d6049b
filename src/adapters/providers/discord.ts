/** Discord. */
import { email, type Provider, profileOf, text } from './provider'

export const discord: Provider = {
  scopes: ['email', 'identify'],
  endpoints: ({ url = 'https://discord.com' }) => ({
    authorize: `${url}/api/oauth2/authorize`,
    token: `${url}/api/oauth2/token`,
  }),
  async profile({ get, setup: { url = 'https://discord.com', apiUrl = url } }) {
    const user = await get(`${apiUrl}/api/users/@me`)
    const id = text(user.id)
    const discriminator = text(user.discriminator) || '0'
    const avatar = text(user.avatar)
    const picture =
      avatar === ''
        ? `https://cdn.discordapp.com/embed/avatars/${Number(discriminator) % 5}.png`
        : `https://cdn.discordapp.com/avatars/${id}/${avatar}.${avatar.startsWith('a_') ? 'gif' : 'png'}`
    return profileOf(
      id,
      {
        iss: `${apiUrl}/api`,
        name: `${text(user.username)}#${discriminator}`,
        full_name: user.username,
        picture,
        avatar_url: picture,
        custom_claims: { global_name: user.global_name },
      },
      email(user.email, user.verified),
    )
  },
}
