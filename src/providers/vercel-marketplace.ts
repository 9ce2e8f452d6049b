/** Accounts of the Vercel Marketplace, by ID token only. */
import { openIdProfile } from './profile'
import { defineProvider } from './provider'

export const vercelMarketplace = defineProvider({
  name: 'vercel_marketplace',
  isUnlisted: true,
  scopes: [],
  endpoints: ({ url = 'https://marketplace.vercel.com' }) => ({
    authorize: `${url}/oauth/authorize`,
    token: `${url}/oauth/token`,
  }),
  idTokens: { issuer: ({ url = 'https://marketplace.vercel.com' }) => url },
  profile({ idToken = {} }) {
    return openIdProfile({ email: idToken.user_email, ...idToken, email_verified: true })
  },
})
