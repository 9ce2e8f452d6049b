/** Secrets that pass through the executable, and must not appear in anything it writes. */
import { expect, test } from 'bun:test'
import { type Binary, startBinary } from '../support/binary'
import { lastMessageOfKind } from '../support/binary-mailbox'
import { codeAt } from '../support/totp'

const EMAIL = 'ada@example.com'
const PASSWORD = 'correct-horse-battery-9'
const PHONE = '15551230001'

/** Signs in by every method. @returns all secrets that were used */
async function everySecret(server: Binary): Promise<string[]> {
  const secrets: string[] = [PASSWORD, server.keys.secret_key]
  const keep = (...found: string[]) => secrets.push(...found)
  const post = async (path: string, body: object, token?: string) => {
    const { status, body: answer } = await server.ask('POST', `/auth/v1${path}`, { body, ...(token && { token }) })
    expect([path, status]).toEqual([path, 200])
    return answer
  }
  const session = await post('/signup', { email: EMAIL, password: PASSWORD })
  await post('/magiclink', { email: EMAIL })
  const mail = await lastMessageOfKind(server, EMAIL, 'magic_link')
  keep(mail.token, mail.code)
  await server.ask('GET', `/auth/v1/verify?type=magiclink&token=${mail.token}&redirect_to=http://localhost:3000`)
  const factor = await post('/factors', { factor_type: 'totp' }, session.access_token)
  const challenge = await post(`/factors/${factor.id}/challenge`, {}, session.access_token)
  const code = codeAt(factor.totp.secret, Date.now())
  const answer = { challenge_id: challenge.id, code }
  const raised = await post(`/factors/${factor.id}/verify`, answer, session.access_token)
  const { codes } = await post('/factors/recovery-codes', {}, raised.access_token)
  const phone = await post(
    '/factors',
    { factor_type: 'phone', friendly_name: 'sms', phone: PHONE },
    raised.access_token,
  )
  await post(`/factors/${phone.id}/challenge`, {}, raised.access_token)
  keep((await lastMessageOfKind(server, PHONE, 'mfa_challenge')).code)
  const refreshed = await post('/token?grant_type=refresh_token', { refresh_token: raised.refresh_token })
  keep(session.access_token, session.refresh_token, raised.access_token, raised.refresh_token)
  keep(refreshed.access_token, refreshed.refresh_token, factor.totp.secret, code, ...codes)
  return secrets
}

test('threat T27: logs and metrics contain no token, code or secret, and a token in the query does not authenticate', async () => {
  const env = {
    AUTH_MFA_PHONE_ENROLL_ENABLED: 'true',
    AUTH_MFA_PHONE_VERIFY_ENABLED: 'true',
    AUTH_LOG_LEVEL: 'debug',
    AUTH_METRICS_PORT: '0',
  }
  await using server = await startBinary({ env })
  const secrets = await everySecret(server)
  const [token = ''] = secrets.filter((each) => each.startsWith('eyJ'))
  for (const name of ['access_token', 'token', 'apikey', 'jwt'])
    expect((await server.ask('GET', `/auth/v1/user?${name}=${token}`)).status).toBe(401)
  const leaking = { headers: { referer: `http://localhost:3000/#access_token=${token}` } }
  expect((await server.ask('GET', '/auth/v1/user', leaking)).status).toBe(401)
  await server.settled()
  const metrics = await server.metrics()
  const written = JSON.stringify(server.log) + metrics
  expect(metrics).toContain('route="/auth/v1/factors/:id/verify"')
  // Six digits may be part of a number by chance, so the code is searched for as a value.
  for (const secret of secrets)
    if (/^\d{6}$/.test(secret)) expect(written).not.toContain(`"${secret}"`)
    else expect(written).not.toContain(secret)
})
