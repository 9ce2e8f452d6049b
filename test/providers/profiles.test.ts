/** For every provider, a profile in its documented format, and the result of mapping it (docs/wire-contract.md#providers). */
import { expect, test } from 'bun:test'
import { PROVIDER_NAMES, type ProviderName, providerNamed } from '../../src/providers'
import type { UntrustedJson } from '../../src/providers/profile'
import type { ProfileContext, Setup } from '../../src/providers/provider'
import type { Json } from '../support/app'

interface Sample {
  provider: ProviderName
  setup?: Partial<Setup>
  /** Responses of the provider's API, by the beginning of the URL. */
  answers?: Record<string, Json>
  vouched?: Partial<ProfileContext>
  /** Some of the resulting claims. */
  claims: Json
  emails: [address: string, isVerified: boolean, isPrimary: boolean][]
}

const ada = { name: 'Ada Lovelace', full_name: 'Ada Lovelace' }
const EMAIL = 'ada@example.com'

const SAMPLES: Sample[] = [
  {
    provider: 'apple',
    vouched: {
      idToken: { iss: 'https://appleid.apple.com', sub: '001.abc.1', email: EMAIL, email_verified: 'true' },
      parameters: new URLSearchParams({ user: '{"name":{"firstName":"Ada","lastName":"Lovelace"},"email":"x@y.z"}' }),
    },
    claims: { sub: '001.abc.1', ...ada, iss: 'https://appleid.apple.com' },
    emails: [[EMAIL, true, true]],
  },
  {
    provider: 'azure',
    vouched: {
      idToken: {
        iss: 'https://login.microsoftonline.com/t/v2.0',
        sub: 'AAA',
        oid: 'o',
        tid: 't',
        name: 'Ada Lovelace',
        preferred_username: EMAIL,
        email: EMAIL,
        xms_edov: '0',
      },
    },
    claims: { sub: 'AAA', ...ada, custom_claims: { tid: 't', oid: 'o' } },
    emails: [[EMAIL, false, true]],
  },
  {
    provider: 'bitbucket',
    answers: {
      'https://api.bitbucket.org/2.0/user/emails': {
        values: [
          { email: 'old@example.com', is_primary: false, is_confirmed: false },
          { email: EMAIL, is_primary: true, is_confirmed: true },
        ],
      },
      'https://api.bitbucket.org/2.0/user': {
        uuid: '{a-b}',
        display_name: 'Ada Lovelace',
        username: 'ada',
        links: { avatar: { href: 'https://img.example/a' } },
      },
    },
    claims: { sub: '{a-b}', ...ada, user_name: 'ada', avatar_url: 'https://img.example/a' },
    emails: [
      ['old@example.com', false, false],
      [EMAIL, true, true],
    ],
  },
  {
    provider: 'discord',
    answers: {
      'https://discord.com/api/users/@me': {
        id: '80351110224678912',
        username: 'ada',
        discriminator: '1337',
        avatar: 'a_8342',
        global_name: 'Ada',
        verified: true,
        email: EMAIL,
      },
    },
    claims: {
      sub: '80351110224678912',
      name: 'ada#1337',
      custom_claims: { global_name: 'Ada' },
      avatar_url: 'https://cdn.discordapp.com/avatars/80351110224678912/a_8342.gif',
    },
    emails: [[EMAIL, true, true]],
  },
  {
    provider: 'facebook',
    answers: {
      'https://graph.facebook.com/me?fields=email,first_name,last_name,name,picture,id&appsecret_proof=': {
        id: '10158',
        email: EMAIL,
        first_name: 'Ada',
        last_name: 'Lovelace',
        name: 'Ada Lovelace',
        picture: { data: { url: 'https://img.example/a' } },
      },
    },
    claims: { sub: '10158', ...ada, given_name: 'Ada', family_name: 'Lovelace', picture: 'https://img.example/a' },
    emails: [[EMAIL, true, true]],
  },
  {
    provider: 'figma',
    answers: {
      'https://api.figma.com/v1/me': {
        id: '12',
        email: EMAIL,
        handle: 'Ada Lovelace',
        img_url: 'https://img.example/a',
      },
    },
    claims: { sub: '12', ...ada, avatar_url: 'https://img.example/a' },
    emails: [[EMAIL, true, true]],
  },
  {
    provider: 'fly',
    answers: {
      'https://api.fly.io/oauth/token/info': {
        user_id: 'u1',
        user_name: 'Ada Lovelace',
        email: EMAIL,
        organizations: [{ id: 'o' }],
      },
    },
    claims: { sub: 'u1', ...ada },
    emails: [[EMAIL, true, true]],
  },
  {
    provider: 'github',
    setup: { url: 'https://git.example' },
    answers: {
      'https://git.example/api/v3/user/emails': [
        { email: EMAIL, verified: true, primary: true, visibility: 'private' },
        { email: 'ada@users.example', verified: false, primary: false, visibility: null },
      ],
      'https://git.example/api/v3/user': { id: 1, login: 'ada', name: null, avatar_url: 'https://img.example/a' },
    },
    claims: { sub: '1', name: 'ada', user_name: 'ada', preferred_username: 'ada', iss: 'https://git.example/api/v3' },
    emails: [
      [EMAIL, true, true],
      ['ada@users.example', false, false],
    ],
  },
  {
    provider: 'gitlab',
    answers: {
      'https://gitlab.com/api/v4/user/emails': [{ id: 1, email: 'b@example.com', confirmed_at: null }],
      'https://gitlab.com/api/v4/user': {
        id: 7,
        username: 'ada',
        name: 'Ada Lovelace',
        email: EMAIL,
        avatar_url: 'https://img.example/a',
        confirmed_at: '2012-05-23T09:05:22Z',
      },
    },
    claims: { sub: '7', ...ada, user_name: 'ada', iss: 'https://gitlab.com' },
    emails: [
      [EMAIL, true, true],
      ['b@example.com', false, false],
    ],
  },
  {
    provider: 'google',
    vouched: {
      idToken: {
        iss: 'https://accounts.google.com',
        azp: 'c',
        aud: 'c',
        sub: '110',
        hd: 'example.com',
        email: EMAIL,
        email_verified: true,
        name: 'Ada Lovelace',
        picture: 'https://img.example/a',
        iat: 1,
        exp: 2,
      },
    },
    claims: {
      avatar_url: 'https://img.example/a',
      custom_claims: { hd: 'example.com' },
      email: EMAIL,
      email_verified: true,
      ...ada,
      iss: 'https://accounts.google.com',
      picture: 'https://img.example/a',
      provider_id: '110',
      sub: '110',
    },
    emails: [[EMAIL, true, true]],
  },
  {
    provider: 'kakao',
    answers: {
      'https://kapi.kakao.com/v2/user/me': {
        id: 123456789,
        kakao_account: {
          email: EMAIL,
          is_email_valid: true,
          is_email_verified: false,
          profile: { nickname: 'Ada', profile_image_url: 'https://img.example/a' },
        },
      },
    },
    claims: { sub: '123456789', name: 'Ada', user_name: 'Ada', avatar_url: 'https://img.example/a' },
    emails: [[EMAIL, false, true]],
  },
  {
    provider: 'keycloak',
    setup: { url: 'https://sso.example/realms/main' },
    answers: {
      'https://sso.example/realms/main/protocol/openid-connect/userinfo': {
        sub: 'k-1',
        email: EMAIL,
        email_verified: true,
        name: 'Ada Lovelace',
        preferred_username: 'ada',
      },
    },
    claims: { sub: 'k-1', ...ada, user_name: 'ada', iss: 'https://sso.example/realms/main' },
    emails: [[EMAIL, true, true]],
  },
  {
    provider: 'linkedin',
    answers: {
      'https://api.linkedin.com/v2/me': {
        id: 'yrZCpj2Z12',
        firstName: { localized: { en_US: 'Ada' }, preferredLocale: { country: 'US', language: 'en' } },
        lastName: { localized: { en_US: 'Lovelace' }, preferredLocale: { country: 'US', language: 'en' } },
        profilePicture: { 'displayImage~': { elements: [{ identifiers: [{ identifier: 'https://img.example/a' }] }] } },
      },
      'https://api.linkedin.com/v2/emailAddress': { elements: [{ 'handle~': { emailAddress: EMAIL } }] },
    },
    claims: { sub: 'yrZCpj2Z12', ...ada, picture: 'https://img.example/a' },
    emails: [[EMAIL, true, true]],
  },
  {
    provider: 'linkedin_oidc',
    answers: {
      'https://api.linkedin.com/v2/userinfo': {
        sub: '782bbtaQ',
        name: 'Ada Lovelace',
        given_name: 'Ada',
        family_name: 'Lovelace',
        email: EMAIL,
        picture: 'https://img.example/a',
        locale: { country: 'US', language: 'en' },
        email_verified: true,
      },
    },
    claims: { sub: '782bbtaQ', ...ada, given_name: 'Ada', avatar_url: 'https://img.example/a' },
    emails: [[EMAIL, true, true]],
  },
  {
    provider: 'notion',
    answers: {
      'https://api.notion.com/v1/users/me': {
        object: 'user',
        type: 'bot',
        bot: {
          owner: {
            type: 'user',
            user: { id: 'n-1', name: 'Ada Lovelace', avatar_url: 'https://img.example/a', person: { email: EMAIL } },
          },
        },
      },
    },
    claims: { sub: 'n-1', ...ada, avatar_url: 'https://img.example/a' },
    emails: [[EMAIL, true, true]],
  },
  ...(['slack', 'slack_oidc'] as const).map(
    (provider): Sample => ({
      provider,
      answers: {
        'https://slack.com/api/openid.connect.userInfo': {
          ok: true,
          sub: 'U0R7JM',
          'https://slack.com/user_id': 'U0R7JM',
          'https://slack.com/team_id': 'T0R7GR',
          email: EMAIL,
          email_verified: true,
          name: 'Ada Lovelace',
          picture: 'https://img.example/a',
        },
      },
      claims: { sub: 'U0R7JM', ...ada, custom_claims: { 'https://slack.com/team_id': 'T0R7GR' } },
      emails: [[EMAIL, true, true]],
    }),
  ),
  {
    provider: 'snapchat',
    answers: {
      'https://kit.snapchat.com/v1/me': {
        data: { me: { externalId: 'CAES', displayName: 'Ada Lovelace', bitmoji: { avatar: 'https://img.example/a' } } },
      },
    },
    claims: { sub: 'CAES', ...ada, avatar_url: 'https://img.example/a' },
    emails: [],
  },
  {
    provider: 'spotify',
    answers: {
      'https://api.spotify.com/v1/me': {
        id: 'ada',
        display_name: 'Ada Lovelace',
        email: EMAIL,
        images: [{ url: 'https://img.example/a', height: 64 }],
      },
    },
    claims: { sub: 'ada', ...ada, email_verified: false },
    emails: [[EMAIL, false, true]],
  },
  {
    provider: 'twitch',
    answers: {
      'https://api.twitch.tv/helix/users': {
        data: [
          {
            id: '141981764',
            login: 'ada',
            display_name: 'Ada',
            profile_image_url: 'https://img.example/a',
            email: EMAIL,
          },
        ],
      },
    },
    claims: { sub: '141981764', name: 'ada', nickname: 'Ada', slug: 'ada', picture: 'https://img.example/a' },
    emails: [[EMAIL, true, true]],
  },
  {
    provider: 'twitter',
    answers: {
      'https://api.twitter.com/1.1/account/verify_credentials.json?': {
        id_str: '2244994945',
        name: 'Ada Lovelace',
        screen_name: 'ada',
        email: EMAIL,
        profile_image_url_https: 'https://img.example/a',
      },
    },
    claims: {
      sub: '2244994945',
      ...ada,
      user_name: 'ada',
      preferred_username: 'ada',
      iss: 'https://api.twitter.com/1.1/account/verify_credentials.json',
    },
    emails: [[EMAIL, true, true]],
  },
  {
    provider: 'vercel_marketplace',
    vouched: { idToken: { iss: 'https://marketplace.vercel.com', sub: 'acc:1:user:2', user_email: EMAIL } },
    claims: { sub: 'acc:1:user:2', email: EMAIL, email_verified: true },
    emails: [[EMAIL, true, true]],
  },
  {
    provider: 'workos',
    vouched: {
      answer: {
        profile: {
          id: 'prof_01',
          email: EMAIL,
          first_name: 'Ada',
          last_name: 'Lovelace',
          organization_id: 'org_01',
          connection_id: 'conn_01',
          connection_type: 'OktaSAML',
        },
      },
    },
    claims: {
      sub: 'prof_01',
      ...ada,
      custom_claims: { organization_id: 'org_01', connection_id: 'conn_01', connection_type: 'OktaSAML' },
    },
    emails: [[EMAIL, true, true]],
  },
  {
    provider: 'x',
    answers: {
      'https://api.x.com/2/users/me': {
        data: {
          id: '2244994945',
          name: 'Ada Lovelace',
          username: 'ada',
          profile_image_url: 'https://img.example/a',
          confirmed_email: EMAIL,
        },
      },
    },
    claims: { sub: '2244994945', ...ada, user_name: 'ada' },
    emails: [[EMAIL, true, true]],
  },
  {
    provider: 'zoom',
    answers: {
      'https://api.zoom.us/v2/users/me': {
        id: 'KdYKjnimT4KPd8FFgQt9FQ',
        first_name: 'Ada',
        last_name: 'Lovelace',
        email: EMAIL,
        verified: 0,
        login_type: 100,
        pic_url: 'https://img.example/a',
      },
    },
    claims: { sub: 'KdYKjnimT4KPd8FFgQt9FQ', ...ada, picture: 'https://img.example/a' },
    emails: [[EMAIL, false, true]],
  },
]

const setupOf = ({ provider, setup = {} }: Pick<Sample, 'provider' | 'setup'>): Setup => ({
  name: provider,
  clientIds: ['client'],
  secret: 'secret',
  redirectUri: 'https://auth.example/callback',
  url: undefined,
  apiUrl: undefined,
  isEmailOptional: false,
  skipsNonce: false,
  ...setup,
})

test('there is a sample for every provider', () => {
  expect([...new Set(SAMPLES.map(({ provider }) => provider))].sort()).toEqual([...PROVIDER_NAMES])
})

function profileOf(sample: Sample, answers = sample.answers ?? {}) {
  const provider = providerNamed(sample.provider)
  if (!provider) throw new Error(`no provider ${sample.provider}`)
  return provider.profile({
    accessToken: 'token',
    answer: {},
    idToken: undefined,
    parameters: new URLSearchParams(),
    setup: setupOf(sample),
    async get(url): Promise<UntrustedJson> {
      const found = Object.entries(answers).find(([beginning]) => url.startsWith(beginning))
      if (!found) throw new Error(`nobody answers ${url}`)
      return found[1]
    },
    ...sample.vouched,
  })
}

test.each(SAMPLES)('a profile of $provider is mapped', async (sample) => {
  const profile = await profileOf(sample)
  expect(profile.claims).toMatchObject({ ...sample.claims, provider_id: sample.claims.sub })
  expect(profile.emails.map(({ address, isVerified, isPrimary }) => [address, isVerified, isPrimary])).toEqual(
    sample.emails,
  )
  expect(Object.values(profile.claims)).not.toContain('')
})

test.each(SAMPLES)('a profile of $provider without an account id is refused', async (sample) => {
  const nothing = Object.fromEntries(Object.keys(sample.answers ?? {}).map((url) => [url, {}]))
  const vouched = { ...sample.vouched, ...(sample.vouched?.idToken && { idToken: {} }), answer: {} }
  const asked = async () => profileOf({ ...sample, vouched }, nothing)
  expect(asked()).rejects.toThrow('the provider does not identify the account')
})

test('an Apple user field that is invalid or too large only loses the name', async () => {
  for (const user of ['nonsense', '{', '{"name":5}', `{"name":{"firstName":"${'x'.repeat(5000)}"}}`]) {
    const [apple] = SAMPLES
    const sample = { ...apple, vouched: { ...apple?.vouched, parameters: new URLSearchParams({ user }) } } as Sample
    expect((await profileOf(sample)).claims.name).toBeUndefined()
  }
})
