/** WorkOS. The client chooses by `connection`, `organization` or `workos_provider`. */
import { asObject, asText, emailEntry, profileOf } from './profile'
import { defineProvider } from './provider'

export const workos = defineProvider({
  name: 'workos',
  parameterNames: { workos_provider: 'provider' },
  scopes: [],
  endpoints: ({ url = 'https://api.workos.com' }) => ({ authorize: `${url}/sso/authorize`, token: `${url}/sso/token` }),
  profile({ answer, setup: { url = 'https://api.workos.com', apiUrl = url } }) {
    const user = asObject(answer.profile)
    const name = `${asText(user.first_name)} ${asText(user.last_name)}`.trim()
    const { organization_id, connection_id, connection_type } = user
    return profileOf(
      user.id,
      { iss: apiUrl, name, custom_claims: { organization_id, connection_id, connection_type } },
      emailEntry(user.email, true),
    )
  },
})
