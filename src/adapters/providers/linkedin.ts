/** LinkedIn, the older API. */
import { email, object, objects, type Provider, profileOf, text } from './provider'

export const linkedin: Provider = {
  scopes: ['r_emailaddress', 'r_liteprofile'],
  endpoints: ({ url = 'https://www.linkedin.com' }) => ({
    authorize: `${url}/oauth/v2/authorization`,
    token: `${url}/oauth/v2/accessToken`,
  }),
  async profile({ get, setup: { apiUrl = 'https://api.linkedin.com' } }) {
    const fields = 'id,firstName,lastName,profilePicture(displayImage~:playableStreams)'
    const user = await get(`${apiUrl}/v2/me?projection=(${fields})`)
    const found = await get(`${apiUrl}/v2/emailAddress?q=members&projection=(elements*(handle~))`)
    const [element = {}] = objects(found.elements)
    const [picture = {}] = objects(object(object(user.profilePicture)['displayImage~']).elements)
    const [identifier = {}] = objects(picture.identifiers)
    const name = [user.firstName, user.lastName].map(localised).join(' ').trim()
    return profileOf(
      user.id,
      { iss: apiUrl, name, picture: identifier.identifier, avatar_url: identifier.identifier },
      email(object(element['handle~']).emailAddress, true),
    )
  },
}

/** A name in the language its owner prefers. */
function localised(name: unknown): string {
  const { localized, preferredLocale } = object(name)
  const { language, country } = object(preferredLocale)
  return text(object(localized)[`${text(language)}_${text(country)}`])
}
