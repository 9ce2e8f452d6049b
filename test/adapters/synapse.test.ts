/** A homeserver with valid and invalid responses (docs/other-surfaces.md#matrix-accounts, docs/threat-model.md#t52). */
import { expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { registrationMac, synapse } from '../../src/adapters/synapse'
import type { Json } from '../support/app'

const SECRET = 'shared-secret'
const PATH = '/_synapse/admin/v1/register'
const PASSWORD = 'a-password-that-nobody-knows'
const ada = { localpart: 'ada', displayName: 'Ada', password: PASSWORD }

/** Like Synapse: each nonce allows one registration, and the mac is verified. */
function homeserver(
  answer: (body: Json) => Response = ({ username }) => Response.json({ user_id: `@${username}:hs` }),
  answerLogin: (body: Json) => Response = () => Response.json({ errcode: 'M_FORBIDDEN' }, { status: 403 }),
) {
  const loggedOut: string[] = []
  const nonces = new Set<string>()
  const seen: Json[] = []
  const server = Bun.serve({
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url)
      if (pathname === '/_matrix/client/v3/login') return answerLogin((await request.json()) as Json)
      if (pathname === '/_matrix/client/v3/logout') {
        loggedOut.push(request.headers.get('authorization') ?? '')
        return Response.json({})
      }
      if (pathname !== PATH) return new Response('', { status: 404 })
      if (request.method === 'GET') {
        const nonce = crypto.randomUUID()
        nonces.add(nonce)
        return Response.json({ nonce })
      }
      const body = (await request.json()) as Json
      seen.push(body)
      if (!nonces.delete(body.nonce)) return Response.json({ errcode: 'M_UNKNOWN' }, { status: 400 })
      const signed = [body.nonce, body.username, body.password, body.admin ? 'admin' : 'notadmin'].join('\0')
      if (body.mac !== createHmac('sha1', SECRET).update(signed).digest('hex'))
        return Response.json({ errcode: 'M_UNKNOWN', error: 'HMAC incorrect' }, { status: 403 })
      return answer(body)
    },
  })
  return { server, seen, loggedOut, url: `${server.url.origin}/`, [Symbol.asyncDispose]: () => server.stop(true) }
}

const registering = (adminUrl: string, { secret = SECRET, timeoutMs = 60_000 } = {}) =>
  synapse({ adminUrl, secret, timeoutMs }).register(ada)

test('an account is registered with a nonce, the given password, no admin rights and no session', async () => {
  await using hs = homeserver()
  expect(await registering(hs.url)).toEqual({ outcome: 'made', matrixUserId: '@ada:hs' })
  expect(await registering(hs.url)).toEqual({ outcome: 'made', matrixUserId: '@ada:hs' })
  const [first, second] = hs.seen
  expect(first).toMatchObject({ username: 'ada', displayname: 'Ada', admin: false, inhibit_login: true })
  expect([first.password, second.password]).toEqual([PASSWORD, PASSWORD])
  expect(first.nonce).not.toBe(second.nonce)
})

test('threat T52: the mac is HMAC-SHA-1 over nonce, user, password and notadmin, with NUL between them', () => {
  // made with: printf 'thisisanonce\0pepper_roni\0pizza\0notadmin' | openssl dgst -sha1 -hmac 'shared_secret'
  expect(registrationMac('shared_secret', { nonce: 'thisisanonce', username: 'pepper_roni', password: 'pizza' })).toBe(
    'cf2391885316861a8e3871bfdcd223ab3913221d',
  )
})

test('a name that another account has is taken', async () => {
  await using hs = homeserver(() => Response.json({ errcode: 'M_USER_IN_USE' }, { status: 400 }))
  expect(await registering(hs.url)).toEqual({ outcome: 'taken' })
})

const inUse = () => Response.json({ errcode: 'M_USER_IN_USE' }, { status: 400 })

test('a taken name whose account has our password belongs to an earlier attempt', async () => {
  const logins: Json[] = []
  await using hs = homeserver(inUse, (body) => {
    logins.push(body)
    return Response.json({ user_id: '@ada:hs', access_token: 'syt_token' })
  })
  expect(await registering(hs.url)).toEqual({ outcome: 'made', matrixUserId: '@ada:hs' })
  const identifier = { type: 'm.id.user', user: 'ada' }
  expect(logins).toEqual([{ type: 'm.login.password', identifier, password: PASSWORD }])
  expect(hs.loggedOut).toEqual(['Bearer syt_token'])
})

test('if the owner of a taken name cannot be determined, registration is retried', async () => {
  await using hs = homeserver(inUse, () => Response.json({ errcode: 'M_LIMIT_EXCEEDED' }, { status: 429 }))
  expect(await registering(hs.url)).toEqual({
    outcome: 'unavailable',
    error: 'the homeserver responded with 429 M_LIMIT_EXCEEDED',
  })
})

const { promise: never } = Promise.withResolvers<Response>()

test.each([
  ['a fault', () => Response.json({}, { status: 500 }), 'the homeserver responded with 500'],
  [
    'too many requests',
    () => Response.json({ errcode: 'M_LIMIT_EXCEEDED' }, { status: 429 }),
    'the homeserver responded with 429 M_LIMIT_EXCEEDED',
  ],
  ['a redirect', () => Response.redirect('http://localhost:1/', 302), expect.any(String)],
  ['HTML', () => new Response('<html>'), expect.any(String)],
  ['nobody', () => Response.json({}), 'the homeserver returned no user id'],
  ['somebody else', () => Response.json({ user_id: '@eve:hs' }), 'the homeserver returned no user id'],
  ['more than anybody reads', () => new Response('x'.repeat(1_000_000)), expect.any(String)],
])('registration is retried if the homeserver answers %s', async (_, answer, error) => {
  await using hs = homeserver(answer)
  expect(await registering(hs.url)).toEqual({ outcome: 'unavailable', error })
})

test('registration is retried if the homeserver answers nothing in time', async () => {
  await using hs = homeserver(() => never as unknown as Response)
  expect(await registering(hs.url, { timeoutMs: 100 })).toEqual({ outcome: 'unavailable', error: expect.any(String) })
})

test('registration is retried after a wrong secret and while the homeserver is down', async () => {
  const hs = homeserver()
  expect(await registering(hs.url, { secret: 'wrong' })).toEqual({
    outcome: 'unavailable',
    error: 'the homeserver responded with 403 M_UNKNOWN',
  })
  await hs.server.stop(true)
  expect(await registering(hs.url)).toMatchObject({ outcome: 'unavailable' })
})
