/** Microsoft Entra ID, one tenant or all. `xms_edov` says whether the domain owner verified the address. */
import { openIdProfile } from './profile'
import type { Provider, Setup } from './provider'

const tenantOf = ({ url }: Setup) => url ?? 'https://login.microsoftonline.com/common'

export const azure: Provider = {
  scopes: ['openid'],
  endpoints: (setup) => ({
    authorize: `${tenantOf(setup)}/oauth2/v2.0/authorize`,
    token: `${tenantOf(setup)}/oauth2/v2.0/token`,
  }),
  issuer: (setup) => `${tenantOf(setup)}/v2.0`,
  isIssuer(issuer, setup) {
    const tenant = tenantOf(setup)
    if (!/\/(common|organizations|consumers)$/.test(tenant)) return issuer === `${tenant}/v2.0`
    return new RegExp(`^${tenant.replace(/\/\w+$/, '').replaceAll('.', '\\.')}/[0-9a-f-]{36}/v2\\.0$`).test(issuer)
  },
  acceptsIdTokens: true,
  profile({ idToken = {} }) {
    const { xms_edov: edov } = idToken
    const isVerified = edov === undefined || [true, 1, '1', 'true'].includes(edov as string)
    const { tid, oid } = idToken
    const customClaims = Object.fromEntries(Object.entries({ tid, oid }).filter(([, value]) => value !== undefined))
    return openIdProfile({ ...idToken, email_verified: isVerified }, { custom_claims: customClaims })
  },
}
