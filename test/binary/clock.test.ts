/** The executable after its clock was wrong: the rows and the file that result are written by hand. */
import { expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DAY } from '../../src/lib/milliseconds'
import { claimsOf } from '../support/app'
import { type Binary, run, startBinary } from '../support/binary'
import { execute } from '../support/database'
import { startSmtp } from '../support/smtp'

/** The data folder of an executable. */
const dataOf = ({ log }: Binary): string => log.find(({ msg }) => msg === 'listening').data

const ADA = { email: 'ada@example.com', password: 'correct-horse-battery-9' }

test('after a clock that was a day ahead, queued and newly requested mails are sent', async () => {
  const smtp = await startSmtp()
  const env = {
    AUTH_SMTP_HOST: smtp.host,
    AUTH_SMTP_PORT: String(smtp.port),
    AUTH_SMTP_ADMIN_EMAIL: 'auth@id.example.com',
    AUTH_MAILER_AUTOCONFIRM: 'true',
  }
  await using first = await startBinary({ env })
  await smtp.stop()
  expect((await first.ask('POST', '/auth/v1/signup', { body: ADA })).status).toBe(200)
  expect((await first.ask('POST', '/auth/v1/recover', { body: { email: ADA.email } })).status).toBe(200)
  await first.stop()
  await execute(first.database, 'UPDATE users SET recovery_sent_at = recovery_sent_at + ?', DAY)
  await execute(
    first.database,
    'UPDATE messages SET created_at = created_at + ?1, expires_at = expires_at + ?1, next_attempt_at = next_attempt_at + ?1',
    DAY,
  )
  await smtp.start()
  await using again = await startBinary({ env, folder: first.folder })
  expect((await again.ask('POST', '/auth/v1/recover', { body: { email: ADA.email } })).status).toBe(200)
  await smtp.received(2)
  expect((await again.ask('GET', '/ready')).body).toMatchObject({ status: 'ok', checks: { clock: 'ok', mail: 'ok' } })
  await smtp.stop()
}, 60_000)

test('role keys of a first start in 1970 are valid once the clock is right', async () => {
  await using server = await startBinary()
  await server.stop()
  const path = join(dataOf(server), 'secrets.json')
  const secrets = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify({ ...secrets, createdAt: '1970-01-01T00:00:42.000Z' }))
  await using again = await startBinary({ folder: server.folder })
  for (const key of [again.keys.anon_key, again.keys.service_role_key]) {
    const { iat, exp } = claimsOf(key)
    expect([iat * 1000 <= Date.now(), exp * 1000 > Date.now()]).toEqual([true, true])
  }
  const { status } = await again.ask('GET', '/auth/v1/admin/users', { token: again.keys.service_role_key })
  const { stderr } = await run(['keys'], { cwd: server.folder })
  expect([status, stderr]).toEqual([200, ''])
}, 60_000)
