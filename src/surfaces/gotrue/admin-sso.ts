import { Type } from '@sinclair/typebox'
import { endpoint } from '../../http/endpoint'
import { errors } from './shapes'

/** GET /admin/sso/providers (contract 1.11): SAML is off, so there are none; dashboards ask all the same. */
export const listSsoProviders = endpoint({
  method: 'GET',
  path: '/admin/sso/providers',
  access: 'admin',
  tag: 'Administration',
  summary: 'List SAML identity providers: always none',
  answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }, { $id: 'SsoProviders' }), ...errors(401, 403) },
  handle: () => ({ items: [] }),
})
