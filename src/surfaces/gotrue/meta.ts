/** Public server information: health, settings, and the keys that verify its tokens. */
import { Type } from '@sinclair/typebox'
import { endpoint } from '../../http/endpoint'
import { SERVER_ID } from '../../http/server-id'
import { PROVIDERS } from '../../providers'

/** Server information shown by the surface. */
export interface Features {
  version: string
  /** For the header `X-Server-Id`. */
  serverId: string
}

const PUBLIC_10_MINUTES = 'public, max-age=600'

export const health = ({ version, serverId }: Features) =>
  endpoint({
    method: 'GET',
    path: '/health',
    access: 'anyone',
    isConstant: true,
    tag: 'Server',
    summary: 'Liveness check',
    responses: {
      200: Type.Object(
        { version: Type.String(), name: Type.String(), description: Type.String(), status: Type.Literal('ok') },
        { $id: 'Health' },
      ),
    },
    handle: ({ headers }) => {
      headers[SERVER_ID] = serverId
      return {
        version,
        name: 'GoTrue',
        description: 'GoTrue is a user registration and authentication API',
        status: 'ok',
      }
    },
  })

const LISTED: string[] = PROVIDERS.filter(({ isUnlisted }) => !isUnlisted).map(({ name }) => name)

/** Sign-in methods in GoTrue's order, which has Zoom after the contact methods. */
const EXTERNAL = ['anonymous_users', ...LISTED.filter((name) => name !== 'zoom'), 'email', 'phone', 'zoom']

export const settings = endpoint({
  method: 'GET',
  path: '/settings',
  access: 'anyone',
  isConstant: true,
  tag: 'Server',
  summary: 'List the enabled sign-in methods',
  responses: {
    200: Type.Object(
      {
        external: Type.Object(Object.fromEntries(EXTERNAL.map((name) => [name, Type.Boolean()]))),
        disable_signup: Type.Boolean(),
        mailer_autoconfirm: Type.Boolean(),
        phone_autoconfirm: Type.Boolean(),
        sms_provider: Type.String(),
        saml_enabled: Type.Boolean(),
        saml_private_key_next_configured: Type.Boolean(),
        passkeys_enabled: Type.Boolean(),
        mfa_enabled: Type.Boolean(),
      },
      { $id: 'Settings' },
    ),
  },
  handle: ({ core: { policy, providers } }) => {
    const on: Record<string, boolean> = {
      anonymous_users: policy.signup.anonymous,
      email: policy.signup.email,
      phone: policy.signup.phone,
    }
    return {
      external: Object.fromEntries(
        EXTERNAL.map((name) => [name, on[name] ?? typeof providers.find(name) !== 'string']),
      ),
      disable_signup: policy.signup.disabled,
      mailer_autoconfirm: policy.signup.autoconfirmsEmail,
      phone_autoconfirm: policy.signup.autoconfirmsPhone,
      sms_provider: policy.sms.provider,
      saml_enabled: false,
      // GoTrue reports true even without a provider
      saml_private_key_next_configured: true,
      passkeys_enabled: policy.passkeys.enabled,
      mfa_enabled: true,
    }
  },
})

export const jwks = endpoint({
  method: 'GET',
  path: '/.well-known/jwks.json',
  access: 'anyone',
  tag: 'Server',
  summary: 'Public keys of the access tokens (RFC 7517)',
  description: 'Empty while tokens are signed with the HS256 secret.',
  responses: { 200: Type.Object({ keys: Type.Array(Type.Record(Type.String(), Type.Unknown())) }, { $id: 'Jwks' }) },
  handle: ({ core, headers }) => {
    headers['cache-control'] = PUBLIC_10_MINUTES
    return { keys: core.keyring.publicKeys }
  },
})

const strings = () => Type.Array(Type.String())

const DISCOVERY = {
  scopes_supported: ['openid', 'profile', 'email', 'phone', 'offline_access'],
  response_types_supported: ['code'],
  response_modes_supported: ['query'],
  grant_types_supported: ['authorization_code', 'refresh_token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256', 'HS256', 'ES256'],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  claims_supported:
    'sub aud iss exp iat auth_time nonce email email_verified phone_number phone_number_verified name picture preferred_username updated_at'.split(
      ' ',
    ),
  code_challenge_methods_supported: ['S256', 'plain'],
}

export const discovery = endpoint({
  method: 'GET',
  path: '/.well-known/openid-configuration',
  access: 'anyone',
  isConstant: true,
  tag: 'Server',
  summary: 'OpenID Provider metadata (OpenID Connect Discovery 1.0 §4)',
  description: 'As in Supabase Auth. The OAuth server endpoints that it lists are not supported.',
  responses: {
    200: Type.Object(
      {
        issuer: Type.String(),
        authorization_endpoint: Type.String(),
        token_endpoint: Type.String(),
        jwks_uri: Type.String(),
        userinfo_endpoint: Type.String(),
        ...Object.fromEntries(Object.keys(DISCOVERY).map((name) => [name, strings()])),
      },
      { $id: 'Discovery' },
    ),
  },
  handle: ({ core: { policy }, headers }) => {
    headers['cache-control'] = PUBLIC_10_MINUTES
    const base = policy.issuer.replace(/\/+$/, '')
    return {
      issuer: policy.issuer,
      authorization_endpoint: `${base}/oauth/authorize`,
      token_endpoint: `${base}/oauth/token`,
      jwks_uri: `${base}/.well-known/jwks.json`,
      userinfo_endpoint: `${base}/oauth/userinfo`,
      ...DISCOVERY,
    }
  },
})
