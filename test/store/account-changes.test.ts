/** What operations note for events, and that they note nothing while events are off. */
import { expect, test } from 'bun:test'
import type { AccountChange } from '../../src/store/account'
import { createUser, registerUser } from '../../src/store/accounts/new-accounts'
import { grantRole } from '../../src/store/accounts/roles'
import { deleteUser } from '../../src/store/accounts/users'
import type { Queries, Tx } from '../../src/store/engine'
import type { Statement } from '../../src/store/query'
import { endUserSessions, openSession } from '../../src/store/sessions/sessions'
import { NOW, newSession, newUser } from '../support/accounts'
import { eachEngine, newDatabase, openEngine } from '../support/engines'

/** The texts of the statements that run. */
function watched(tx: Tx, texts: string[]): Tx {
  const noted =
    <Args extends [Statement<never, unknown>, ...unknown[]], Result>(run: (...args: Args) => Result) =>
    (...args: Args) => {
      texts.push(args[0].query().text)
      return run(...args)
    }
  return { ...tx, one: noted(tx.one as never), all: noted(tx.all as never), run: noted(tx.run as never) } as Tx &
    Queries
}

async function life(tx: Tx): Promise<void> {
  const user = newUser({ email: 'ada@example.com' })
  const first = newSession(user.id)
  const registered = await registerUser(tx, { user, identities: [], session: first, audit: [] })
  expect(registered.outcome).toBe('registered')
  expect((await openSession(tx, { session: newSession(user.id), now: NOW, audit: [] })).outcome).toBe('opened')
  expect(await endUserSessions(tx, { userId: user.id, which: { allBut: first.session.id }, audit: [] })).toBe(1)
  expect(await grantRole(tx, { userId: user.id, role: 'admin', now: NOW })).toBe(true)
  expect(await deleteUser(tx, { id: user.id, audit: [] })).toBe(true)
}

eachEngine(() => {
  test('while events are off, no statement is run for them', async () => {
    await using database = await newDatabase()
    const engine = await openEngine(database.target)
    const [off, on]: string[][] = [[], []]
    const changes: AccountChange[] = []
    await engine.write((tx) => life(watched(tx, off ?? [])))
    await engine.write((tx) => life(watched({ ...tx, changes }, on ?? [])))
    await engine.close()
    expect(changes.map(({ kind }) => kind)).toEqual([
      'created',
      'session_opened',
      'session_opened',
      'sessions_ended',
      'role_granted',
      'deleted',
    ])
    // The sessions before and after, and the account before its deletion.
    const added = [...(on ?? [])]
    for (const text of off ?? []) added.splice(added.indexOf(text), 1)
    expect(added.map((text) => /from "?(\w+)/.exec(text)?.[1])).toEqual(['sessions', 'sessions', 'users', 'identities'])
  })

  test('an account of an administrator is told apart', async () => {
    await using database = await newDatabase()
    const engine = await openEngine(database.target)
    const changes: AccountChange[] = []
    await engine.write((tx) => createUser({ ...tx, changes }, { user: newUser(), identities: [], audit: [] }))
    await engine.close()
    expect(changes).toMatchObject([{ kind: 'created', isByAdministrator: true }])
  })
})
