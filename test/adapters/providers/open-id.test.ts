import { expect, test } from 'bun:test'
import { boundedFetch } from '../../../src/adapters/bounded-fetch'
import { openId } from '../../../src/adapters/providers/open-id'

const ISSUER = 'https://issuer.example'

test('cached keys stay in use while the issuer does not answer a refresh', async () => {
  let isDown = false
  const fetcher = (async (input: string | URL) => {
    if (String(input).endsWith('openid-configuration'))
      return Response.json({ issuer: ISSUER, jwks_uri: `${ISSUER}/keys` })
    return isDown ? Response.json({}, { status: 503 }) : Response.json({ keys: [{ kid: 'a' }] })
  }) as typeof fetch
  let now = 0
  const { keysOf } = openId(boundedFetch(1000, fetcher), () => now)
  expect(await keysOf(ISSUER, { fresh: false })).toEqual({ keys: [{ kid: 'a' }] })
  isDown = true
  now = 61_000
  await expect(keysOf(ISSUER, { fresh: true })).rejects.toThrow('without a usable key set')
  expect(await keysOf(ISSUER, { fresh: false })).toEqual({ keys: [{ kid: 'a' }] })
})
