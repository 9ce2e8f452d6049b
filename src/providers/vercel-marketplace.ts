/** Accounts of the Vercel Marketplace, by ID token only. */
import { openIdProfile } from './profile'
import type { Provider } from './provider'

export const vercelMarketplace: Provider = {
  scopes: [],
  endpoints: ({ url = 'https://marketplace.vercel.com' }) => ({
    authorize: `${url}/oauth/authorize`,
    token: `${url}/oauth/token`,
  }),
  issuer: ({ url = 'https://marketplace.vercel.com' }) => url,
  acceptsIdTokens: true,
  profile({ idToken = {} }) {
    return openIdProfile({ email: idToken.user_email, ...idToken, email_verified: true })
  },
}
