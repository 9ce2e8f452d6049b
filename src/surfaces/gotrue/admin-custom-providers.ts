/** `/admin/custom-providers`. */
import { type Static, Type } from '@sinclair/typebox'
import { status } from 'elysia'
import type { CustomProvider } from '../../core'
import { endpoint } from '../../http/endpoint'
import { freeForm } from '../../http/free-form'
import { choice, oneOf } from '../../http/schemas'
import { goTime } from '../../lib/rfc3339'
import { errors } from './schemas'

const texts = () => Type.Array(Type.String())

/** The fields of a provider at creation, and in later changes. */
const fields = {
  name: Type.Optional(Type.String({ description: 'Display name.' })),
  client_id: Type.Optional(Type.String({ description: 'The client id issued by the provider.' })),
  client_secret: Type.Optional(Type.String({ description: 'The client secret; never returned.' })),
  acceptable_client_ids: Type.Optional(
    Type.Array(Type.String(), { description: 'Additional client ids accepted in ID tokens.' }),
  ),
  scopes: Type.Optional(
    Type.Array(Type.String(), { description: '`openid` is always included for an oidc provider.' }),
  ),
  pkce_enabled: Type.Optional(Type.Boolean({ description: 'Use PKCE with the provider (RFC 7636). Default: true.' })),
  attribute_mapping: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description: "GoTrue's claim names, each with the provider's claim; a value that is not a string is used as is.",
    }),
  ),
  custom_claims_allowlist: Type.Optional(
    Type.Array(Type.String(), { description: 'Claims of the provider that are copied to `custom_claims`.' }),
  ),
  authorization_params: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description: 'Additional parameters of every authorization request.',
    }),
  ),
  enabled: Type.Optional(Type.Boolean({ description: 'Default: true.' })),
  email_optional: Type.Optional(Type.Boolean({ description: 'Accept accounts without an email address.' })),
  issuer: Type.Optional(Type.String({ description: 'oidc only: the issuer, which also signs ID tokens.' })),
  discovery_url: Type.Optional(
    Type.String({ description: 'URL of the discovery document, if not below the issuer; empty resets it.' }),
  ),
  skip_nonce_check: Type.Optional(Type.Boolean({ description: 'Accept ID tokens without checking the nonce.' })),
  authorization_url: Type.Optional(Type.String({ description: 'oauth2 only, like the next three.' })),
  token_url: Type.Optional(Type.String()),
  userinfo_url: Type.Optional(Type.String()),
  jwks_uri: Type.Optional(Type.String({ description: 'Stored and returned; not used for verification.' })),
}

const NewCustomProvider = Type.Object(
  {
    provider_type: choice(['oidc', 'oauth2']),
    identifier: Type.Optional(Type.String({ description: '`custom:` followed by a name of your choice.' })),
    ...fields,
  },
  {
    $id: 'NewCustomProvider',
    required: ['provider_type', 'identifier', 'name', 'client_id'],
    examples: [
      {
        provider_type: 'oidc',
        identifier: 'custom:acme',
        name: 'Acme',
        issuer: 'https://id.example.com',
        client_id: 'latchkey',
        client_secret: 'a secret',
        scopes: ['openid', 'email', 'profile'],
      },
    ],
  },
)

const CustomProviderChanges = Type.Object(fields, { $id: 'CustomProviderChanges', examples: [{ enabled: false }] })

const Discovery = Type.Object(
  {
    issuer: Type.String(),
    authorization_endpoint: Type.String(),
    token_endpoint: Type.String(),
    userinfo_endpoint: Type.Optional(Type.String()),
    jwks_uri: Type.String(),
    scopes_supported: Type.Optional(texts()),
    response_types_supported: Type.Optional(texts()),
    grant_types_supported: Type.Optional(texts()),
    subject_types_supported: Type.Optional(texts()),
  },
  {
    $id: 'IssuerMetadata',
    description: 'The issuer metadata when it was last fetched (OpenID Connect Discovery 1.0 §3).',
  },
)

const CustomProviderShape = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    provider_type: oneOf(['oidc', 'oauth2']),
    identifier: Type.String(),
    name: Type.String(),
    client_id: Type.String(),
    acceptable_client_ids: texts(),
    scopes: texts(),
    pkce_enabled: Type.Boolean(),
    attribute_mapping: freeForm(),
    custom_claims_allowlist: texts(),
    authorization_params: freeForm(),
    enabled: Type.Boolean(),
    email_optional: Type.Boolean(),
    issuer: Type.Optional(Type.String()),
    discovery_url: Type.Optional(Type.String()),
    skip_nonce_check: Type.Boolean(),
    discovery_document: Type.Optional(Discovery),
    authorization_url: Type.Optional(Type.String()),
    token_url: Type.Optional(Type.String()),
    userinfo_url: Type.Optional(Type.String()),
    jwks_uri: Type.Optional(Type.String()),
    created_at: Type.String({ format: 'date-time' }),
    updated_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'CustomProvider' },
)

const shared = { access: 'admin', tag: 'Administration', allowsTrailingSlash: true } as const
const ONE = '/admin/custom-providers/:identifier'

export const listCustomProviders = endpoint({
  ...shared,
  method: 'GET',
  path: '/admin/custom-providers',
  query: { type: Type.Optional(Type.String({ description: 'Filter: `oidc` or `oauth2`.' })) },
  summary: 'List custom OAuth and OpenID providers, newest first',
  responses: { 200: Type.Object({ providers: Type.Array(CustomProviderShape) }), ...errors(400, 401, 403, 404) },
  handle: async ({ core, query }) => ({
    providers: (await core.listCustomProviders(query.type ?? '')).map(toCustomProvider),
  }),
})

export const createCustomProvider = endpoint({
  ...shared,
  method: 'POST',
  path: '/admin/custom-providers',
  body: NewCustomProvider,
  summary: 'Create a custom OAuth or OpenID provider',
  description:
    'Users sign in with it at `/authorize?provider=custom:…`; its redirect URI is the callback of this server. URLs must be https and public, unless AUTH_CUSTOM_OAUTH_INTERNAL_HOSTS lists their host. The metadata of an OpenID issuer is fetched first.',
  responses: { 201: CustomProviderShape, ...errors(400, 401, 403, 404) },
  handle: async ({ core, caller: admin, body }) => {
    const { provider_type: type = '', identifier = '' } = body
    return status(
      201,
      toCustomProvider(await core.createCustomProvider({ admin, type, identifier, given: given(body) })),
    )
  },
})

export const getCustomProvider = endpoint({
  ...shared,
  method: 'GET',
  path: ONE,
  summary: 'Get a custom provider',
  responses: { 200: CustomProviderShape, ...errors(400, 401, 403, 404) },
  handle: async ({ core, params }) => toCustomProvider(await core.getCustomProvider(params.identifier)),
})

export const updateCustomProvider = endpoint({
  ...shared,
  method: 'PUT',
  path: ONE,
  body: CustomProviderChanges,
  summary: 'Update a custom provider',
  description: 'Omitted fields stay unchanged. With `issuer` or `discovery_url`, the metadata is fetched again.',
  responses: { 200: CustomProviderShape, ...errors(400, 401, 403, 404) },
  handle: async ({ core, caller: admin, params: { identifier }, body }) =>
    toCustomProvider(await core.updateCustomProvider({ admin, identifier, given: given(body) })),
})

export const deleteCustomProvider = endpoint({
  ...shared,
  method: 'DELETE',
  path: ONE,
  summary: 'Delete a custom provider',
  description: 'Users who signed in with it keep their accounts and identities.',
  responses: { 204: Type.Void(), ...errors(400, 401, 403, 404) },
  handle: async ({ core, caller: admin, params: { identifier } }) => {
    await core.deleteCustomProvider({ admin, identifier })
    return status(204)
  },
})

function given(body: Static<typeof CustomProviderChanges>) {
  return {
    name: body.name,
    clientId: body.client_id,
    clientSecret: body.client_secret,
    acceptableClientIds: body.acceptable_client_ids,
    scopes: body.scopes,
    pkceEnabled: body.pkce_enabled,
    attributeMapping: body.attribute_mapping,
    customClaimsAllowlist: body.custom_claims_allowlist,
    authorizationParams: body.authorization_params,
    enabled: body.enabled,
    emailOptional: body.email_optional,
    issuer: body.issuer,
    discoveryUrl: body.discovery_url,
    skipNonceCheck: body.skip_nonce_check,
    authorizationUrl: body.authorization_url,
    tokenUrl: body.token_url,
    userinfoUrl: body.userinfo_url,
    jwksUri: body.jwks_uri,
  }
}

function toCustomProvider(provider: CustomProvider): Static<typeof CustomProviderShape> {
  return {
    id: provider.id,
    provider_type: provider.providerType,
    identifier: provider.identifier,
    name: provider.name,
    client_id: provider.clientId,
    acceptable_client_ids: provider.acceptableClientIds,
    scopes: provider.scopes,
    pkce_enabled: provider.pkceEnabled,
    attribute_mapping: provider.attributeMapping,
    custom_claims_allowlist: provider.customClaimsAllowlist,
    authorization_params: provider.authorizationParams,
    enabled: provider.enabled,
    email_optional: provider.emailOptional,
    issuer: provider.issuer ?? undefined,
    discovery_url: provider.discoveryUrl ?? undefined,
    skip_nonce_check: provider.skipNonceCheck,
    discovery_document: provider.discoveryDocument ?? undefined,
    authorization_url: provider.authorizationUrl ?? undefined,
    token_url: provider.tokenUrl ?? undefined,
    userinfo_url: provider.userinfoUrl ?? undefined,
    jwks_uri: provider.jwksUri ?? undefined,
    created_at: goTime(provider.createdAt),
    updated_at: goTime(provider.updatedAt),
  }
}
