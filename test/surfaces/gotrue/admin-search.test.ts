/** The search of users. */
import { expect, test } from 'bun:test'
import { type Json, startApp, type TestApp } from '../../support/app'
import { protectedAccount } from '../../support/factors'

const users = '/auth/v1/admin/users'
const search = (app: TestApp, query: string) => app.ask('GET', `${users}/search?${query}`, { token: app.admin })
const create = async (app: TestApp, body: object): Promise<string> => {
  const made = await app.ask('POST', users, { token: app.admin, body })
  expect(made.status).toBe(200)
  app.clock.advance(1000)
  return made.body.id
}
const change = (app: TestApp, id: string, body: object) => app.ask('PUT', `${users}/${id}`, { token: app.admin, body })

/** The ids that a search finds, on all pages. */
async function found(app: TestApp, query: string): Promise<string[]> {
  const ids: string[] = []
  let cursor = ''
  do {
    const { status, body } = await search(app, `${query}&cursor=${cursor}`)
    expect([query, status]).toEqual([query, 200])
    ids.push(...body.items.map(({ id }: Json) => id))
    cursor = body.next_cursor ?? ''
  } while (cursor)
  return ids
}

test('users are found by part of address, number, name and username, and by the beginning of their id', async () => {
  await using app = await startApp()
  const ada = await create(app, { email: 'ada.lovelace@example.com', user_metadata: { full_name: 'Ada King' } })
  const bob = await create(app, {
    email: 'bob_100%@example.org',
    phone: '+15551234567',
    user_metadata: { name: 'Bob K' },
  })
  const { body } = await search(app, 'q=lovelace')
  expect(body).toMatchObject({
    items: [{ id: ada, email: 'ada.lovelace@example.com', identities: null, username: null, uid: expect.any(Number) }],
    next_cursor: null,
  })
  expect(JSON.stringify(body)).not.toMatch(/password/)
  expect(await found(app, 'q=LOVE')).toEqual([ada])
  expect(await found(app, 'q=da')).toEqual([ada])
  expect(await found(app, 'q=king')).toEqual([ada])
  expect(await found(app, 'q=bob%20k')).toEqual([bob])
  expect(await found(app, 'q=5512')).toEqual([bob])
  expect(await found(app, `q=${ada.slice(0, 9).toUpperCase()}`)).toEqual([ada])
  expect(await found(app, `q=${ada}`)).toEqual([ada])
  expect(await found(app, 'q=example')).toEqual([bob, ada])
  // Wildcards and quotes are letters like others.
  expect(await found(app, 'q=%25')).toEqual([bob])
  expect(await found(app, 'q=b_1')).toEqual([bob])
  for (const q of ['a_a', "' OR 1=1 --", '%22', '\\', 'nobody', '%F0%9F%98%80', '*', 'NEAR(a b)', 'a"b'])
    expect([q, await found(app, `q=${q}`)]).toEqual([q, []])
  expect((await search(app, 'q=a%00b')).status).toBe(400)
  // A change is found at once, and what it replaced no more.
  await change(app, ada, { email: 'countess@example.com', user_metadata: { full_name: 'Countess' } })
  expect(await found(app, 'q=lovelace')).toEqual([])
  expect(await found(app, 'q=countess')).toEqual([ada])
  await app.ask('DELETE', `${users}/${ada}`, { token: app.admin })
  expect(await found(app, 'q=countess')).toEqual([])
})

test('filters have to hold together', async () => {
  await using app = await startApp({ settings: { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' } })
  const banned = await create(app, { email: 'banned@example.com', email_confirm: true, ban_duration: '1h' })
  const open = await create(app, { email: 'open@example.com' })
  const phone = await create(app, { phone: '+15551234567', phone_confirm: true })
  const secured = (await protectedAccount(app)).id
  const anonymous: string = (await app.ask('POST', '/auth/v1/signup', { body: {} })).body.user.id
  await app.ask('PUT', `${users}/${open}/roles/admin`, { token: app.admin })
  expect(await found(app, '')).toHaveLength(5)
  expect(await found(app, 'banned=true')).toEqual([banned])
  expect(await found(app, 'banned=false')).not.toContain(banned)
  expect(new Set(await found(app, 'confirmed=false'))).toEqual(new Set([open, anonymous]))
  expect(await found(app, 'confirmed=false&anonymous=false')).toEqual([open])
  expect(await found(app, 'anonymous=true')).toEqual([anonymous])
  expect(await found(app, 'second_factor=true')).toEqual([secured])
  expect(await found(app, 'provider=phone')).toEqual([phone])
  expect(await found(app, 'provider=github')).toEqual([])
  expect(await found(app, 'role=admin')).toEqual([open])
  expect(await found(app, 'role=admin&banned=true')).toEqual([])
  expect(await found(app, 'role=admin&q=open')).toEqual([open])
  expect(await found(app, 'created_since=2026-01-01T00:00:02Z&created_since=x')).not.toContain(banned)
  expect(new Set(await found(app, 'signed_in_since=2026-01-01T00:00:00Z'))).toEqual(new Set([secured, anonymous]))
  app.clock.advance(3_600_000)
  expect(await found(app, 'banned=true')).toEqual([])
})

test('pages are sorted by creation or last sign-in, and have every user once', async () => {
  await using app = await startApp()
  const ids: string[] = []
  for (let index = 0; index < 7; index++)
    ids.push(
      await create(app, {
        email: `user${index}@example.com`,
        password: 'correct-horse-battery-9',
        email_confirm: true,
      }),
    )
  for (const index of [3, 1, 5]) {
    await app.signIn(`user${index}@example.com`)
    app.clock.advance(1000)
  }
  expect(await found(app, 'limit=2')).toEqual([...ids].reverse())
  expect(await found(app, 'limit=3&sort=created_at%20asc&q=user')).toEqual(ids)
  expect((await found(app, 'limit=1&sort=last_sign_in_at%20desc')).slice(0, 3)).toEqual(
    [5, 1, 3].map((index) => ids[index] as string),
  )
  const byFirst = await found(app, 'limit=2&sort=last_sign_in_at%20asc')
  expect(byFirst.slice(4)).toEqual([3, 1, 5].map((index) => ids[index] as string))
  expect(new Set(byFirst).size).toBe(7)
})

test('parameters and cursors that are not ours are refused', async () => {
  await using app = await startApp()
  for (let index = 0; index < 3; index++) await create(app, { email: `user${index}@example.com` })
  const cursor: string = (await search(app, 'limit=1')).body.next_cursor
  const [mark] = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  const forged = (...position: unknown[]) => Buffer.from(JSON.stringify([mark, ...position])).toString('base64url')
  for (const query of [
    'banned=maybe',
    'sort=email',
    'sort=created_at',
    'created_since=x',
    'limit=0',
    `q=user&cursor=${cursor}`,
    ...[
      forged(),
      forged('x', 'y'),
      forged(1),
      forged('2026-02-31 00:00:00+00', '00000000-0000-4000-8000-000000000000'),
      forged('2026-99-01 00:00:00+00', '00000000-0000-4000-8000-000000000000'),
      forged(1, '00000000-0000-4000-8000-000000000000'),
      forged('infinity', '00000000-0000-4000-8000-000000000000'),
      forged("'; DROP TABLE users; --", 1),
    ].map((each) => `cursor=${each}`),
  ])
    expect([query, (await search(app, query)).status]).toEqual([query, 400])
  // The path is one of ours, and an id is none.
  expect((await app.ask('GET', `${users}/search`)).status).toBe(401)
})
