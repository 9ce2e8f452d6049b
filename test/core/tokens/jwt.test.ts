/** Verification of JWTs, with the examples of the JOSE RFCs. */
import { expect, test } from 'bun:test'
import { keyring } from '../../../src/core/tokens/jwt'
import { importKey, publicHalf } from '../../../src/core/tokens/keys'
import { importSigningKey } from '../../../src/core/tokens/signing-keys'
import { startApp } from '../../support/app'

/** RFC 7515 A.1 and A.3 sign the same claims. */
const CLAIMS = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
const BEFORE = 1300819379_000
const AFTER = 1300819380_000

/** RFC 7515 A.3.1; the token has no kid, so the key has none either. */
const EC = {
  kty: 'EC',
  crv: 'P-256',
  alg: 'ES256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
}
const ES256 = `eyJhbGciOiJFUzI1NiJ9.${CLAIMS}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`

/** RFC 7517 A.2, whose public part is that of RFC 7638 §3.1. */
const RSA = {
  kty: 'RSA',
  alg: 'RS256',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
  d: 'X4cTteJY_gn4FYPsXB8rdXix5vwsg1FLN5E3EaG6RJoVH-HLLKD9M7dx5oo7GURknchnrRweUkC7hT5fJLM0WbFAKNLWY2vv7B6NqXSzUvxT0_YSfqijwp3RTzlBaCxWp4doFk5N2o8Gy_nHNKroADIkJ46pRUohsXywbReAdYaMwFs9tv8d_cPVY3i07a3t8MN6TNwm0dSawm9v47UiCl3Sk5ZiG7xojPLu4sbg1U2jx4IBTNBznbJSzFHK66jT8bgkuqsk0GjskDJk19Z4qwjwbsnn4j2WBii3RL-Us2lGVkY8fkFzme1z0HbIkfz0Y6mqnOYtqc0X4jfcKoAC8Q',
  p: '83i-7IvMGXoMXCskv73TKr8637FiO7Z27zv8oj6pbWUQyLPQBQxtPVnwD20R-60eTDmD2ujnMt5PoqMrm8RfmNhVWDtjjMmCMjOpSXicFHj7XOuVIYQyqVWlWEh6dN36GVZYk93N8Bc9vY41xy8B9RzzOGVQzXvNEvn7O0nVbfs',
  q: '3dfOR9cuYq-0S-mkFLzgItgMEfFzB2q3hWehMuG0oCuqnb3vobLyumqjVZQO1dIrdwgTnCdpYzBcOfW5r370AFXjiWft_NGEiovonizhKpo9VVS78TzFgxkIdrecRezsZ-1kYd_s1qDbxtkDEgfAITAG9LUnADun4vIcb6yelxk',
  dp: 'G4sPXkc6Ya9y8oJW9_ILj4xuppu0lzi_H7VTkS8xj5SdX3coE0oimYwxIi2emTAue0UOa5dpgFGyBJ4c8tQ2VF402XRugKDTP8akYhFo5tAA77Qe_NmtuYZc3C3m3I24G2GvR5sSDxUyAN2zq8Lfn9EUms6rY3Ob8YeiKkTiBj0',
  dq: 's9lAH9fggBsoFR8Oac2R_E2gw282rT2kGOAhvIllETE1efrA6huUUvMfBcMpn8lqeW6vzznYY5SSQF7pMdC_agI3nG8Ibp1BUb0JUiraRNqUfLhcQb_d9GF4Dh7e74WbRsobRonujTYN1xCaP6TO61jvWrX-L18txXw494Q_cgk',
  qi: 'GyM_p6JrXySiz1toFgKbWV-JdI3jQ4ypu9rbMWx3rQJBfmt0FoYzgUIZEVFEcOqwemRN81zoDAaa-Bk0KWNGDjJHZDdDmFhW3AN7lI-puxk_mHZGJ11rxyR8O55XLSe3SPmRfKwZI6yU24ZxvQKFYItdldUKGzO6Ia6zTKhAVRU',
}

test('a token is valid up to its last second, and no longer', async () => {
  const ring = await keyring({ secret: 'a-secret-of-this-test-with-at-least-32-bytes' })
  const signed = await ring.sign({ iss: 'joe', exp: 1300819380 })
  expect(await ring.verify(signed, 1300819379_000)).toEqual({ iss: 'joe', exp: 1300819380 })
  await expect(ring.verify(signed, 1300819380_000)).rejects.toMatchObject({ reason: 'token_invalid' })
})

test('RFC 7515 appendix A.1: the published key verifies the published token', async () => {
  const k = 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow'
  const token =
    'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
  // the token has no kid, so the key has none either
  const ring = await keyring({ secret: 'unused', jwks: [{ kty: 'oct', k, alg: 'HS256', key_ops: ['sign', 'verify'] }] })
  expect(await ring.verify(token, 1300819379_000)).toMatchObject({ iss: 'joe', 'http://example.com/is_root': true })
  await expect(ring.verify(token, 1300819380_000)).rejects.toMatchObject({ reason: 'token_invalid' })
})

test('RFC 7515 A.3 and 7518 §3.4: the published ES256 token verifies until it expires', async () => {
  const ring = await keyring({ secret: 'unused', jwks: [{ ...EC, key_ops: ['sign', 'verify'] }] })
  expect(await ring.verify(ES256, BEFORE)).toEqual({
    iss: 'joe',
    exp: 1300819380,
    'http://example.com/is_root': true,
  })
  await expect(ring.verify(ES256, AFTER)).rejects.toMatchObject({
    detail: { detail: expect.stringMatching(/expired/) },
  })
  await expect(ring.verify(ES256.replace('.Dt', '.Du'), BEFORE)).rejects.toMatchObject({
    detail: { detail: expect.stringMatching(/signature is invalid/) },
  })
})

test('RFC 7519 §6.1: an unsecured token is rejected', async () => {
  const ring = await keyring({ secret: 'unused', jwks: [{ ...EC, key_ops: ['sign'] }] })
  await expect(ring.verify(`eyJhbGciOiJub25lIn0.${CLAIMS}.`, BEFORE)).rejects.toMatchObject({
    detail: { detail: expect.stringMatching(/signing method none is invalid/) },
  })
})

test('RFC 7517 A.2: the published RSA key signs what its public part verifies, and no private member is published', async () => {
  const key = await importKey(RSA)
  const token = (await key.sign({ iss: 'joe' })) as string
  expect(await key.verify(token)).toBe(true)
  expect(publicHalf(RSA)).toEqual({
    kty: 'RSA',
    alg: 'RS256',
    n: RSA.n,
    e: 'AQAB',
    key_ops: ['verify'],
    use: 'sig',
  })
})

test('RFC 7638 §3.1: a key without a kid is named by its thumbprint', async () => {
  await using app = await startApp()
  expect(await importSigningKey({ ...app, policy: app.core.policy }, RSA)).toBe(
    'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  )
})
