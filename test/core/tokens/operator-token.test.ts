import { expect, test } from 'bun:test'
import { decodeJwt } from 'jose'
import { keyring } from '../../../src/core/tokens/jwt'
import { operatorToken } from '../../../src/core/tokens/operator-token'

test('it lives for a minute, and has a role that administers', async () => {
  const ring = await keyring({
    secret: 'j'.repeat(40),
    secretKeyId: undefined,
    jwks: undefined,
    validMethods: undefined,
  })
  const claims = async (roles: string[]) => decodeJwt(await operatorToken(ring, roles, 1_700_000_000_999))
  expect(await claims(['supabase_admin', 'service_role'])).toMatchObject({
    role: 'service_role',
    iat: 1_700_000_000,
    exp: 1_700_000_060,
  })
  expect(await claims(['operators'])).toMatchObject({ role: 'operators' })
  await expect(ring.verify(await operatorToken(ring, [], 1_700_000_000_000), 1_700_000_120_000)).rejects.toThrow()
})
