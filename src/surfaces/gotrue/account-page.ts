/** What the account page needs besides the API for applications (additions to GoTrue, docs/account.md). */
import { Type } from '@sinclair/typebox'
import type { RequestCore } from '../../core'
import { endpoint } from '../../http/endpoint'
import { LANGUAGES } from '../../pages/languages'
import { withQuery } from './redirect-response'
import { codeChallengeFields, codeChallengeOfBody, errors } from './schemas'

/** `POST /account/code`. */
export const continueSession = endpoint({
  method: 'POST',
  path: '/account/code',
  access: 'user',
  body: Type.Object(
    {
      redirect_to: Type.String({ description: 'Where the application receives the code.' }),
      refresh_token: Type.String({ description: 'The latest of the session; it stays valid.' }),
      ...codeChallengeFields,
    },
    {
      $id: 'AccountCodeRequest',
      examples: [
        {
          redirect_to: 'http://localhost:3000/callback',
          refresh_token: 'the refresh token of this session',
          code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
          code_challenge_method: 's256',
        },
      ],
    },
  ),
  tag: 'Account page',
  summary: 'Continue a session in an application',
  description:
    'Returns where to send the browser, with a code that the application exchanges for a session of its own (grant `pkce`). That session is as old as this one, and has its assurance level and authentication methods. A target that is not allowed is refused.',
  responses: { 200: Type.Object({ redirect_to: Type.String() }), ...errors(400, 401, 403) },
  handle: async ({ core, caller, body }) => {
    const { redirect_to: given = '', refresh_token: refreshToken = '' } = body
    const { code, redirectTo } = await core.issueContinuation({
      caller,
      refreshToken,
      redirectTo: given,
      ...codeChallengeOfBody(body),
    })
    return { redirect_to: withQuery(redirectTo, { code }) }
  },
})

const Switches = Type.Object({ enroll: Type.Boolean(), verify: Type.Boolean() })

/** `GET /account/settings`. */
export const accountSettings = endpoint({
  method: 'GET',
  path: '/account/settings',
  access: 'anyone',
  query: {
    redirect_to: Type.Optional(Type.String({ description: 'The target to check.' })),
  },
  tag: 'Account page',
  summary: 'Show what the account page offers',
  description: 'The name and look of the page, and what `GET /settings` does not say about signing in.',
  responses: {
    200: Type.Object(
      {
        name: Type.String(),
        logo_url: Type.Union([Type.String(), Type.Null()]),
        accent: Type.Union([Type.Object({ light: Type.String(), dark: Type.String() }), Type.Null()], {
          description: 'Colors as `#rrggbb`, readable as text on light and dark pages.',
        }),
        site_url: Type.String(),
        is_redirect_allowed: Type.Union([Type.Boolean(), Type.Null()], { description: 'null without `redirect_to`.' }),
        sign_in: Type.Object({
          magic_links: Type.Boolean(),
          email_code_length: Type.Integer(),
          phone_code_length: Type.Integer(),
          sends_whatsapp: Type.Boolean(),
          web3: Type.Object({ solana: Type.Boolean(), ethereum: Type.Boolean() }),
          custom_providers: Type.Array(Type.Object({ id: Type.String(), name: Type.String() }), {
            description: '`id` is the `provider` of `GET /authorize`.',
          }),
          captcha: Type.Union([Type.String(), Type.Null()], { description: '`hcaptcha`, `turnstile` or `pow`.' }),
        }),
        password: Type.Object({
          min_length: Type.Integer({ description: 'Bytes.' }),
          required_characters: Type.Array(Type.String(), { description: 'One character of each is required.' }),
          requires_current: Type.Boolean(),
          requires_reauthentication: Type.Boolean({ description: 'In a session older than a day, a mailed code.' }),
        }),
        account: Type.Object({
          manual_linking: Type.Boolean(),
          secure_email_change: Type.Boolean({ description: 'Both addresses confirm a change.' }),
          max_passkeys: Type.Integer(),
          max_factors: Type.Integer(),
          totp: Switches,
          phone: Switches,
          webauthn: Switches,
          recovery_codes: Switches,
        }),
        languages: Type.Array(Type.String()),
      },
      { $id: 'AccountSettings' },
    ),
    ...errors(),
  },
  handle: async ({ core, query }) => ({
    ...lookOf(core),
    is_redirect_allowed: core.isAllowedTarget(query.redirect_to) ?? null,
    sign_in: await signInOf(core),
    ...rulesOf(core),
    languages: [...LANGUAGES],
  }),
})

const lookOf = ({ policy: { brand, redirects } }: RequestCore) => ({
  name: brand.name,
  logo_url: brand.logoUrl ?? null,
  accent: brand.accent ?? null,
  site_url: redirects.siteUrl,
})

const signInOf = async (core: RequestCore) => {
  const { mail, sms, web3, captcha } = core.policy
  return {
    magic_links: mail.magicLinks,
    email_code_length: mail.codeLength,
    phone_code_length: sms.codeLength,
    sends_whatsapp: sms.allowsWhatsapp,
    web3: { solana: web3.solana.enabled, ethereum: web3.ethereum.enabled },
    custom_providers: await core.enabledCustomProviders(),
    captcha: captcha?.provider ?? null,
  }
}

const switchesOf = ({ enrollEnabled, verifyEnabled }: { enrollEnabled: boolean; verifyEnabled: boolean }) => ({
  enroll: enrollEnabled,
  verify: verifyEnabled,
})

const rulesOf = ({ policy: { password, oauth, mail, passkeys, mfa } }: RequestCore) => ({
  password: {
    min_length: password.minBytes,
    required_characters: [...password.requiredCharacters],
    requires_current: password.requireCurrent,
    requires_reauthentication: password.requireReauthentication,
  },
  account: {
    manual_linking: oauth.manualLinking,
    secure_email_change: mail.secureChange,
    max_passkeys: passkeys.max,
    max_factors: mfa.limits.max,
    totp: switchesOf(mfa.totp),
    phone: switchesOf(mfa.phone),
    webauthn: switchesOf(mfa.webauthn),
    recovery_codes: switchesOf(mfa.recoveryCodes),
  },
})
