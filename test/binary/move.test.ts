import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, startBinary } from '../support/binary'
import { hasPostgres, newPostgresDatabase } from '../support/postgres'
import { removeFolder } from '../support/remove-folder'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-move-'))
afterAll(() => removeFolder(folder))

const refresh = (refreshToken: string) => ({ body: { refresh_token: refreshToken } })

test.skipIf(!hasPostgres)(
  'a server moves to Postgres and back, and its sessions go on',
  async () => {
    await using postgres = await newPostgresDatabase()
    const cwd = folder
    const data = join(folder, 'latchkey-data')
    const move = (args: string[], env = {}) => run(['move', ...args], { cwd, env })
    let token: string
    {
      await using server = await startBinary({ folder })
      const body = { email: 'ada@example.com', password: 'correct-horse-battery-9' }
      token = (await server.ask('POST', '/auth/v1/signup', { body })).body.refresh_token
      const { stderr, status } = await move(['--to', postgres.url])
      expect([stderr, status]).toEqual([expect.stringContaining('another process is using'), 1])
    }
    const secrets = JSON.parse(readFileSync(join(data, 'secrets.json'), 'utf8'))

    const dry = await move(['--to', postgres.url, '--dry-run'])
    expect(dry).toMatchObject({ status: 0, stdout: expect.stringMatching(/^users +1$/m) })
    const shown = await move(['--to', postgres.url, '--dry-run', '--show-secrets'])
    expect(shown.stdout).toContain(`AUTH_ENCRYPTION_KEY=${secrets.encryptionKey}\n`)

    const moved = await move(['--to', postgres.url])
    expect(moved).toMatchObject({ status: 0, stdout: expect.stringContaining(`jwtSecret in ${data}/secrets.json`) })
    for (const secret of Object.values(secrets).slice(1)) expect(moved.stdout + moved.stderr).not.toContain(secret)

    const env = {
      AUTH_DATABASE_URL: postgres.url,
      AUTH_JWT_SECRET: secrets.jwtSecret,
      AUTH_ENCRYPTION_KEY: secrets.encryptionKey,
    }
    {
      await using server = await startBinary({ folder, env })
      const answer = await server.ask('POST', '/auth/v1/token?grant_type=refresh_token', refresh(token))
      expect(answer.status).toBe(200)
      token = answer.body.refresh_token
    }
    const back = await move(['--to', join(folder, 'new')], env)
    expect(back).toMatchObject({ status: 0, stdout: expect.stringContaining('start the server') })
    await using server = await startBinary({ folder, args: ['--data-dir', join(folder, 'new')] })
    const answer = await server.ask('POST', '/auth/v1/token?grant_type=refresh_token', refresh(token))
    expect(answer.status).toBe(200)
  },
  60_000,
)

test.each([
  [[], 'name the other database', 2],
  [['--to', 'other'], 'there is no database at', 1],
  [['--to', 'postgres://latchkey@127.0.0.1:1/app'], 'there is no database at', 1],
])('move %j is an error', async (args, message, expected) => {
  const { stderr, status } = await run(['move', ...args], { cwd: join(folder), env: { AUTH_DATA_DIR: 'nothing' } })
  expect([stderr, status]).toEqual([expect.stringContaining(message), expected])
})
