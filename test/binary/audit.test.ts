import { expect, test } from 'bun:test'
import { run, startBinary } from '../support/binary'
import { execute } from '../support/database'

test('audit verify says what is sealed, and ends with status 1 for an entry that was changed', async () => {
  await using server = await startBinary()
  const verify = (...args: string[]) => run(['audit', 'verify', ...args], { cwd: server.folder })
  for (const name of ['ada', 'grace'])
    await server.ask('POST', '/auth/v1/signup', { body: { email: `${name}@example.com`, password: 'correct-horse-9' } })
  expect(await verify()).toMatchObject({ status: 0, stdout: expect.stringContaining('No entry is sealed yet') })
  expect(JSON.parse((await verify('--json')).stdout)).toMatchObject({
    intact: true,
    sealed: 0,
    unsealed: 4,
    head: null,
  })

  const forged = 'INSERT INTO audit_seals (seq, sealed_at, to_at, to_id, last_at, members, late, mac) VALUES'
  await execute(server.database, `${forged} (1, 1, '4', '', 1, '', '[]', '${'0'.repeat(64)}')`)
  const { stdout, stderr, status } = await verify('--json')
  expect(JSON.parse(stdout)).toMatchObject({ intact: false, fault: { kind: 'seal_changed', seal: 1, entry: null } })
  expect([stderr, status]).toEqual([
    'latchkey: the audit log is not as it was written: a seal was changed, or made with another key (seal 1)\n',
    1,
  ])
  expect((await verify('--known', 'nonsense')).status).toBe(2)
}, 60_000)
