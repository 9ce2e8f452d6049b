/** What `latchkey check` and the start say about providers that are configured in part. */
import { expect, test } from 'bun:test'
import { load } from '../../src/config/load'

const readFile = (path: string) => {
  throw new Error(`no ${path}`)
}

const problemsWith = (env: Record<string, string>) =>
  load({ readFile, env }).problems.map(({ severity, message }) => `${severity}: ${message}`)

test.each([
  [
    { AUTH_EXTERNAL_GITHUB_CLIENT_ID: 'an-id' },
    'AUTH_EXTERNAL_GITHUB_CLIENT_ID needs AUTH_EXTERNAL_GITHUB_SECRET; until then the provider is off.',
  ],
  [
    { AUTH_EXTERNAL_GITHUB_SECRET: 'a-secret' },
    'AUTH_EXTERNAL_GITHUB_SECRET needs AUTH_EXTERNAL_GITHUB_CLIENT_ID; until then the provider is off.',
  ],
  [
    { AUTH_EXTERNAL_GOOGLE_ENABLED: 'true' },
    'AUTH_EXTERNAL_GOOGLE_ENABLED needs AUTH_EXTERNAL_GOOGLE_CLIENT_ID and AUTH_EXTERNAL_GOOGLE_SECRET.',
  ],
  [
    { AUTH_EXTERNAL_GITHUB_ENABLED: 'true', AUTH_EXTERNAL_GITHUB_CLIENT_ID: 'an-id' },
    'AUTH_EXTERNAL_GITHUB_ENABLED needs AUTH_EXTERNAL_GITHUB_SECRET; until then its sign-ins are refused.',
  ],
  [
    { AUTH_EXTERNAL_KEYCLOAK_CLIENT_ID: 'an-id', AUTH_EXTERNAL_KEYCLOAK_SECRET: 'a-secret' },
    'AUTH_EXTERNAL_KEYCLOAK_ENABLED needs AUTH_EXTERNAL_KEYCLOAK_URL, the URL of the realm.',
  ],
])('%j: a warning says what is missing', (env, message) => {
  expect(problemsWith(env)).toEqual([`warning: ${message}`])
})

test.each([
  [{ AUTH_EXTERNAL_GITHUB_CLIENT_ID: 'an-id', AUTH_EXTERNAL_GITHUB_SECRET: 'a-secret' }],
  // off on purpose
  [{ AUTH_EXTERNAL_GITHUB_ENABLED: 'false', AUTH_EXTERNAL_GITHUB_CLIENT_ID: 'an-id' }],
])('%j: no warning', (env) => {
  expect(problemsWith(env)).toEqual([])
})

// ID tokens of native apps need no secret, and those of Apple no client id either
test.each([
  [{ AUTH_EXTERNAL_GOOGLE_ENABLED: 'true', AUTH_EXTERNAL_GOOGLE_CLIENT_ID: 'an-id' }, 'GOOGLE'],
  [{ AUTH_EXTERNAL_APPLE_ENABLED: 'true', AUTH_EXTERNAL_IOS_BUNDLE_ID: 'com.example.app' }, 'APPLE'],
])('%j: a note says that browsers cannot sign in', (env, name) => {
  expect(problemsWith(env)).toEqual([
    `note: AUTH_EXTERNAL_${name}_SECRET is not set: ID tokens are accepted, but sign-in in a browser is refused.`,
  ])
})
