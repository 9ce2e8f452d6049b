import { expect, test } from 'bun:test'
import type { SQL } from 'bun'
import { requireOwnSessions } from '../../../src/store/postgres/reach'

const SETTINGS = { search_path: 'auth' }

/** @param pids of the sessions that answer the first client, the second one, and the first one again */
function poolerWith(pids: number[], searchPath = SETTINGS.search_path): Pick<SQL, 'reserve'> {
  const unsafe = async (text: string) => (text.startsWith('SELECT') ? [{ pid: pids.shift(), searchPath }] : [])
  const client = { unsafe, release: async () => {} }
  return { reserve: async () => client } as unknown as Pick<SQL, 'reserve'>
}

const problem = (pooler: Pick<SQL, 'reserve'>) =>
  requireOwnSessions(pooler, 'postgres://ada:secret@db.example/app', SETTINGS).then(
    () => undefined,
    (error: Error) => error.message,
  )

test('a database with a session for each connection is used', async () => {
  expect(await problem(poolerWith([1, 2, 1]))).toBeUndefined()
})

test.each([
  ['the second client gets the session of the first', [1, 1, 2]],
  ['the first client gets another session than before', [1, 2, 3]],
])('a pooler in transaction mode is refused: %s', async (_, pids) => {
  expect(await problem(poolerWith(pids))).toMatch(
    /^the database postgres:\/\/ada@db\.example:5432\/app is behind a connection pooler in transaction mode.+port 5432/,
  )
})

test('a pooler that drops the settings of a session is refused', async () => {
  expect(await problem(poolerWith([1, 2, 1], '"$user", public'))).toContain('does not pass on the settings')
})
