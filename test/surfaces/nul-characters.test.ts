/** A NUL character, which Postgres cannot store: requests are refused as with any other value that does not exist. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { passwordGrant, startApp, type TestApp } from '../support/app'
import { eachEngine } from '../support/engines'
import { login, mint } from '../support/native'

eachEngine(() => {
  let app: TestApp
  beforeAll(async () => {
    app = await startApp()
  })
  afterAll(() => app[Symbol.asyncDispose]())

  test('of tokens', async () => {
    const post = await app.ask('POST', '/auth/v1/verify', { body: { type: 'signup', token_hash: '\0abcdefgh' } })
    expect([post.status, post.body.code]).toEqual([403, 'otp_expired'])
    const get = await app.ask('GET', '/auth/v1/verify?type=signup&token=%00abcdefgh')
    expect([get.status, get.headers.get('location')]).toEqual([303, expect.stringContaining('error_code=otp_expired')])
    const { accessToken } = await app.signUp()
    expect((await app.ask('DELETE', '/api/auth/tokens/%00', { token: accessToken })).status).toBe(404)
  })

  test('of addresses and names', async () => {
    const grant = await passwordGrant(app, { email: 'a\0@x.com', password: 'p' })
    expect([grant.status, grant.body.code]).toEqual([400, 'invalid_credentials'])
    expect((await login(app, 'a\0@x.com')).status).toBe(401)
    expect((await mint(app, 'a\0@x.com')).status).toBe(401)
  })

  test('of providers', async () => {
    const body = { provider: 'custom:\0', id_token: 'a.b.c' }
    const grant = await app.ask('POST', '/auth/v1/token?grant_type=id_token', { body })
    expect([grant.status, grant.body.code]).toEqual([400, 'validation_failed'])
    expect((await app.ask('GET', '/auth/v1/authorize?provider=custom:%00')).status).toBe(400)
    const found = await app.ask('GET', '/auth/v1/admin/custom-providers/custom%3A%00', { token: app.admin })
    expect([found.status, found.body.code]).toEqual([404, 'custom_provider_not_found'])
  })
})
