/**
 * /admin/sso/providers. SAML is off, so there are no providers and none can be added. Dashboards request the list
 * anyway.
 */
import { type Static, Type } from '@sinclair/typebox'
import { Refusal } from '../../core/kernel/refusal'
import { endpoint } from '../../http/endpoint'
import { choice } from '../../http/schemas'
import { errors } from './schemas'

const shared = { access: 'admin', tag: 'Administration', allowsTrailingSlash: true } as const

export const listSsoProviders = endpoint({
  ...shared,
  method: 'GET',
  path: '/admin/sso/providers',
  summary: 'List SAML identity providers (always empty)',
  responses: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }, { $id: 'SsoProviders' }), ...errors(401, 403) },
  handle: () => ({ items: [] }),
})

const NewProvider = Type.Object(
  {
    type: choice(['saml']),
    metadata_url: Type.Optional(Type.String()),
    metadata_xml: Type.Optional(Type.String()),
  },
  {
    $id: 'NewSsoProvider',
    examples: [{ type: 'saml', metadata_url: 'https://idp.example.com/metadata' }],
    required: ['type'],
  },
)

export const createSsoProvider = endpoint({
  ...shared,
  method: 'POST',
  path: '/admin/sso/providers',
  body: NewProvider,
  summary: 'Add a SAML identity provider: refused, as SAML is off',
  responses: errors(400, 401, 403, 404),
  handle: ({ body }) => {
    const flaw = flawOf(body)
    throw flaw === undefined ? new Refusal('saml_off') : new Refusal('sso_provider_malformed', { detail: flaw })
  },
})

/** GoTrue's checks of the body before it parses the metadata. */
function flawOf({ type, metadata_url: url = '', metadata_xml: xml = '' }: Static<typeof NewProvider>) {
  if (type !== 'saml') return "Only 'saml' supported for SSO provider type"
  if (url !== '' && xml !== '') return 'Only one of metadata_xml or metadata_url needs to be set'
  if (url === '' && xml === '') return 'Either metadata_xml or metadata_url must be set'
  if (url === '') return undefined
  if (!URL.canParse(url)) return 'metadata_url is not a valid URL'
  return new URL(url).protocol === 'https:' ? undefined : 'metadata_url is not a HTTPS URL'
}

const one = {
  ...shared,
  path: '/admin/sso/providers/:id',
  responses: errors(401, 403, 404),
  handle: () => {
    throw new Refusal('sso_provider_unknown')
  },
}

export const getSsoProvider = endpoint({ ...one, method: 'GET', summary: 'Get a SAML identity provider: always 404' })
export const updateSsoProvider = endpoint({
  ...one,
  method: 'PUT',
  summary: 'Change a SAML identity provider: always 404',
})
export const deleteSsoProvider = endpoint({
  ...one,
  method: 'DELETE',
  summary: 'Delete a SAML identity provider: always 404',
})
