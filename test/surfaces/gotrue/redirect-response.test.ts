/** Redirect targets with non-ASCII characters (`GET /verify`). */
import { expect, test } from 'bun:test'
import { startApp, type TestApp } from '../../support/app'

const open = (app: TestApp, token: string, type: string, redirectTo: string) =>
  app.ask('GET', `/auth/v1/verify?${new URLSearchParams({ token, type, redirect_to: redirectTo })}`)

test('a target with non-ASCII characters is redirected to, with a session or an error', async () => {
  await using app = await startApp()
  await app.signUp('ada@example.com')
  for (const [path, escaped] of [
    ['日本?q=ü', '%E6%97%A5%E6%9C%AC?q=%C3%BC'],
    ['\u2028\u{1f511}', '%E2%80%A8%F0%9F%94%91'],
    ['%E6%97%A5', '%E6%97%A5'],
  ] as const) {
    app.clock.advance(60_000)
    await app.ask('POST', '/auth/v1/recover', { body: { email: 'ada@example.com' } })
    const [mail] = await app.core.forTask().listMessages({ to: 'ada@example.com', limit: 1 })
    const token = new URL(mail?.links[0] ?? '').searchParams.get('token') ?? ''
    for (const fragment of ['#access_token=', '#error=access_denied']) {
      const reply = await open(app, token, 'recovery', `http://localhost:3000/${path}`)
      expect(reply.status).toBe(303)
      expect(reply.headers.get('location')).toStartWith(`http://localhost:3000/${escaped}${fragment}`)
    }
  }
})
