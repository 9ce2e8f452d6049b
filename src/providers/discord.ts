/** Discord. */
import { asText, emailEntry, profileOf } from './profile'
import { defineProvider } from './provider'

export const discord = defineProvider({
  name: 'discord',
  hasShortSettings: true,
  scopes: ['email', 'identify'],
  endpoints: ({ url = 'https://discord.com' }) => ({
    authorize: `${url}/api/oauth2/authorize`,
    token: `${url}/api/oauth2/token`,
  }),
  async profile({ get, setup: { url = 'https://discord.com', apiUrl = url } }) {
    const user = await get(`${apiUrl}/api/users/@me`)
    const id = asText(user.id)
    const discriminator = asText(user.discriminator) || '0'
    const avatar = asText(user.avatar)
    const picture =
      avatar === ''
        ? `https://cdn.discordapp.com/embed/avatars/${Number(discriminator) % 5}.png`
        : `https://cdn.discordapp.com/avatars/${id}/${avatar}.${avatar.startsWith('a_') ? 'gif' : 'png'}`
    return profileOf(
      id,
      {
        iss: `${apiUrl}/api`,
        name: `${asText(user.username)}#${discriminator}`,
        full_name: user.username,
        picture,
        avatar_url: picture,
        custom_claims: { global_name: user.global_name },
      },
      emailEntry(user.email, user.verified),
    )
  },
})
