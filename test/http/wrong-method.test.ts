import { expect, test } from 'bun:test'
import { startApp } from '../support/app'

test.each([
  ['POST', '/ready', 'GET, HEAD'],
  ['TRACE', '/healthz', 'GET, HEAD'],
  ['PUT', '/mailbox/api/messages', 'GET, DELETE'],
  ['POST', '/mailbox/api/messages/1', 'GET, DELETE'],
  ['HEAD', '/mailbox/api/events', 'GET'],
])('%s %s is answered with the methods of the path', async (method, path, allow) => {
  await using app = await startApp()
  const { status, headers } = await app.ask(method, path, { headers: { host: 'localhost:7020' } })
  expect([status, headers.get('allow')]).toEqual([405, allow])
})

test('a public path below a protected prefix answers a wrong method without asking for a token', async () => {
  await using app = await startApp()
  for (const [path, allow] of [
    ['/auth/v1/admin/setup', 'GET, POST'],
    ['/auth/v1/sessions/not-me', 'DELETE, GET, POST'],
  ] as const) {
    const { status, headers } = await app.ask('TRACE', path)
    expect([path, status, headers.get('allow')]).toEqual([path, 405, allow])
  }
  expect((await app.ask('TRACE', '/auth/v1/admin/users')).status).toBe(401)
})
