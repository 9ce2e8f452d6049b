/** Acknowledged writes are on disk: the executable is killed at random moments under load, and asked for them afterwards. */
import { expect, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Binary, startBinary } from '../support/binary'
import { readRows } from '../support/database'
import { removeFolder } from '../support/remove-folder'

const ROUNDS = 50
const env = { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' }

/** What the server has acknowledged, and so must still know. */
interface Answered {
  users: Set<string>
  /** The newest refresh token of each session. */
  tokens: Map<string, string>
}

/** Signs up, with and without a password, and refreshes, until the connection closes. `tell` gets every response. */
async function load(server: Binary, client: number, answered: Answered, tell: () => void): Promise<void> {
  for (let round = 0; ; round++) {
    const body =
      (client + round) % 4 === 0
        ? { email: `${crypto.randomUUID()}@example.com`, password: 'correct-horse-battery-9' }
        : {}
    const signedUp = await server.ask('POST', '/auth/v1/signup', { body })
    answered.users.add(signedUp.body.user.id)
    const key = signedUp.body.user.id
    answered.tokens.set(key, signedUp.body.refresh_token)
    tell()
    for (let times = 0; times < 5; times++) {
      const refreshed = await server.ask('POST', '/auth/v1/token?grant_type=refresh_token', {
        body: { refresh_token: answered.tokens.get(key) },
      })
      answered.tokens.set(key, refreshed.body.refresh_token)
      tell()
    }
  }
}

test(
  `killed ${ROUNDS} times under load, it keeps every acknowledged sign-up and refresh, and an intact database`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-durability-'))
    const users = new Set<string>()
    let refreshes = 0
    for (let round = 0; round < ROUNDS; round++) {
      const answered: Answered = { users: new Set(), tokens: new Map() }
      const server = await startBinary({ folder, env })
      const enough = 20 + Math.floor(Math.random() * 400)
      let answers = 0
      let killed: Promise<number> | undefined
      const tell = () => {
        answers += 1
        if (answers === enough) killed = server.stop('SIGKILL')
      }
      const clients = Array.from({ length: 8 }, (_, client) => load(server, client, answered, tell))
      for (const { reason } of (await Promise.allSettled(clients)) as PromiseRejectedResult[]) if (!killed) throw reason
      await killed

      const again = await startBinary({ folder, env })
      for (const id of answered.users) {
        expect((await again.ask('GET', `/auth/v1/admin/users/${id}`, { token: again.keys.secret_key })).status).toBe(
          200,
        )
        users.add(id)
      }
      for (const token of answered.tokens.values()) {
        expect(
          (await again.ask('POST', '/auth/v1/token?grant_type=refresh_token', { body: { refresh_token: token } }))
            .status,
        ).toBe(200)
        refreshes += 1
      }
      await again.stop('SIGKILL')
      expect(await readRows(again.database, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
      expect(await readRows(again.database, 'PRAGMA foreign_key_check')).toEqual([])
    }
    const last = await startBinary({ folder, env })
    for (const id of users)
      expect((await last.ask('GET', `/auth/v1/admin/users/${id}`, { token: last.keys.secret_key })).status).toBe(200)
    expect(users.size).toBeGreaterThan(ROUNDS)
    expect(refreshes).toBeGreaterThan(ROUNDS)
    await last.stop('SIGKILL')
    removeFolder(folder)
  },
  10 * 60_000,
)
