/** Sign in with Apple. The name comes once, beside the code and not in the token. */
import { object, openIdProfile, type Provider, text } from './provider'

const ISSUER = 'https://appleid.apple.com'

export const apple: Provider = {
  scopes: ['email', 'name'],
  endpoints: ({ url = ISSUER }) => ({ authorize: `${url}/auth/authorize`, token: `${url}/auth/token` }),
  issuer: ({ url = ISSUER }) => url,
  isIssuer: (issuer, { url = ISSUER }) =>
    [url, 'https://appleid.apple.com', 'https://account.apple.com'].includes(issuer),
  takesIdTokens: true,
  parameters: { response_mode: 'form_post' },
  takesNoParameters: true,
  profile({ idToken, parameters }) {
    const claims = idToken ?? {}
    const name = nameOf(parameters.get('user'))
    // Apple gives nobody an address that is not theirs
    return openIdProfile({ ...claims, email_verified: true }, name === '' ? {} : { name, full_name: name })
  },
}

function nameOf(user: string | null): string {
  if (user === null || user.length > 2048 || !user.startsWith('{')) return ''
  try {
    const { firstName, lastName } = object(object(JSON.parse(user)).name)
    return `${text(firstName)} ${text(lastName)}`.trim()
  } catch {
    return ''
  }
}
