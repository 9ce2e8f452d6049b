/** Changes that users and administrators make of an account, and what refuses them. */
import { describe, expect, test } from 'bun:test'
import type { User } from '../../../src/store'
import {
  accountStore,
  adminUpdate,
  auditEntry,
  BEFORE,
  ENDS,
  expectRefused,
  FULL_METADATA,
  NOW,
  newFlow,
  newIdentity,
  newMessage,
  newToken,
} from '../../support/accounts'
import { eachEngine } from '../../support/engines'

const EMAIL = 'ada@example.com'
const NEW = 'ada@lovelace.example'

async function start(given: Partial<User> = {}) {
  const accounts = await accountStore()
  const ada = await accounts.user({ email: EMAIL, encryptedPassword: 'old', ...given })
  const sessionId = await accounts.session(ada.id)
  const own = {
    id: ada.id,
    now: NOW,
    requestSession: { sessionId },
    authorization: undefined,
    password: undefined,
    confirmed: undefined,
    userMetaData: {},
    appMetaData: undefined,
    messages: [],
    audit: [auditEntry('user_modified')],
  }
  const admin = { ...adminUpdate(ada.id, NOW), audit: [auditEntry('user_modified')] }
  return { ...accounts, accounts, ada, sessionId, own, admin }
}

const pendingEmail = (userId: string) => {
  const token = newToken({ userId, kind: 'email_change' })
  return {
    token,
    message: {
      column: 'emailChangeSentAt' as const,
      cooldownMs: 60_000,
      mint: [{ token, replaces: [] }],
      flow: newFlow(userId),
      pending: { emailChange: NEW, emailChangeConfirmStatus: 0 },
      messages: [newMessage(NEW)],
    },
  }
}

eachEngine(() => {
  describe('updateOwnAccount', () => {
    test('merges metadata; null removes a key', async () => {
      await using started = await start({ rawUserMetaData: { a: 1, b: 2 }, rawAppMetaData: { plan: 'free' } })
      const { store, own } = started
      const update = { ...own, userMetaData: { a: null, c: 3 }, appMetaData: { plan: 'pro' } }
      expect(await store.updateOwnAccount(update)).toMatchObject({
        outcome: 'changed',
        account: { user: { rawUserMetaData: { b: 2, c: 3 }, rawAppMetaData: { plan: 'pro' }, updatedAt: NOW } },
      })
    })

    test('a new password ends other sessions and flows, and older tokens; its code is consumed', async () => {
      await using started = await start({ recoverySentAt: BEFORE, emailChangeSentAt: BEFORE })
      const { store, accounts, ada, sessionId, own } = started
      await accounts.session(ada.id)
      await store.saveTokensAndMessages({ now: BEFORE, flow: newFlow(ada.id), audit: [] })
      const [tokenUse, older] = [await accounts.token({ userId: ada.id }), await accounts.token({ userId: ada.id })]
      await store.updateOwnAccount({
        ...own,
        authorization: { verifiedHash: 'old', tokenUse },
        password: { hash: 'new', keptSession: sessionId },
      })
      expect(await accounts.find(ada.id)).toMatchObject({
        encryptedPassword: 'new',
        recoverySentAt: null,
        emailChangeSentAt: BEFORE,
      })
      expect([await accounts.isValid(tokenUse), await accounts.isValid(older)]).toEqual([false, false])
      expect([await accounts.count('sessions', ada.id), await accounts.count('flow_state', ada.id)]).toEqual([1, 0])
      expect(await store.findSession(sessionId)).toBeDefined()
    })

    test('a password of an account with a confirmed address gets an identity of its own', async () => {
      await using started = await start({ emailConfirmedAt: BEFORE, encryptedPassword: null })
      const { store, ada, own } = started
      const authorization = { verifiedHash: null, tokenUse: undefined }
      await store.updateOwnAccount({ ...own, authorization, password: { hash: 'new', keptSession: undefined } })
      expect(await store.findIdentities(ada.id)).toMatchObject([{ provider: 'email', providerId: ada.id }])
    })

    test('the message about a new address outlives the new password', async () => {
      await using started = await start()
      const { store, accounts, ada, own } = started
      const { token, message } = pendingEmail(ada.id)
      const secret = {
        authorization: { verifiedHash: 'old', tokenUse: undefined },
        password: { hash: 'new', keptSession: undefined },
      }
      await store.requestContactChange({ ...own, ...secret, message })
      expect(await accounts.find(ada.id)).toMatchObject({ email: EMAIL, emailChange: NEW, emailChangeSentAt: NOW })
      expect([await accounts.isValid(token), await accounts.count('flow_state', ada.id)]).toEqual([true, 1])
      const keeps = { tokens: [token.id], flowId: message.flow.id }
      const sent = { column: message.column, keeps }
      const next = { ...secret, authorization: { verifiedHash: 'new', tokenUse: undefined }, message: sent }
      await store.requestContactChange({ ...own, requestSession: { sessionId: undefined }, audit: [], ...next })
      expect([await accounts.isValid(token), await accounts.count('flow_state', ada.id)]).toEqual([true, 1])
    })

    test('confirmed contacts end anonymity, without listing their providers', async () => {
      await using started = await start({ email: null, isAnonymous: true })
      const { store, ada, own } = started
      const identity = newIdentity({ provider: 'email', userId: ada.id, providerId: ada.id })
      const confirmed = { email: NEW, phone: undefined, identities: [identity] }
      expect(await store.updateOwnAccount({ ...own, confirmed })).toMatchObject({
        outcome: 'changed',
        account: {
          user: { email: NEW, emailConfirmedAt: NOW, phone: null, isAnonymous: false, rawAppMetaData: {} },
          identities: [{ id: identity.id }],
        },
      })
    })

    test('refuses whatever changed since', async () => {
      await using started = await start({ emailChangeSentAt: NOW - 1 })
      const { store, accounts, ada, own } = started
      const authorization = { verifiedHash: 'other', tokenUse: undefined }
      const stale = { ...own, authorization }
      await expectRefused(accounts, () => store.updateOwnAccount(stale), 'password_changed_concurrently')
      const unknown = { ...own, authorization: { ...authorization, tokenUse: { id: 'vt_none' } } }
      await expectRefused(accounts, () => store.updateOwnAccount(unknown), 'token_unknown')
      const soon = { ...own, message: pendingEmail(ada.id).message }
      await expectRefused(accounts, () => store.requestContactChange(soon), 'sent_recently')
      const large = { ...own, userMetaData: { ...FULL_METADATA, more: 1 } }
      await expectRefused(accounts, () => store.updateOwnAccount(large), 'metadata_too_large')
      await accounts.user({ email: NEW, phone: '15550001' })
      const email = { ...own, confirmed: { email: NEW, phone: '15550001', identities: [] } }
      await expectRefused(accounts, () => store.updateOwnAccount(email), 'email_taken')
      const phone = { ...own, confirmed: { email: undefined, phone: '15550001', identities: [] } }
      await expectRefused(accounts, () => store.updateOwnAccount(phone), 'phone_taken')
      const ended = { ...own, requestSession: { sessionId: 'ended' } }
      await expectRefused(accounts, () => store.updateOwnAccount(ended), 'session_gone')
      await ENDS.user_banned(accounts, ada.id)
      await expectRefused(accounts, () => store.updateOwnAccount(own), 'user_banned')
      await ENDS.user_gone(accounts, ada.id)
      await expectRefused(accounts, () => store.updateOwnAccount(own), 'user_gone')
    })
  })

  describe('updateUserAsAdmin', () => {
    test('sets columns and confirms contacts; metadata is merged', async () => {
      await using started = await start({ rawUserMetaData: { a: 1 } })
      const { store, ada, admin } = started
      const identity = newIdentity({ provider: 'phone', userId: ada.id, providerId: ada.id })
      const set = { role: 'editor', phone: '15550001' }
      const confirms = { email: true, phone: true }
      expect(
        await store.updateUserAsAdmin({ ...admin, set, confirms, userMetaData: { b: 2 }, identities: [identity] }),
      ).toMatchObject({
        outcome: 'changed',
        account: {
          user: { ...set, emailConfirmedAt: NOW, phoneConfirmedAt: NOW, rawUserMetaData: { a: 1, b: 2 } },
          identities: [{ id: identity.id }],
        },
      })
    })

    test('a new password ends sessions, and links and codes', async () => {
      await using started = await start()
      const { store, accounts, ada, admin } = started
      const token = await accounts.token({ userId: ada.id })
      await store.updateUserAsAdmin({ ...admin, encryptedPassword: 'new' })
      expect(await accounts.find(ada.id)).toMatchObject({ encryptedPassword: 'new', isPasswordFromAdmin: true })
      expect([await accounts.isValid(token), await accounts.count('sessions', ada.id)]).toEqual([false, 0])
    })

    test.each([
      ['the same address', EMAIL, true],
      ['another address', NEW, false],
    ])('links and codes after %s', async (_, email, isValid) => {
      await using started = await start()
      const { store, accounts, ada, admin } = started
      const token = await accounts.token({ userId: ada.id })
      await store.updateUserAsAdmin({ ...admin, set: { email } })
      expect([await accounts.isValid(token), await accounts.count('sessions', ada.id)]).toEqual([isValid, 1])
    })

    test('a ban keeps sessions until it is lifted', async () => {
      await using started = await start()
      const { store, accounts, ada, admin } = started
      await store.updateUserAsAdmin({ ...admin, set: { bannedUntil: null } })
      await store.updateUserAsAdmin({ ...admin, set: { bannedUntil: NOW + 1 }, audit: [] })
      expect(await accounts.count('sessions', ada.id)).toBe(1)
      await store.updateUserAsAdmin({ ...admin, set: { bannedUntil: null }, audit: [] })
      expect(await accounts.count('sessions', ada.id)).toBe(0)
    })

    test('changes a soft-deleted account, which stays deleted', async () => {
      await using started = await start()
      const { store, accounts, ada, admin } = started
      await ENDS.user_gone(accounts, ada.id)
      const changed = await store.updateUserAsAdmin({ ...admin, set: { role: 'editor' } })
      expect(changed).toMatchObject({ outcome: 'changed', account: { user: { role: 'editor', deletedAt: BEFORE } } })
    })

    test('refuses what another account has, too much metadata, and an account that is not there', async () => {
      await using started = await start()
      const { store, accounts, admin } = started
      await accounts.user({ email: NEW, phone: '15550001' })
      const email = { ...admin, set: { email: NEW, phone: '15550001' } }
      await expectRefused(accounts, () => store.updateUserAsAdmin(email), 'email_taken')
      const phone = { ...admin, set: { phone: '15550001' } }
      await expectRefused(accounts, () => store.updateUserAsAdmin(phone), 'phone_taken')
      const large = { ...admin, userMetaData: { ...FULL_METADATA, more: 1 } }
      await expectRefused(accounts, () => store.updateUserAsAdmin(large), 'metadata_too_large')
      await expectRefused(accounts, () => store.updateUserAsAdmin({ ...admin, id: 'none' }), 'user_gone')
    })
  })
})
