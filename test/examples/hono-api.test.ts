/** `examples/hono-api`: its own tests, and the API with tokens of the executable. */
import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  type JWTPayload,
  type ProtectedHeaderParameters,
  SignJWT,
} from 'jose'
import type { Json } from '../support/app'
import { type Binary, run } from '../support/binary'
import { canInstall, type Example, installExample, startForApplication } from '../support/examples'
import { freePort } from '../support/free-port'
import { codeAt } from '../support/totp'

const NAME = 'hono-api'
const exampleTest = (name: string, run: () => Promise<void>) => test.skipIf(!canInstall(NAME))(name, run, 120_000)

const ADA = { email: 'ada@example.com', password: 'correct-horse-battery-9' }

async function answerOf(port: number, method: string, path: string, token?: string): Promise<[number, Json]> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch(`http://localhost:${port}${path}`, { method, headers })
  return [response.status, await response.json()]
}

async function keys({ folder }: Binary, ...args: string[]): Promise<void> {
  const { stderr, status } = await run(['keys', ...args], { cwd: folder })
  if (status !== 0) throw new Error(stderr)
}

/** Signs in until the server has loaded the key that a command put into its database. @returns the access token */
async function signInWith(server: Binary, isKey: (header: ProtectedHeaderParameters) => boolean): Promise<string> {
  while (true) {
    const { body } = await server.ask('POST', '/auth/v1/token?grant_type=password', { body: ADA })
    if (isKey(decodeProtectedHeader(body.access_token))) return body.access_token
    await Bun.sleep(20)
  }
}

/** Passes a TOTP factor. @returns the access token of the session after it */
async function raise(server: Binary, token: string): Promise<string> {
  const factor = await server.ask('POST', '/auth/v1/factors', { token, body: { factor_type: 'totp' } })
  const path = `/auth/v1/factors/${factor.body.id}`
  const challenge = await server.ask('POST', `${path}/challenge`, { token, body: {} })
  const code = codeAt(factor.body.totp.secret, Date.now())
  const body = { challenge_id: challenge.body.id, code }
  return (await server.ask('POST', `${path}/verify`, { token, body })).body.access_token
}

async function start(example: Example, command = 'start') {
  const port = freePort()
  const server = await startForApplication(port)
  writeFileSync(join(example.folder, '.env.local'), server.envFile)
  const api = await example.serve(['npm', 'run', command], port)
  return {
    server,
    port,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

exampleTest('Hono: the types and the tests of the example pass', async () => {
  const example = await installExample(NAME)
  await example.run(['npm', 'run', 'check'])
  expect(await example.run(['npm', 'test'])).toContain('# fail 0')
})

for (const command of ['start', 'start:express'])
  exampleTest(`${command}: tokens are accepted once the server signs with a key pair`, async () => {
    await using api = await start(await installExample(NAME), command)
    const { server, port } = api
    const first = (await server.ask('POST', '/auth/v1/signup', { body: ADA })).body.access_token
    expect(await answerOf(port, 'GET', '/me')).toEqual([401, { error: 'token_missing' }])
    expect(await answerOf(port, 'GET', '/me', first)).toEqual([
      401,
      { error: 'token_invalid', message: '"alg" (Algorithm) Header Parameter value not allowed' },
    ])
    await keys(server, 'rotate', '--now')
    const token = await signInWith(server, ({ alg }) => alg === 'ES256')
    const [status, claims] = await answerOf(port, 'GET', '/me', token)
    expect([status, claims]).toEqual([
      200,
      {
        sub: expect.any(String),
        email: ADA.email,
        role: 'authenticated',
        aal: 'aal1',
        session_id: expect.any(String),
      },
    ])
  })

exampleTest('Hono: a second factor, the end of a session, forged claims and a revoked key', async () => {
  const example = await installExample(NAME)
  await using api = await start(example)
  const { server, port } = api
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const own = 'own'
  writeFileSync(join(server.folder, 'key.json'), JSON.stringify({ ...(await exportJWK(privateKey)), kid: own }))
  await keys(server, 'import', 'key.json')
  await keys(server, 'rotate', own, '--now')
  await server.ask('POST', '/auth/v1/signup', { body: ADA })
  const token = await signInWith(server, ({ kid }) => kid === own)
  const statusOf = async (method: string, path: string, token: string) => (await answerOf(port, method, path, token))[0]

  expect(await answerOf(port, 'POST', '/payouts', token)).toEqual([403, { error: 'second_factor_required' }])
  const raised = await raise(server, token)
  expect(await statusOf('POST', '/payouts', raised)).toBe(200)

  const [, payload = ''] = raised.split('.')
  const claims: JWTPayload = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const header = { alg: 'ES256', typ: 'JWT', kid: own }
  const sign = (changes: JWTPayload) =>
    new SignJWT({ ...claims, ...changes }).setProtectedHeader(header).sign(privateKey)
  expect(await statusOf('GET', '/me', await sign({}))).toBe(200)
  const past = Math.floor(Date.now() / 1000) - 1
  for (const changes of [{ exp: past }, { aud: 'billing' }, { iss: 'https://other.example.com/auth/v1' }])
    expect([changes, await statusOf('GET', '/me', await sign(changes))]).toEqual([changes, 401])

  await server.ask('POST', '/auth/v1/logout', { token: raised })
  expect(await statusOf('GET', '/me', raised)).toBe(200)
  expect(await answerOf(port, 'POST', '/payouts', raised)).toEqual([401, { error: 'session_ended' }])

  // An API that is started after a revocation knows nothing of the key.
  await keys(server, 'rotate', '--now')
  await keys(server, 'revoke', own)
  const renewed = await signInWith(server, ({ kid }) => kid !== own)
  const later = freePort()
  await using _ = await example.serve(['npm', 'start'], later)
  expect((await answerOf(later, 'GET', '/me', raised))[0]).toBe(401)
  expect((await answerOf(later, 'GET', '/me', renewed))[0]).toBe(200)
})
