/** LinkedIn, the legacy API. */
import { asObject, asObjects, asText, emailEntry, profileOf } from './profile'
import { defineProvider } from './provider'

export const linkedin = defineProvider({
  name: 'linkedin',
  scopes: ['r_emailaddress', 'r_liteprofile'],
  endpoints: ({ url = 'https://www.linkedin.com' }) => ({
    authorize: `${url}/oauth/v2/authorization`,
    token: `${url}/oauth/v2/accessToken`,
  }),
  async profile({ get, setup: { apiUrl = 'https://api.linkedin.com' } }) {
    const fields = 'id,firstName,lastName,profilePicture(displayImage~:playableStreams)'
    const user = await get(`${apiUrl}/v2/me?projection=(${fields})`)
    const found = await get(`${apiUrl}/v2/emailAddress?q=members&projection=(elements*(handle~))`)
    const [element = {}] = asObjects(found.elements)
    const [picture = {}] = asObjects(asObject(asObject(user.profilePicture)['displayImage~']).elements)
    const [identifier = {}] = asObjects(picture.identifiers)
    const name = [user.firstName, user.lastName].map(localised).join(' ').trim()
    return profileOf(
      user.id,
      { iss: apiUrl, name, picture: identifier.identifier, avatar_url: identifier.identifier },
      emailEntry(asObject(element['handle~']).emailAddress, true),
    )
  },
})

/** A name in its owner's preferred language. */
function localised(name: unknown): string {
  const { localized, preferredLocale } = asObject(name)
  const { language, country } = asObject(preferredLocale)
  return asText(asObject(localized)[`${asText(language)}_${asText(country)}`])
}
