/** A sign-in without an access token: what comes back, and what does not (docs/hooks.md#a-refused-token). */
import { expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import type { UsedUp } from '../../../src/store'
import {
  type AccountStore,
  accountStore,
  adminUpdate,
  auditEntry,
  BEFORE,
  NOW,
  newFlow,
  newSession,
} from '../../support/accounts'
import { eachEngine } from '../../support/engines'

const ADA = 'ada@example.com'

/** An account that has just signed in with a link. */
async function signedIn(at: AccountStore) {
  const user = await at.user({ email: ADA, emailConfirmedAt: BEFORE })
  const token = await at.token({ userId: user.id, email: ADA })
  const session = newSession(user.id)
  const { store } = at
  const confirm = (id: string, now = NOW) =>
    store.confirmEmail({
      ...{ id: user.id, now, tokenUse: { id }, identity: undefined, userMetaData: {}, cleanup: undefined },
      ...{ encryptedPassword: undefined, messages: [], audit: [], result: { session } },
    })
  expect((await confirm(token.id)).outcome).toBe('changed')
  const withdraw = (used: readonly UsedUp[], given: { at?: number; userId?: string } = {}) =>
    store.withdrawSignIn({
      userId: user.id,
      sessionId: session.session.id,
      at: NOW,
      used,
      audit: [auditEntry('hook_refused')],
      ...given,
    })
  return { user, token, session, withdraw, used: [{ kind: 'token' as const, id: token.id }] }
}

const audited = async ({ rows }: AccountStore) => (await rows()).audit_log_entries?.length

eachEngine(() => {
  test('the session ends, and the link works again, once', async () => {
    await using at = await accountStore()
    const { user, token, session, withdraw, used } = await signedIn(at)
    expect(await at.isValid(token)).toBe(false)
    expect(await withdraw(used)).toBe(true)
    expect(await at.store.findSession(session.session.id)).toBeUndefined()
    expect([await at.isValid(token), await audited(at)]).toEqual([true, 1])
    expect([await withdraw(used), await audited(at)]).toEqual([false, 1])
    expect(await at.count('sessions', user.id)).toBe(0)
  })

  test('nothing comes back if the session has ended, or belongs to another account', async () => {
    await using at = await accountStore()
    const { user, token, session, withdraw, used } = await signedIn(at)
    const other = await at.user({ email: 'grace@example.com' })
    expect(await withdraw(used, { userId: other.id })).toBe(false)
    expect(await at.store.findSession(session.session.id)).toBeDefined()
    await at.store.endUserSessions({ userId: user.id, which: 'all', audit: [] })
    expect(await withdraw(used)).toBe(false)
    expect([await at.isValid(token), await audited(at)]).toEqual([false, 0])
  })

  test('a link stays used if it was used at another time, by another account, or for an address that has changed', async () => {
    await using at = await accountStore()
    const ada = await signedIn(at)
    expect(await ada.withdraw(ada.used, { at: NOW + 1 })).toBe(true)
    expect(await at.isValid(ada.token)).toBe(false)

    await using second = await accountStore()
    const eve = await signedIn(second)
    const grace = await second.user({ email: 'grace@example.com' })
    const hers = await second.token({ userId: grace.id, email: 'grace@example.com', consumedAt: NOW })
    expect(await eve.withdraw([{ kind: 'token', id: hers.id }])).toBe(true)
    expect(await second.isValid(hers)).toBe(false)

    await using third = await accountStore()
    const joan = await signedIn(third)
    await third.store.updateUserAsAdmin({
      ...adminUpdate(joan.user.id, NOW + 1),
      set: { email: 'joan@example.com' },
    })
    expect(await joan.withdraw(joan.used)).toBe(true)
    expect(await third.isValid(joan.token)).toBe(false)
  })

  test('a link stays used if there is a newer one, used or not', async () => {
    for (const consumedAt of [null, NOW + 1]) {
      await using at = await accountStore()
      const { user, token, withdraw, used } = await signedIn(at)
      const newer = await at.token({ userId: user.id, email: ADA, consumedAt })
      expect(await withdraw(used)).toBe(true)
      expect([await at.isValid(token), await at.isValid(newer)]).toEqual([false, consumedAt === null])
    }
  })

  test('a flow can be exchanged again, and a wallet message and a state used again', async () => {
    await using at = await accountStore()
    const { user, withdraw } = await signedIn(at)
    const flow = { ...newFlow(user.id), authCodeHash: 'code', authCodeIssuedAt: BEFORE }
    const expiresAt = NOW + 1000
    const message = { kind: 'web3_message' as const, messageHash: 'hash', expiresAt }
    expect(await withdraw([{ kind: 'flow', flow }, message, { kind: 'oauth_state', stateHash: 'unknown' }])).toBe(true)
    expect(await at.store.findFlow('code')).toEqual(flow)
    expect(await at.store.isWeb3MessageUsed('hash')).toBe(false)
    const session = newSession(user.id)
    const exchange = () => at.store.exchangeFlow({ authCodeHash: 'code', session, now: NOW, audit: [] })
    expect([(await exchange()).outcome, (await exchange()).outcome]).toEqual(['opened', 'flow_gone'])
  })

  test('an anonymous account goes unless it has another session; others stay', async () => {
    await using at = await accountStore()
    const used = [{ kind: 'anonymous_user' as const }]
    const { user: ada, withdraw } = await signedIn(at)
    expect(await withdraw(used)).toBe(true)
    expect(await at.store.findUser(ada.id)).toBeDefined()

    const guest = await at.user({ isAnonymous: true })
    const sessions = [await at.session(guest.id), await at.session(guest.id)]
    const end = (sessionId = '') =>
      at.store.withdrawSignIn({ userId: guest.id, sessionId, at: NOW, used, audit: [auditEntry(randomUUID())] })
    expect(await end(sessions[0])).toBe(true)
    expect(await at.store.findUser(guest.id)).toBeDefined()
    expect(await end(sessions[1])).toBe(true)
    expect(await at.store.findUser(guest.id)).toBeUndefined()
  })
})
