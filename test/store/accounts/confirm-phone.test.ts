/** Codes by SMS: what confirming with one changes, and what refuses it. */
import { expect, test } from 'bun:test'
import type { TokenUse } from '../../../src/store'
import {
  accountStore,
  auditEntry,
  BEFORE,
  ENDS,
  expectRefused,
  NOW,
  newIdentity,
  newSession,
} from '../../support/accounts'
import { eachEngine } from '../../support/engines'

const PHONE = '15550001'
const NEW = '15550002'

const confirmation = (id: string, tokenUse: TokenUse | undefined) => ({
  id,
  now: NOW,
  tokenUse,
  encryptedPassword: undefined,
  session: newSession(id),
  messages: [],
  audit: [auditEntry('login')],
})

const change = (id: string, tokenUse: TokenUse) => ({
  ...confirmation(id, tokenUse),
  tokenUse,
  phone: NEW,
  identity: newIdentity({ provider: 'phone', userId: id, providerId: id, identityData: { phone: NEW } }),
})

async function start() {
  const accounts = await accountStore()
  const ada = await accounts.user({ phone: PHONE, phoneChange: NEW })
  return { ...accounts, accounts, ada, tokenUse: await accounts.token({ userId: ada.id, phone: PHONE }) }
}

eachEngine(() => {
  test('confirmPhone confirms the number and signs in; older tokens become invalid', async () => {
    await using started = await start()
    const { store, accounts, ada, tokenUse } = started
    const older = await accounts.token({ userId: ada.id })
    const confirmed = await store.confirmPhone(confirmation(ada.id, tokenUse))
    if (confirmed.outcome !== 'changed') throw new Error(confirmed.outcome)
    expect(confirmed.opened).toMatchObject({ user: { phoneConfirmedAt: NOW, lastSignInAt: NOW }, session: {} })
    expect([await accounts.isValid(tokenUse), await accounts.isValid(older)]).toEqual([false, false])
  })

  test('confirmPhone needs no token for a test number, and keeps an earlier confirmation', async () => {
    await using started = await start()
    const { store, accounts } = started
    const grace = await accounts.user({ phone: NEW, phoneConfirmedAt: BEFORE })
    expect((await store.confirmPhone(confirmation(grace.id, undefined))).outcome).toBe('changed')
    expect((await accounts.find(grace.id)).phoneConfirmedAt).toBe(BEFORE)
  })

  test('with a new password, other sessions end', async () => {
    await using started = await start()
    const { store, accounts, ada, tokenUse } = started
    await accounts.session(ada.id)
    await store.confirmPhone({ ...confirmation(ada.id, tokenUse), encryptedPassword: 'new' })
    expect((await accounts.find(ada.id)).encryptedPassword).toBe('new')
    expect(await accounts.count('sessions', ada.id)).toBe(1)
  })

  test('confirmPhoneChange replaces the number and lists its identity', async () => {
    await using started = await start()
    const { store, accounts, ada, tokenUse } = started
    const confirmed = await store.confirmPhoneChange(change(ada.id, tokenUse))
    if (confirmed.outcome !== 'changed') throw new Error(confirmed.outcome)
    expect(confirmed.opened.user).toMatchObject({
      phone: NEW,
      phoneConfirmedAt: NOW,
      phoneChange: null,
      rawAppMetaData: { provider: 'phone', providers: ['phone'] },
    })
    expect(await accounts.isValid(tokenUse)).toBe(false)
  })

  test('both refuse a token, an account or a number that is no longer there', async () => {
    await using started = await start()
    const { store, accounts, ada, tokenUse } = started
    const unknown = { id: 'vt_none' }
    await expectRefused(accounts, () => store.confirmPhone(confirmation(ada.id, unknown)), 'token_unknown')
    await expectRefused(accounts, () => store.confirmPhoneChange(change(ada.id, unknown)), 'token_unknown')
    await accounts.user({ phone: NEW })
    await expectRefused(accounts, () => store.confirmPhoneChange(change(ada.id, tokenUse)), 'phone_taken')
    for (const outcome of ['user_banned', 'user_gone'] as const) {
      await ENDS[outcome](accounts, ada.id)
      const next = await accounts.token({ userId: ada.id })
      await expectRefused(accounts, () => store.confirmPhone(confirmation(ada.id, next)), outcome)
      await expectRefused(accounts, () => store.confirmPhoneChange(change(ada.id, next)), outcome)
    }
  })
})
