/** The list of providers, and what derives from it. */
import { expect, test } from 'bun:test'
import { allSettings } from '../../src/config'
import { PROVIDER_NAMES, PROVIDERS, providerNamed } from '../../src/providers'
import type { Setup } from '../../src/providers/provider'

const file = (path: string) => Bun.file(new URL(`../../${path}`, import.meta.url)).text()

const setupOf = (name: string): Setup => ({
  name,
  clientIds: ['client'],
  secret: 'secret',
  redirectUri: 'https://auth.example/callback',
  url: providerNamed(name)?.requiresUrl === undefined ? undefined : 'https://provider.example',
  apiUrl: undefined,
  isEmailOptional: false,
  skipsNonce: false,
})

test('provider names are unique, and equal their file names', async () => {
  expect(new Set(PROVIDER_NAMES).size).toBe(PROVIDERS.length)
  for (const { name } of PROVIDERS)
    expect(await file(`src/providers/${name.replaceAll('_', '-')}.ts`)).toContain(`name: '${name}'`)
})

test.each(PROVIDERS.map(({ name }) => name))('%s has its settings', (name) => {
  const upper = name.toUpperCase()
  const names = allSettings.flatMap((each) => each.names)
  for (const key of 'ENABLED CLIENT_ID SECRET REDIRECT_URI URL API_URL EMAIL_OPTIONAL SKIP_NONCE_CHECK'.split(' '))
    expect(names).toContain(`GOTRUE_EXTERNAL_${upper}_${key}`)
  const { hasShortSettings = false, moreClientIds } = providerNamed(name) ?? {}
  expect(names.includes(`${upper}_CLIENT_ID`)).toBe(hasShortSettings)
  expect(names.includes(`${upper}_CLIENT_SECRET`)).toBe(hasShortSettings)
  if (moreClientIds) expect(names).toContain(`GOTRUE_${moreClientIds.setting}`)
})

test.each(PROVIDERS)('$name has https endpoints, and an https issuer if it signs ID tokens', (provider) => {
  const setup = setupOf(provider.name)
  const issuer = provider.idTokens?.issuer(setup)
  const urls = Object.values(provider.endpoints(setup))
  expect(urls.length).toBeGreaterThan(1)
  for (const url of [...urls, ...(issuer === undefined ? [] : [issuer])]) expect(new URL(url).protocol).toBe('https:')
  if (issuer !== undefined && !/\/common\//.test(issuer))
    expect(provider.idTokens?.severalIssuers?.includes(issuer, setup) ?? true).toBe(true)
})

test('the documentation of the short names lists the providers that have them', () => {
  const doc = allSettings.find(({ names }) => names[0] === 'AUTH_EXTERNAL_APPLE_CLIENT_ID')?.doc ?? ''
  const [, listed = ''] = /_CLIENT_ID` for (.*)\.$/.exec(doc) ?? []
  const short = PROVIDERS.filter(({ hasShortSettings }) => hasShortSettings).map(({ name }) => name.toUpperCase())
  expect(listed.split(/, | and /).sort()).toEqual(short.sort())
})
