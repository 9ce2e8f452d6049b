import { expect, test } from 'bun:test'
import { accountStore, NOW, newSession, newUser } from '../../support/accounts'
import { eachEngine } from '../../support/engines'

eachEngine(() => {
  test('an account of an address or a number is created, unless that is taken', async () => {
    await using accounts = await accountStore()
    const { store } = accounts
    const ada = await accounts.user({ email: 'ada@example.com', phone: '15551230000' })
    const without = newUser({ email: 'grace@example.com', phone: '15551239999' })
    for (const [outcome, contact] of [
      ['email_taken', { email: ada.email }],
      ['phone_taken', { phone: ada.phone }],
    ] as const) {
      const before = await accounts.rows()
      const user = { ...without, ...contact }
      const session = newSession(user.id)
      const refused = { outcome, user: { id: ada.id } }
      expect(await store.createContactUser({ user, identities: [], audit: [] })).toMatchObject(refused)
      expect(await store.registerUser({ user, identities: [], session, audit: [] })).toMatchObject(refused)
      expect(await accounts.rows()).toEqual(before)
    }
    expect(await store.createContactUser({ user: without, identities: [], audit: [] })).toMatchObject({
      outcome: 'created',
      account: { user: { id: without.id, email: 'grace@example.com' }, identities: [], factors: [] },
    })
  })

  test('registerUser also opens the session', async () => {
    await using accounts = await accountStore()
    const user = newUser({ email: 'ada@example.com', createdAt: NOW })
    const session = newSession(user.id)
    expect(await accounts.store.registerUser({ user, identities: [], session, audit: [] })).toMatchObject({
      outcome: 'registered',
      opened: { user: { id: user.id }, session: { id: session.session.id } },
    })
    expect(await accounts.count('sessions', user.id)).toBe(1)
  })

  test('registerUserWithToken consumes the token, but not if the address is taken', async () => {
    await using accounts = await accountStore()
    const { store } = accounts
    const tokenUse = await accounts.token({ email: 'grace@example.com' })
    const ada = await accounts.user({ email: 'ada@example.com' })
    const register = (email: string | null) => {
      const user = newUser({ email, createdAt: NOW })
      return store.registerUserWithToken({ user, identities: [], session: newSession(user.id), tokenUse, audit: [] })
    }
    expect(await register(ada.email)).toMatchObject({ outcome: 'email_taken' })
    expect(await accounts.isValid(tokenUse)).toBe(true)
    expect(await register('grace@example.com')).toMatchObject({ outcome: 'registered' })
    expect(await accounts.isValid(tokenUse)).toBe(false)
    expect(await register('joan@example.com')).toEqual({ outcome: 'token_used' })
  })
})
