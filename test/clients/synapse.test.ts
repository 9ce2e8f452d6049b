/**
 * Matrix accounts with a real Synapse (docs/other-surfaces.md#matrix-accounts). It runs if SYNAPSE_PYTHON is a Python with the
 * package `matrix-synapse`, which `.ci/run` installs.
 */
import { expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Binary, startBinary } from '../support/binary'
import { freePort } from '../support/free-port'
import { removeFolder } from '../support/remove-folder'

const python = process.env.SYNAPSE_PYTHON
const password = 'correct-horse-battery-9'
const SECRET = 'shared-with-the-homeserver'

if (python === undefined) console.log('SYNAPSE_PYTHON is not set: the tests with a real Synapse are skipped')

/** A homeserver on SQLite in a folder of its own. */
function homeserver() {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-synapse-'))
  const config = join(folder, 'homeserver.yaml')
  const errors = join(folder, 'stderr.txt')
  const port = freePort()
  const app = [python as string, '-m', 'synapse.app.homeserver', '--config-path', config]
  const generated = Bun.spawnSync([...app, '--server-name', 'hs.example', '--generate-config', '--report-stats=no'], {
    cwd: folder,
  })
  if (!generated.success) throw new Error(generated.stderr.toString())
  const text = readFileSync(config, 'utf8')
    .replace('port: 8008', `port: ${port}`)
    .replace(/^ +- ::1\n/m, '')
    .replace(/registration_shared_secret: .*/, `registration_shared_secret: "${SECRET}"`)
  writeFileSync(config, `${text}\nsuppress_key_server_warning: true\n`)
  const url = `http://127.0.0.1:${port}`
  let running: Bun.Subprocess | undefined
  return {
    url,
    async start() {
      running = Bun.spawn(app, { cwd: folder, stdout: 'ignore', stderr: Bun.file(errors) })
      while (
        !(await fetch(`${url}/health`).then(
          ({ ok }) => ok,
          () => false,
        ))
      ) {
        if (running.exitCode !== null) throw new Error(readFileSync(errors, 'utf8'))
        await Bun.sleep(50)
      }
    },
    async stop() {
      running?.kill()
      await running?.exited
    },
    /** The homeserver's response for a profile; it exists for accounts only. */
    async profileOf(matrixUserId: string) {
      const answer = await fetch(`${url}/_matrix/client/v3/profile/${encodeURIComponent(matrixUserId)}`)
      return [answer.status, ((await answer.json()) as { displayname?: string }).displayname]
    },
    async [Symbol.asyncDispose]() {
      await this.stop()
      removeFolder(folder)
    },
  }
}

async function register(server: Binary, email: string, displayName: string) {
  const body = { email, password, display_name: displayName }
  const { status, body: made } = await server.ask('POST', '/api/auth/register', { body })
  expect(status).toBe(201)
  return made.matrix_user_id
}

const matrixIdOf = async (server: Binary, email: string): Promise<string | null> =>
  (await server.ask('POST', '/api/auth/login', { body: { email, password } })).body.user.matrix_user_id

test.skipIf(python === undefined)(
  'registering creates a Matrix account; while Synapse is down it is pending, and created afterwards',
  async () => {
    await using synapse = homeserver()
    await synapse.start()
    await using server = await startBinary({
      env: { SYNAPSE_ADMIN_URL: synapse.url, SYNAPSE_REGISTRATION_SECRET: SECRET },
    })
    await register(server, 'ada@example.com', 'Ada')
    // a slow homeserver gives the account after the answer
    while ((await matrixIdOf(server, 'ada@example.com')) === null) await Bun.sleep(100)
    expect(await matrixIdOf(server, 'ada@example.com')).toBe('@u1:hs.example')
    expect(await synapse.profileOf('@u1:hs.example')).toEqual([200, 'Ada'])
    expect((await synapse.profileOf('@u2:hs.example'))[0]).toBe(404)

    await synapse.stop()
    expect(await register(server, 'bob@example.com', 'Bob')).toBeNull()
    expect(await matrixIdOf(server, 'bob@example.com')).toBeNull()
    await synapse.start()
    while ((await matrixIdOf(server, 'bob@example.com')) === null) await Bun.sleep(100)
    expect(await matrixIdOf(server, 'bob@example.com')).toBe('@u2:hs.example')
    expect(await synapse.profileOf('@u2:hs.example')).toEqual([200, 'Bob'])

    // another server, whose users would have the same names
    await using other = await startBinary({
      env: { SYNAPSE_ADMIN_URL: synapse.url, SYNAPSE_REGISTRATION_SECRET: SECRET },
    })
    await register(other, 'eve@example.com', '')
    while ((await matrixIdOf(other, 'eve@example.com')) === null) await Bun.sleep(100)
    expect(await matrixIdOf(other, 'eve@example.com')).toBe('@u1-2:hs.example')

    await using wrong = await startBinary({
      env: { SYNAPSE_ADMIN_URL: synapse.url, SYNAPSE_REGISTRATION_SECRET: 'another-secret' },
    })
    expect(await register(wrong, 'eve@example.com', '')).toBeNull()
  },
  300_000,
)
