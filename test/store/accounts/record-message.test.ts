/** Messages about an account: what is stored with them, before and after a call, and what refuses it. */
import { describe, expect, test } from 'bun:test'
import { MINUTE } from '../../../src/lib/milliseconds'
import type { User } from '../../../src/store'
import {
  accountStore,
  auditEntry,
  BEFORE,
  ENDS,
  expectRefused,
  FULL_METADATA,
  NOW,
  newFlow,
  newMessage,
  newToken,
} from '../../support/accounts'
import { eachEngine } from '../../support/engines'

const EMAIL = 'ada@example.com'

async function start(given: Partial<User> = {}) {
  const accounts = await accountStore()
  const ada = await accounts.user({ email: EMAIL, ...given })
  const token = newToken({ userId: ada.id, email: EMAIL })
  const request = {
    column: 'recoverySentAt' as const,
    cooldownMs: MINUTE as number | undefined,
    mint: [{ token, replaces: [token.kind] }],
    flow: newFlow(ada.id),
    pending: {},
  }
  const operation = { id: ada.id, now: NOW }
  const message = { ...request, messages: [newMessage(EMAIL)] }
  return { ...accounts, accounts, ada, token, request, operation, message, audit: [auditEntry('sent')] }
}

const TOO_LARGE = { pending: { rawUserMetaData: { ...FULL_METADATA, more: 1 } } }

eachEngine(() => {
  describe('recordMessage', () => {
    test('stores a message for the queue with its tokens and flow, and when it was sent', async () => {
      await using started = await start()
      const { store, accounts, ada, operation, message, token, audit } = started
      const older = await accounts.token({ userId: ada.id, email: EMAIL })
      const recorded = await store.recordMessage({ ...operation, message, audit })
      expect(recorded).toMatchObject({ outcome: 'changed', account: { user: { recoverySentAt: NOW, updatedAt: NOW } } })
      expect([await accounts.isValid(token), await accounts.isValid(older)]).toEqual([true, false])
      expect(await accounts.count('flow_state', ada.id)).toBe(1)
      expect((await accounts.rows()).messages).toHaveLength(1)
    })

    test('drops the password of a sign-up, and the metadata that came with it', async () => {
      await using started = await start({ encryptedPassword: 'old', rawUserMetaData: { by: 'eve' } })
      const { store, accounts, ada, operation, message } = started
      const pending = { encryptedPassword: null, rawUserMetaData: { sub: ada.id } }
      await store.recordMessage({ ...operation, message: { ...message, pending }, audit: [] })
      expect(await accounts.find(ada.id)).toMatchObject({ encryptedPassword: null, rawUserMetaData: { sub: ada.id } })
    })

    test('records only when it was sent, if a call has taken the message', async () => {
      await using started = await start()
      const { store, accounts, ada, operation, audit } = started
      const message = { column: 'recoverySentAt' as const, keeps: { tokens: [], flowId: undefined } }
      await store.recordMessage({ ...operation, message, audit })
      expect((await accounts.find(ada.id)).recoverySentAt).toBe(NOW)
      expect(await accounts.rows()).toMatchObject({ messages: [], verification_tokens: [] })
    })

    test('refuses a message within the cooldown, too much metadata, and an account that is gone', async () => {
      await using started = await start({ recoverySentAt: NOW - MINUTE + 1 })
      const { store, accounts, ada, operation, message, audit } = started
      const asked = { ...operation, message, audit }
      await expectRefused(accounts, () => store.recordMessage(asked), 'sent_recently')
      expect(await store.recordMessage(asked)).toEqual({ outcome: 'sent_recently', sentAt: NOW - MINUTE + 1 })
      const large = { ...asked, message: { ...message, cooldownMs: undefined, ...TOO_LARGE } }
      await expectRefused(accounts, () => store.recordMessage(large), 'metadata_too_large')
      await ENDS.user_gone(accounts, ada.id)
      await expectRefused(accounts, () => store.recordMessage(asked), 'user_gone')
    })
  })

  describe('recordAdminLink', () => {
    test('adds metadata to that of the user, and replaces what a sign-up brought', async () => {
      await using started = await start({ rawUserMetaData: { by: 'eve' } })
      const { store, accounts, ada, operation, message, audit } = started
      const pending = {
        encryptedPassword: 'hash',
        isPasswordFromAdmin: true,
        rawUserMetaData: {},
        adminUserMetaData: { plan: 'free' },
      }
      const link = { invitedAt: NOW, userMetaData: { plan: 'free' }, audit }
      await store.recordAdminLink({ ...operation, ...link, message: { ...message, pending } })
      expect(await accounts.find(ada.id)).toMatchObject({
        encryptedPassword: 'hash',
        isPasswordFromAdmin: true,
        rawUserMetaData: { plan: 'free' },
        adminUserMetaData: { plan: 'free' },
        invitedAt: NOW,
        recoverySentAt: NOW,
      })
    })

    test('refuses too much metadata, and an account that is gone', async () => {
      await using started = await start()
      const { store, accounts, ada, operation, message, audit } = started
      const link = { ...operation, invitedAt: undefined, userMetaData: {}, message, audit }
      const large = { ...link, userMetaData: { ...FULL_METADATA, more: 1 } }
      await expectRefused(accounts, () => store.recordAdminLink(large), 'metadata_too_large')
      await ENDS.user_gone(accounts, ada.id)
      await expectRefused(accounts, () => store.recordAdminLink(link), 'user_gone')
    })
  })

  test('queueServiceLink stores a token and its mail, for an account that is there', async () => {
    await using started = await start()
    const { store, accounts, ada, operation, request, token, audit } = started
    const link = { ...operation, mint: request.mint, messages: [newMessage(EMAIL)], audit }
    expect(await store.queueServiceLink(link)).toEqual({ outcome: 'changed' })
    expect([await accounts.isValid(token), (await accounts.rows()).messages?.length]).toEqual([true, 1])
    expect(await accounts.find(ada.id)).toMatchObject({ recoverySentAt: null, updatedAt: NOW })
    await ENDS.user_gone(accounts, ada.id)
    const next = { ...link, mint: [], messages: [newMessage(EMAIL)] }
    await expectRefused(accounts, () => store.queueServiceLink(next), 'user_gone')
  })

  describe('around a call', () => {
    const PENDING = { pending: { emailChange: 'ada@lovelace.example', emailChangeConfirmStatus: 0 } }

    test('storeMessageTokens stores what the message refers to, but not that it was sent', async () => {
      await using started = await start()
      const { store, accounts, ada, operation, request, token } = started
      const older = await accounts.token({ userId: ada.id, email: EMAIL })
      const stored = await store.storeMessageTokens({
        ...operation,
        request: { ...request, ...PENDING },
        requestSession: undefined,
      })
      expect(stored).toMatchObject({
        outcome: 'changed',
        replaced: [older.id],
        user: { id: ada.id, ...PENDING.pending },
      })
      expect(await accounts.find(ada.id)).toMatchObject({ recoverySentAt: null, ...PENDING.pending })
      expect(await accounts.isValid(token)).toBe(true)
    })

    test('storeMessageTokens refuses whatever changed since, and a message within the cooldown', async () => {
      await using started = await start({ recoverySentAt: NOW - 1 })
      const { store, accounts, ada, operation, request } = started
      const asked = { ...operation, request, requestSession: undefined }
      await expectRefused(accounts, () => store.storeMessageTokens(asked), 'sent_recently')
      const large = { ...asked, request: { ...request, cooldownMs: undefined, ...TOO_LARGE } }
      await expectRefused(accounts, () => store.storeMessageTokens(large), 'metadata_too_large')
      const ended = { ...asked, requestSession: { sessionId: 'ended' } }
      await expectRefused(accounts, () => store.storeMessageTokens(ended), 'session_gone')
      await ENDS.user_banned(accounts, ada.id)
      await expectRefused(accounts, () => store.storeMessageTokens(ended), 'user_banned')
      await ENDS.user_gone(accounts, ada.id)
      await expectRefused(accounts, () => store.storeMessageTokens(asked), 'user_gone')
    })

    test('withdrawMessage leaves the account and its tokens as they were before', async () => {
      await using started = await start({ encryptedPassword: 'old' })
      const { store, accounts, ada, operation, request, token } = started
      const older = await accounts.token({ userId: ada.id, email: EMAIL })
      const asked = { ...request, pending: { encryptedPassword: null } }
      const stored = await store.storeMessageTokens({ ...operation, request: asked, requestSession: undefined })
      if (stored.outcome !== 'changed') throw new Error(stored.outcome)
      const { user: left, replaced } = stored
      await store.withdrawMessage({
        ...operation,
        tokens: { tokens: [token.id], replaced, replacedAt: NOW, flowId: request.flow.id },
        restore: { columns: { encryptedPassword: ada.encryptedPassword }, left },
      })
      expect([await accounts.isValid(token), await accounts.isValid(older)]).toEqual([false, true])
      expect(await accounts.count('flow_state', ada.id)).toBe(0)
      expect(await accounts.find(ada.id)).toEqual({ ...ada, updatedAt: NOW })
    })

    test('withdrawMessage keeps what has changed since', async () => {
      await using started = await start({ encryptedPassword: 'old' })
      const { store, accounts, ada, operation, request, token } = started
      const asked = { ...request, pending: { encryptedPassword: null } }
      const stored = await store.storeMessageTokens({ ...operation, request: asked, requestSession: undefined })
      if (stored.outcome !== 'changed') throw new Error(stored.outcome)
      await ENDS.user_banned(accounts, ada.id)
      await store.withdrawMessage({
        ...operation,
        tokens: { tokens: [token.id], replaced: [], replacedAt: NOW, flowId: undefined },
        restore: { columns: { encryptedPassword: 'old' }, left: stored.user },
      })
      expect((await accounts.find(ada.id)).encryptedPassword).toBeNull()
    })

    test('storeConfirmationTokens stores tokens only while the address is as it was read', async () => {
      await using started = await start()
      const { store, accounts, ada, operation, request, token } = started
      const asked = { ...operation, mint: request.mint, before: { email: EMAIL, emailConfirmedAt: null } }
      expect((await store.storeConfirmationTokens(asked)).outcome).toBe('changed')
      expect(await accounts.isValid(token)).toBe(true)
      const stale = { ...asked, before: { email: EMAIL, emailConfirmedAt: BEFORE } }
      await expectRefused(accounts, () => store.storeConfirmationTokens(stale), 'changed_concurrently')
      await ENDS.user_gone(accounts, ada.id)
      await expectRefused(accounts, () => store.storeConfirmationTokens(asked), 'user_gone')
    })
  })
})
