/** An auth server of the tests' own: its key set, and `GET /auth/v1/user`. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

export interface SigningKey {
  kid: string
  privateKey: CryptoKey
  publicJwk: JWK
}

export async function newKey(kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  return { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } }
}

export async function startAuthServer() {
  const published: JWK[] = []
  const endedSessions = new Set<string>()
  const server = createServer((request, response) => {
    if (request.url === '/auth/v1/.well-known/jwks.json') return response.end(JSON.stringify({ keys: published }))
    const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
    response.writeHead(endedSessions.has(token) ? 403 : 200).end('{}')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    publish: ({ publicJwk }: SigningKey) => published.push(publicJwk),
    endSessionOf: (token: string) => endedSessions.add(token),
    close: () => server.close(),
    /** What the server issues after a sign-in, signed and with the changes that a test wants. */
    claims: (changes: JWTPayload = {}): JWTPayload => ({
      iss: `${url}/auth/v1`,
      aud: 'authenticated',
      sub: '5f9b8c1e-6a43-4b6f-9a57-0d2f6f0f2d11',
      role: 'authenticated',
      aal: 'aal1',
      session_id: '0b7b54d3-3c1c-4a39-8a0c-5c8f3f7f0c52',
      exp: Math.floor(Date.now() / 1000) + 3600,
      ...changes,
    }),
  }
}

export function sign(claims: JWTPayload, { kid, privateKey }: SigningKey): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid }).sign(privateKey)
}
