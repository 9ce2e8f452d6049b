/** Sign-in with an account of another server while captchas are on (docs/captcha.md#federation). */
import { expect, test } from 'bun:test'
import { PASSWORD, startApp } from '../../support/app'
import { POW, SECRET, startVerifier, tokenFor } from '../../support/captcha'
import { answered, fakePeer, refused, serveApp, signIn } from '../../support/federation'

const ADA = 'ada@example.com'
const FEW_GUESSES = { AUTH_RATE_LIMITS: 'on', AUTH_RATE_LIMIT_PASSWORD_GUESSES: '2' }

const captchaFailed = refused(400, 'validation', 'captcha_failed')
const wrong = refused(401, 'unauthorized', 'external_auth_failed')

/** A home server with captchas and an account, and a server that accounts of it sign in at. */
async function start(settings: Record<string, string> = {}, homeSettings: Record<string, string> = POW, origin = '') {
  const home = await startApp({ settings: homeSettings, ...(origin !== '' && { captchaOrigin: origin }) })
  await home.ask('POST', '/auth/v1/admin/users', {
    body: { email: ADA, password: PASSWORD, email_confirm: true },
    token: home.admin,
  })
  const served = serveApp(home)
  const app = await startApp({ settings: { AUTH_FEDERATION_SERVERS: `home=${served.url}`, ...settings } })
  return {
    home,
    app,
    login: (more: object = {}) => signIn(app, ADA, { server: 'home', ...more }),
    async [Symbol.asyncDispose]() {
      for (const each of [app, served, home]) await each[Symbol.asyncDispose]()
    },
  }
}

test.each([
  ['no captchas', {}],
  ['captchas of its own', POW],
])('a captcha solved for the home server signs in at a server with %s', async (_, settings) => {
  await using started = await start(settings)
  const { login, home } = started
  const captcha_token = await tokenFor(home, 'sign_in')
  const { status, body } = await login({ captcha_token })
  expect([status, body.server]).toEqual([200, 'home'])
  expect(await login({ captcha_token })).toMatchObject(captchaFailed)
})

test('a captcha solved for this server does not count at the home server, and is not spent', async () => {
  await using started = await start(POW)
  const { app, login } = started
  const ada = { email: ADA, password: PASSWORD, email_confirm: true }
  await app.ask('POST', '/auth/v1/admin/users', { body: ada, token: app.admin })
  const captcha_token = await tokenFor(app, 'sign_in')
  expect(await login({ captcha_token })).toMatchObject(captchaFailed)
  expect((await signIn(app, ADA, { captcha_token })).status).toBe(200)
})

test('a captcha that the home server refuses or misses is captcha_failed, and no guess', async () => {
  await using started = await start(FEW_GUESSES)
  const { login, home } = started
  for (const captcha of [{}, { captcha_token: '' }, { captcha_token: null }, { captcha_token: 5 }])
    expect([captcha, await login(captcha)]).toMatchObject([captcha, captchaFailed])
  for (const captcha_token of ['bad', 'x'.repeat(20_000), await tokenFor(home, 'sign_up')])
    expect((await login({ captcha_token, password: 'wrong' })).body).toEqual({
      ...captchaFailed.body,
      message: 'The other server requires the token of a captcha solved for it',
    })
  const solved = () => tokenFor(home, 'sign_in')
  expect(await login({ captcha_token: await solved(), password: 'wrong' })).toMatchObject(wrong)
  expect((await login({ captcha_token: await solved() })).status).toBe(200)
})

test('threat T1: a wrong password with a good captcha is still a guess', async () => {
  await using started = await start(FEW_GUESSES)
  const { login, home } = started
  const guess = async () => login({ captcha_token: await tokenFor(home, 'sign_in'), password: 'wrong' })
  expect(await guess()).toMatchObject(wrong)
  expect(await guess()).toMatchObject(wrong)
  expect(await guess()).toMatchObject(refused(429, 'rate_limit', 'too_many_requests'))
})

test('refused captchas count in the limit of requests', async () => {
  await using started = await start(FEW_GUESSES)
  const { login } = started
  for (let request = 0; request < 30; request++) expect(await login()).toMatchObject(captchaFailed)
  expect(await login()).toMatchObject(refused(429, 'rate_limit', 'too_many_requests'))
})

test('a home server that cannot verify captchas is unavailable: reported, and no guess', async () => {
  await using verifier = startVerifier()
  const hcaptcha = { AUTH_SECURITY_CAPTCHA_ENABLED: 'true', AUTH_SECURITY_CAPTCHA_SECRET: SECRET }
  await using started = await start(FEW_GUESSES, hcaptcha, verifier.origin)
  const { app, login } = started
  for (let request = 0; request < 5; request++)
    expect(await login({ captcha_token: 'not JSON' })).toMatchObject(
      refused(502, 'server_error', 'upstream_unavailable'),
    )
  expect(app.log()).toContainEqual(
    expect.objectContaining({
      level: 'warn',
      msg: 'the request to another auth server failed',
      server: 'home',
      error: 'it responded with 503',
    }),
  )
  expect((await login({ captcha_token: 'good' })).status).toBe(200)
})

test('threat T5: no spelling of the server signs in to a local account without a captcha', async () => {
  const peer = fakePeer({ '/login': answered({ reason: 'invalid_credentials' }, 401) })
  await using app = await startApp({
    settings: { ...POW, AUTH_FEDERATION_SERVERS: 'work=https://auth.work.example' },
    peers: peer.peers,
  })
  await app.ask('POST', '/auth/v1/admin/users', {
    body: { email: ADA, password: PASSWORD, email_confirm: true },
    token: app.admin,
  })
  const login = (servers: string, path = '/login') =>
    app.ask('POST', `/auth/v1${path}`, { raw: `{"id":"${ADA}","password":"${PASSWORD}"${servers}}` })
  for (const servers of [
    ...['', ',"server":""', ',"server":"local"', ',"server":null', ',"Server":"local"', ',"SERVER":""'],
    ...[',"server":"work","server":"local"', ',"server":"work","Server":""', ',"Server":"work","server":"local"'],
    ...[',"server":null,"SERVER":"local"', ',"server":"local","Server":null'],
  ])
    expect([servers, await login(servers)]).toMatchObject([servers, captchaFailed])
  expect(await login('', '/login?server=work')).toMatchObject(captchaFailed)
  expect(peer.calls).toEqual([])
  for (const servers of [',"server":"work","Server":null', ',"server":"local","Server":"work"'])
    expect([servers, await login(servers)]).toMatchObject([servers, wrong])
  expect(peer.calls).toHaveLength(2)
  for (const server of ['LOCAL', ' ', 'evil'])
    expect(await login(`,"server":"${server}"`)).toMatchObject(refused(403, 'forbidden', 'server_not_allowed'))
  for (const malformed of [',"server":5', ',"server":["work"]'])
    expect(await login(malformed)).toMatchObject(refused(400, 'validation', 'invalid_input'))
})

test('only a token that the client sent is forwarded', async () => {
  const peer = fakePeer({ '/login': answered({ reason: 'invalid_credentials' }, 401) })
  await using app = await startApp({
    settings: { AUTH_FEDERATION_SERVERS: 'work=https://auth.work.example' },
    peers: peer.peers,
  })
  for (const captcha of [{}, { captcha_token: '' }, { captcha_token: 5 }, { captcha_token: 'solved' }])
    expect(await signIn(app, 'grace', { server: 'work', ...captcha })).toMatchObject(wrong)
  const body = { id: 'grace', password: PASSWORD }
  expect(peer.calls.map((call) => call.body)).toEqual([body, body, body, { ...body, captcha_token: 'solved' }])
})

test('without captchas the field is ignored', async () => {
  await using app = await startApp()
  const ada = await app.signUp()
  for (const captcha_token of [5, [], '', 'x'])
    expect((await signIn(app, ada.email, { captcha_token })).status).toBe(200)
})
