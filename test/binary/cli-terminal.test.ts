/** Commands that ask on a terminal: passwords, confirmations, and the questions of init. */
import { describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseDotenv } from '../../src/lib/dotenv'
import { run, startBinary } from '../support/binary'
import { CTRL_C, ENTER, onTerminal } from '../support/terminal'

const PASSWORD = 'correct-horse-battery-9'
const SLOW_MS = 60_000

async function serverWithAda() {
  const server = await startBinary()
  await run(['user', 'create', 'ada@example.com', '--password-stdin'], { cwd: server.folder, stdin: PASSWORD })
  const signIn = async (password: string) =>
    (await server.ask('POST', '/auth/v1/token?grant_type=password', { body: { email: 'ada@example.com', password } }))
      .status
  return { server, signIn, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

describe.skipIf(process.platform === 'win32')('on a terminal', () => {
  test(
    'a password is asked for twice and not shown',
    async () => {
      await using all = await serverWithAda()
      const typed = onTerminal(['user', 'set-password', 'ada@example.com'], all.server.folder)
      await typed.answer('New password of ada@example.com', `another-horse-9${ENTER}`)
      await typed.answer('Again', `another-horse-9${ENTER}`)
      expect(await typed.exited).toBe(0)
      expect(typed.shown()).toContain('The password is set')
      expect(typed.shown()).not.toContain('another')
      expect([await all.signIn('another-horse-9'), await all.signIn(PASSWORD)]).toEqual([200, 400])
    },
    SLOW_MS,
  )

  test(
    'two different passwords, or Ctrl-C, change nothing',
    async () => {
      await using all = await serverWithAda()
      const different = onTerminal(['user', 'set-password', 'ada@example.com'], all.server.folder)
      await different.answer('New password', `another-horse-9${ENTER}`)
      await different.answer('Again', `another-horse-8${ENTER}`)
      expect([await different.exited, different.shown()]).toEqual([4, expect.stringContaining('differ')])
      const cancelled = onTerminal(['user', 'set-password', 'ada@example.com'], all.server.folder)
      await cancelled.answer('New password', CTRL_C)
      expect([await cancelled.exited, cancelled.shown()]).toEqual([1, expect.stringContaining('nothing was changed')])
      expect(await all.signIn(PASSWORD)).toBe(200)
    },
    SLOW_MS,
  )

  test(
    'a deletion asks first',
    async () => {
      await using all = await serverWithAda()
      const { folder } = all.server
      const refused = onTerminal(['user', 'delete', 'ada@example.com'], folder)
      await refused.answer('This cannot be undone.', ENTER)
      expect([await refused.exited, await all.signIn(PASSWORD)]).toEqual([1, 200])
      const agreed = onTerminal(['user', 'delete', 'ada@example.com'], folder)
      await agreed.answer('This cannot be undone.', 'y')
      expect([await agreed.exited, await all.signIn(PASSWORD)]).toEqual([0, 400])
    },
    SLOW_MS,
  )

  test(
    'init asks for everything, and what it writes is valid',
    async () => {
      const cwd = mkdtempSync(join(tmpdir(), 'latchkey-init-'))
      const asked = onTerminal(['init'], cwd)
      await asked.answer('Domain of this server', `auth.example.com${ENTER}`)
      await asked.answer('URL of your application', `https://app.example.com${ENTER}`)
      await asked.answer('reverse proxy', ENTER)
      await asked.answer('SMTP server', `smtp.example.com${ENTER}`)
      await asked.answer('Port of the SMTP server', ENTER)
      await asked.answer('SMTP user', `ada${ENTER}`)
      await asked.answer('SMTP password', `${PASSWORD}${ENTER}`)
      await asked.answer('Sender of mails', `noreply@example.org${ENTER}`)
      expect([await asked.exited, asked.shown()]).toEqual([0, expect.stringContaining('is written')])
      expect(asked.shown()).not.toContain(PASSWORD)
      expect(parseDotenv(readFileSync(join(cwd, '.env'), 'utf8'))).toEqual({
        AUTH_API_EXTERNAL_URL: 'https://auth.example.com/auth/v1',
        AUTH_SITE_URL: 'https://app.example.com',
        AUTH_TRUSTED_PROXIES: '127.0.0.1/32,::1/128',
        AUTH_SMTP_HOST: 'smtp.example.com',
        AUTH_SMTP_PORT: '587',
        AUTH_SMTP_USER: 'ada',
        AUTH_SMTP_PASS: PASSWORD,
        AUTH_SMTP_ADMIN_EMAIL: 'noreply@example.org',
      })
      expect((await run(['check'], { cwd })).status).toBe(0)
      const again = onTerminal(['init'], cwd)
      await again.answer('Write it again?', ENTER)
      expect(await again.exited).toBe(1)
    },
    SLOW_MS,
  )

  test(
    'init that is cancelled writes nothing',
    async () => {
      const cwd = mkdtempSync(join(tmpdir(), 'latchkey-init-'))
      const cancelled = onTerminal(['init'], cwd)
      await cancelled.answer('Domain of this server', CTRL_C)
      expect([await cancelled.exited, existsSync(join(cwd, '.env'))]).toEqual([1, false])
    },
    SLOW_MS,
  )

  test(
    'the server logs requests in one line each, health checks only at level debug, and shares the id of errors',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'latchkey-terminal-'))
      const server = onTerminal(['serve', '--port', '0'], folder)
      await server.answer('Publishable', '')
      const url = /http:\/\/localhost:\d+/.exec(server.shown())?.[0] as string
      await fetch(`${url}/auth/v1/health`)
      await fetch(`${url}/auth/v1/settings`)
      const refused = await fetch(`${url}/auth/v1/token?grant_type=password`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: 'ada@example.com', password: PASSWORD }),
      })
      const id = refused.headers.get('x-request-id')
      await server.answer(`id=${id}`, CTRL_C)
      expect(await server.exited).toBe(0)
      const lines = server
        .shown()
        .split(/\r?\n/)
        .filter((line) => /^[\d:.]{12} (GET|POST) /.test(line))
      expect(lines.map((line) => line.slice(13).replace(/[\d.]+ ms/, 'N ms'))).toEqual([
        'GET /auth/v1/settings 200 N ms',
        `POST /auth/v1/token 400 invalid_credentials N ms reason=credentials_wrong id=${id}`,
      ])
    },
    SLOW_MS,
  )
})
