/** Microsoft Entra ID, one tenant or all. The claim `xms_edov` tells whether the domain owner verified the address. */
import { openIdProfile } from './profile'
import { defineProvider, type ProviderUrl } from './provider'

const tenantOf = ({ url }: ProviderUrl) => url ?? 'https://login.microsoftonline.com/common'

export const azure = defineProvider({
  name: 'azure',
  hasShortSettings: true,
  scopes: ['openid'],
  endpoints: (setup) => ({
    authorize: `${tenantOf(setup)}/oauth2/v2.0/authorize`,
    token: `${tenantOf(setup)}/oauth2/v2.0/token`,
  }),
  idTokens: {
    issuer: (setup) => `${tenantOf(setup)}/v2.0`,
    severalIssuers: { company: 'Azure', includes: isTenantIssuer },
  },
  profile({ idToken = {} }) {
    const { xms_edov: edov } = idToken
    const isVerified = edov === undefined || [true, 1, '1', 'true'].includes(edov as string)
    const { tid, oid } = idToken
    const customClaims = Object.fromEntries(Object.entries({ tid, oid }).filter(([, value]) => value !== undefined))
    return openIdProfile({ ...idToken, email_verified: isVerified }, { custom_claims: customClaims })
  },
})

/** Each tenant has an issuer of its own. */
function isTenantIssuer(issuer: string, setup: ProviderUrl): boolean {
  const tenant = tenantOf(setup)
  if (!/\/(common|organizations|consumers)$/.test(tenant)) return issuer === `${tenant}/v2.0`
  return new RegExp(`^${tenant.replace(/\/\w+$/, '').replaceAll('.', '\\.')}/[0-9a-f-]{36}/v2\\.0$`).test(issuer)
}
