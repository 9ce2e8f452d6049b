import { expect, test } from 'bun:test'
import { startApp } from '../../support/app'
import { currentEngine } from '../../support/engines'

test('ready reports its checks, and repeats them at most once a second', async () => {
  await using app = await startApp()
  const ask = async () => {
    const { status, body } = await app.ask('GET', '/ready')
    return [status, body.status]
  }
  expect(await ask()).toEqual([200, 'ok'])
  await app.store.close()
  expect(await ask()).toEqual([200, 'ok'])
  app.clock.advance(1000)
  expect(await ask()).toEqual([503, 'unavailable'])
  expect((await app.ask('GET', '/ready')).body).toEqual({
    status: 'unavailable',
    checks: {
      database: 'failed',
      // That of Postgres is elsewhere.
      ...(currentEngine() === 'sqlite' && { disk: 'ok' }),
      clock: 'ok',
      mail: 'ok',
    },
    reasons: { database: expect.any(String) },
    mail_queue: { length: 0, oldest_seconds: 0 },
  })
  expect(app.log().some(({ msg }) => msg === 'unhandled error')).toBe(true)
})

test.each(['/swagger', '/swagger/'])(
  'Swagger UI at %s is served by the server itself, under a policy that allows nothing else',
  async (path) => {
    await using app = await startApp()
    const page = await app.ask('GET', path)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toStartWith("default-src 'none'; script-src 'self';")
    const linked = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)]
      .map(([, url]) => url as string)
      .filter((url) => !url.startsWith('data:'))
    expect(linked).toHaveLength(4)
    expect(page.text).not.toMatch(/<script>|onload=|style="/)
    for (const url of linked) {
      const { pathname } = new URL(url, `http://localhost${path}`)
      expect([url, (await app.ask('GET', pathname)).status]).toEqual([url, 200])
    }
    // Relative, so that a proxy may serve it below a path.
    expect((await app.ask('GET', '/openapi.json')).body).toMatchObject({ openapi: '3.1.0', servers: [{ url: '.' }] })
    expect((await app.ask('POST', path)).status).toBe(404)
  },
)
