/** WorkOS. The client says by `connection`, `organization` or `workos_provider` whom to ask. */
import { email, object, type Provider, profileOf, text } from './provider'

export const workos: Provider = {
  scopes: [],
  endpoints: ({ url = 'https://api.workos.com' }) => ({ authorize: `${url}/sso/authorize`, token: `${url}/sso/token` }),
  profile({ answer, setup: { url = 'https://api.workos.com', apiUrl = url } }) {
    const user = object(answer.profile)
    const name = `${text(user.first_name)} ${text(user.last_name)}`.trim()
    const { organization_id, connection_id, connection_type } = user
    return profileOf(
      user.id,
      { iss: apiUrl, name, custom_claims: { organization_id, connection_id, connection_type } },
      email(user.email, true),
    )
  },
}
