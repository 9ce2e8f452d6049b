/** Who may call the endpoints for administrators: every one of them that `openapi.json` describes. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startApp, type TestApp } from '../support/app'
import { protectedAccount } from '../support/factors'

interface Operation {
  security?: Record<string, unknown>[]
}

const { paths } = JSON.parse(readFileSync(join(import.meta.dir, '../../openapi.json'), 'utf8')) as {
  paths: Record<string, Record<string, Operation>>
}

const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods)
    .filter(([, { security = [] }]) => security.some((each) => 'secretKey' in each))
    .map(([method]) => [method.toUpperCase(), path] as const),
)

/** A path with an id that nothing has in the place of each parameter. */
const filled = (path: string) => path.replace(/\{\w+\}/g, randomUUID())

let app: TestApp
/** The credentials that must be refused, by what is wrong with them. */
const refused: Record<string, { token?: string; headers?: Record<string, string> }> = {}

beforeAll(async () => {
  app = await startApp()
  const grant = (userId: string) => app.store.grantRole({ userId, role: 'admin', now: app.clock.now() })
  const user = await app.signUp()
  const low = await protectedAccount(app)
  await grant(low.id)
  const { accessToken: lowToken } = await app.signIn(low.email)
  const signedOut = await app.signUp()
  await grant(signedOut.id)
  await app.ask('POST', '/auth/v1/logout', { token: signedOut.accessToken })
  const banned = await app.signUp()
  await grant(banned.id)
  await app.ask('PUT', `/auth/v1/admin/users/${banned.id}`, { token: app.admin, body: { ban_duration: '24h' } })
  const { body: personal } = await app.ask('POST', '/api/auth/tokens', { token: user.accessToken, body: { name: 'x' } })
  Object.assign(refused, {
    'no credentials': {},
    'the publishable key': { headers: { apikey: app.keys.publishable } },
    'the publishable key as bearer': { token: app.keys.publishable },
    'the anon JWT': { token: app.keys.anon },
    'a service_role JWT as apikey': { headers: { apikey: app.keys.serviceRole } },
    'a user without the role': { token: user.accessToken },
    'a personal token of a user without the role': { token: personal.token },
    'an administrator at aal1 with a verified factor': { token: lowToken },
    'an administrator who has signed out': { token: signedOut.accessToken },
    'an administrator who is banned': { token: banned.accessToken },
  })
})
afterAll(() => app[Symbol.asyncDispose]())

test('the document has the endpoints for administrators', () => {
  expect(operations.length).toBeGreaterThan(35)
})

test.each(operations)('%s %s is refused to everyone but administrators', async (method, path) => {
  const isOurs = path.startsWith('/auth/v1/admin')
  for (const [who, asked] of Object.entries(refused)) {
    const { status, body } = await app.ask(method, filled(path), { ...asked, ...(method !== 'GET' && { body: {} }) })
    expect([who, status]).toEqual([who, status === 401 ? 401 : 403])
    if (isOurs) expect([who, Object.keys(body).sort()]).toEqual([who, ['code', 'message']])
  }
})

test.each(operations)(
  '%s %s answers an administrator in its own words, whatever the parameters are',
  async (method, path) => {
    for (const value of [randomUUID(), 'x', '%00', '..%2f', '%F0%9F%98%80', 'a'.repeat(300), '__proto__']) {
      const asked = { token: app.admin, ...(method !== 'GET' && { body: {} }) }
      const { status } = await app.ask(method, path.replace(/\{\w+\}/g, value), asked)
      expect([value, status]).toEqual([value, Math.min(status, 499)])
      expect([401, 403]).not.toContain(status)
    }
  },
)
