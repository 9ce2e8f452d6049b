import { expect, test } from 'bun:test'
import { accountStore, auditEntry, NOW } from '../../support/accounts'
import { eachEngine } from '../../support/engines'

eachEngine(() => {
  test('a role of the configuration is stored when it is first granted', async () => {
    await using accounts = await accountStore()
    const { store } = accounts
    const { id: userId } = await accounts.user()
    const { id: other } = await accounts.user()
    const granted = { userId, role: 'editor', now: NOW }
    expect(await store.grantRole(granted)).toBe(false)
    expect(await store.roleNames()).toEqual(['admin', 'user'])
    const audit = [auditEntry('role_granted')]
    expect(await store.grantRole({ ...granted, isConfigured: true, audit })).toBe(true)
    expect(await store.grantRole({ ...granted, isConfigured: true, audit })).toBe(true)
    expect(await store.rolesOf(userId)).toEqual(['editor'])
    expect(await store.roleNames()).toEqual(['admin', 'editor', 'user'])
    expect((await accounts.rows()).audit_log_entries).toHaveLength(1)
    expect(await store.grantRole({ ...granted, userId: other })).toBe(true)
  })

  test('granted several times at once, it is stored once', async () => {
    await using accounts = await accountStore()
    const { store } = accounts
    const users = await Promise.all([1, 2, 3, 4].map(() => accounts.user()))
    const grant = ({ id: userId }: { id: string }) =>
      store.grantRole({ userId, role: 'editor', now: NOW, isConfigured: true })
    expect(await Promise.all([...users, ...users].map(grant))).toEqual(Array(8).fill(true))
    for (const { id } of users) expect(await store.rolesOf(id)).toEqual(['editor'])
    expect((await accounts.rows()).roles).toHaveLength(3)
  })
})
