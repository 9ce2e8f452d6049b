/** Links and codes of an email change: what confirming with one changes, and what refuses it. */
import { describe, expect, test } from 'bun:test'
import type { TokenUse } from '../../../src/store'
import {
  accountStore,
  auditEntry,
  BEFORE,
  ENDS,
  expectRefused,
  NOW,
  newIdentity,
  newMessage,
  newSession,
} from '../../support/accounts'
import { eachEngine } from '../../support/engines'

const EMAIL = 'ada@example.com'

async function start() {
  const accounts = await accountStore()
  const ada = await accounts.user({ email: EMAIL })
  return { ...accounts, accounts, ada, tokenUse: await accounts.token({ userId: ada.id, email: EMAIL }) }
}

eachEngine(() => {
  describe('confirmEmailChange', () => {
    const NEW = 'ada@lovelace.example'

    const change = (id: string, tokenUse: TokenUse) => ({
      id,
      now: NOW,
      tokenUse,
      email: NEW,
      identity: newIdentity({ provider: 'email', userId: id, providerId: id }),
      encryptedPassword: undefined,
      result: { session: newSession(id) },
      messages: [newMessage(EMAIL)],
      audit: [auditEntry('login')],
    })

    test('replaces the address, also in the metadata that contains it', async () => {
      await using started = await start()
      const { store, accounts } = started
      const grace = await accounts.user({
        email: 'grace@example.com',
        emailConfirmedAt: BEFORE,
        emailChange: NEW,
        emailChangeConfirmStatus: 1,
        rawUserMetaData: { email: 'grace@example.com' },
      })
      const tokenUse = await accounts.token({ userId: grace.id })
      const confirmed = await store.confirmEmailChange({ ...change(grace.id, tokenUse), result: undefined })
      expect(confirmed).toEqual({ outcome: 'changed', opened: undefined })
      expect(await accounts.find(grace.id)).toMatchObject({
        email: NEW,
        emailConfirmedAt: NOW,
        emailChange: null,
        emailChangeConfirmStatus: 0,
        rawUserMetaData: { email: NEW, email_verified: true },
        rawAppMetaData: { provider: 'email', providers: ['email'] },
      })
      expect(await accounts.isValid(tokenUse)).toBe(false)
    })

    test('refuses an address that another account has, and everything that refuses a confirmation', async () => {
      await using started = await start()
      const { store, accounts, ada, tokenUse } = started
      const flow = { authCode: { flowId: 'none', hash: 'hash' } }
      const asked = change(ada.id, tokenUse)
      await expectRefused(accounts, () => store.confirmEmailChange({ ...asked, result: flow }), 'flow_gone')
      const unknown = { ...asked, tokenUse: { id: 'vt_none' } }
      await expectRefused(accounts, () => store.confirmEmailChange(unknown), 'token_unknown')
      await accounts.user({ email: NEW })
      await expectRefused(accounts, () => store.confirmEmailChange(asked), 'email_taken')
      await ENDS.user_banned(accounts, ada.id)
      await expectRefused(accounts, () => store.confirmEmailChange(asked), 'user_banned')
      await ENDS.user_gone(accounts, ada.id)
      const again = { ...asked, tokenUse: await accounts.token({ userId: ada.id }) }
      await expectRefused(accounts, () => store.confirmEmailChange(again), 'user_gone')
    })
  })

  describe('confirmFirstAddress', () => {
    const pending = 'ada@lovelace.example'

    test('counts one of two confirmations, and consumes only its token', async () => {
      await using started = await start()
      const { store, accounts } = started
      const grace = await accounts.user({ email: 'grace@example.com', emailChange: pending })
      const [tokenUse, other] = [await accounts.token({ userId: grace.id }), await accounts.token({ userId: grace.id })]
      const asked = { id: grace.id, now: NOW, tokenUse, emailChange: pending }
      expect(await store.confirmFirstAddress(asked)).toEqual({ outcome: 'changed' })
      expect((await accounts.find(grace.id)).emailChangeConfirmStatus).toBe(1)
      expect([await accounts.isValid(tokenUse), await accounts.isValid(other)]).toEqual([false, true])
      const second = { ...asked, tokenUse: other }
      await expectRefused(accounts, () => store.confirmFirstAddress(second), 'changed_concurrently')
    })

    test('refuses a token, an account or a pending address that is no longer there', async () => {
      await using started = await start()
      const { store, accounts, ada, tokenUse } = started
      const asked = { id: ada.id, now: NOW, tokenUse, emailChange: pending }
      await expectRefused(accounts, () => store.confirmFirstAddress(asked), 'changed_concurrently')
      const unknown = { ...asked, tokenUse: { id: 'vt_none' } }
      await expectRefused(accounts, () => store.confirmFirstAddress(unknown), 'token_unknown')
      await ENDS.user_banned(accounts, ada.id)
      await expectRefused(accounts, () => store.confirmFirstAddress(asked), 'user_banned')
      await ENDS.user_gone(accounts, ada.id)
      await expectRefused(accounts, () => store.confirmFirstAddress(asked), 'user_gone')
    })
  })
})
