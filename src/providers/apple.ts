/** Sign in with Apple. The name is sent only once, next to the code, not in the ID token. */
import { asObject, asText, openIdProfile } from './profile'
import { defineProvider } from './provider'

const ISSUER = 'https://appleid.apple.com'

export const apple = defineProvider({
  name: 'apple',
  moreClientIds: {
    setting: 'EXTERNAL_IOS_BUNDLE_ID',
    doc: 'Additional client ids accepted in ID tokens of Apple.',
  },
  scopes: ['email', 'name'],
  endpoints: ({ url = ISSUER }) => ({ authorize: `${url}/auth/authorize`, token: `${url}/auth/token` }),
  idTokens: {
    issuer: ({ url = ISSUER }) => url,
    isAllowedByDefault: true,
    severalIssuers: {
      company: 'Apple',
      includes: (issuer, { url = ISSUER }) =>
        [url, 'https://appleid.apple.com', 'https://account.apple.com'].includes(issuer),
    },
  },
  parameters: { response_mode: 'form_post' },
  acceptsNoParameters: true,
  profile({ idToken, parameters }) {
    const claims = idToken ?? {}
    const name = nameOf(parameters.get('user'))
    // Apple only hands out verified addresses
    return openIdProfile({ ...claims, email_verified: true }, name === '' ? {} : { name, full_name: name })
  },
})

function nameOf(user: string | null): string {
  if (user === null || user.length > 2048 || !user.startsWith('{')) return ''
  try {
    const { firstName, lastName } = asObject(asObject(JSON.parse(user)).name)
    return `${asText(firstName)} ${asText(lastName)}`.trim()
  } catch {
    return ''
  }
}
