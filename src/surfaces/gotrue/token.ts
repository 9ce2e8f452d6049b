import { type Static, Type } from '@sinclair/typebox'
import type { IssuedSession } from '../../core'
import { Refusal } from '../../core/kernel/refusal'
import { credentialsOf } from '../../http/credentials'
import { endpoint, type HandlerContext } from '../../http/endpoint'
import { body, choice, text } from '../../http/schemas'
import { audience } from './audience'
import { captcha } from './captcha'
import { errors, SessionShape, sessionHeaders, tokenErrors, toSession } from './schemas'

const PasswordGrant = body(
  'PasswordGrant',
  { email: text(), phone: text('Instead of an email address.'), password: text() },
  { example: { email: 'ada@example.com', password: 'correct-horse-battery-9' }, required: ['password'] },
)

const RefreshTokenGrant = body(
  'RefreshTokenGrant',
  { refresh_token: text() },
  { example: { refresh_token: 'APy59BS8mkk1iVmYDqj6RdwApd0voOJhE9kfstrD6oSdFYE-9Nk' }, required: ['refresh_token'] },
)

const PkceGrant = body(
  'PkceGrant',
  { auth_code: text('The code from the link or callback.'), code_verifier: text() },
  {
    example: {
      auth_code: '2b4ef0c4-8f05-4c09-9d0f-3d1d3f4a7c11',
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    },
    required: ['auth_code', 'code_verifier'],
  },
)

const IdTokenGrant = body(
  'IdTokenGrant',
  {
    id_token: text(),
    provider: text('The provider of the token.'),
    client_id: text('With `issuer`, instead of a provider.'),
    issuer: text(),
    access_token: text("The provider's access token."),
    nonce: text('The nonce whose hash is in the token.'),
    link_identity: Type.Optional(
      Type.Boolean({ description: 'Link the identity to the account of the bearer token.' }),
    ),
  },
  { example: { provider: 'google', id_token: 'eyJhbGciOiJSUzI1NiJ9.…' }, required: ['id_token'] },
)

const Web3Grant = body(
  'Web3Grant',
  {
    chain: choice(['solana', 'ethereum']),
    message: text('The message signed by the wallet.'),
    signature: text('Base64 for Solana, hexadecimal for Ethereum.'),
  },
  {
    example: { chain: 'ethereum', message: 'example.com wants you to sign in …', signature: '0x…' },
    required: ['chain', 'message', 'signature'],
  },
)

const Body = Type.Object({
  ...PasswordGrant.properties,
  ...RefreshTokenGrant.properties,
  ...PkceGrant.properties,
  ...IdTokenGrant.properties,
  ...Web3Grant.properties,
})

type Request = Pick<HandlerContext, 'core' | 'request'> & { body: Static<typeof Body> }

/** The grants of `POST /token`. */
const grants: Record<string, (request: Request) => Promise<IssuedSession>> = {
  password: ({ core, request, body: { email, phone, password = '' } }) =>
    core.signInWithPassword({ email, phone, password, audience: audience(core, request) }),
  refresh_token: ({ core, body: { refresh_token: refreshToken = '' } }) => core.refreshSession({ refreshToken }),
  pkce: ({ core, body: { auth_code: authCode = '', code_verifier: codeVerifier = '' } }) =>
    core.exchangeCode({ authCode, codeVerifier }),
  id_token: ({ core, request, body }) =>
    core.signInWithIdToken({
      idToken: body.id_token ?? '',
      provider: body.provider ?? '',
      clientId: body.client_id ?? '',
      issuer: body.issuer ?? '',
      accessToken: body.access_token ?? '',
      nonce: body.nonce ?? '',
      linksIdentity: body.link_identity ?? false,
      credentials: credentialsOf(core, request),
    }),
  web3: ({ core, body: { chain = '', message = '', signature = '' } }) =>
    core.signInWithWallet({ chain, message, signature }),
}

/** The grants that need no captcha: they continue a sign-in that has passed one, or that a provider vouches for. */
const WITHOUT_CAPTCHA = ['pkce', 'refresh_token', 'id_token']

/** `POST /token?grant_type=…`. */
export const token = endpoint({
  method: 'POST',
  path: '/token',
  access: 'anyone',
  captcha: captcha('sign_in', { isExempt: ({ query }) => WITHOUT_CAPTCHA.includes(query.grant_type ?? '') }),
  body: Body,
  forms: [PasswordGrant, RefreshTokenGrant, PkceGrant, IdTokenGrant, Web3Grant],
  query: {
    grant_type: Type.String({
      description: 'The grant type.',
      enum: ['password', 'refresh_token', 'pkce', 'id_token', 'web3'],
    }),
  },
  tag: 'Sign-up and sign-in',
  summary: 'Sign in with a password or a PKCE code, or refresh a session',
  description:
    'A refresh token can be used once. The previous token gets the same successor again, because a response may be lost; reuse of an older token ends the session.',
  responses: { 200: SessionShape, ...tokenErrors, ...errors(404, 422, 429) },
  check: ({ core: { policy }, request, query }) => {
    // a form may name the grant as well; its body then fails to parse as JSON, as in GoTrue
    const isForm = request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded')
    const grantType = query.grant_type ?? ''
    if (!Object.hasOwn(grants, grantType) && !isForm) throw new Refusal('grant_unknown')
    const { solana, ethereum } = policy.web3
    if (grantType === 'web3' && !solana.enabled && !ethereum.enabled) throw new Refusal('web3_disabled')
  },
  handle: async (request) => {
    const grantType = request.query.grant_type ?? ''
    const grant = Object.hasOwn(grants, grantType) ? grants[grantType] : undefined
    if (!grant) throw new Refusal('grant_unknown')
    const issued = await grant(request)
    Object.assign(request.headers, sessionHeaders(issued))
    return toSession(issued)
  },
})
