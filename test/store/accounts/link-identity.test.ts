/** Identities that users link and unlink: what changes, and what refuses it. */
import { describe, expect, test } from 'bun:test'
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
  newSession,
  newToken,
} from '../../support/accounts'
import { eachEngine } from '../../support/engines'

const EMAIL = 'ada@example.com'

async function start() {
  const accounts = await accountStore()
  const ada = await accounts.user({ isAnonymous: true })
  const sessionId = await accounts.session(ada.id)
  const identity = newIdentity({ provider: 'github', userId: ada.id, identityData: { email: EMAIL, name: 'Ada' } })
  const linking = {
    id: ada.id,
    now: NOW,
    requestSession: { sessionId },
    identity,
    messages: [newMessage(EMAIL)],
    audit: [auditEntry('identity_linked')],
  }
  const link = {
    ...linking,
    emailBefore: null,
    email: undefined as string | undefined,
    ending: { session: newSession(ada.id), use: undefined },
  }
  return { ...accounts, accounts, ada, identity, linking, link }
}

eachEngine(() => {
  describe('linkIdentity', () => {
    test('adds the identity with its profile, ends anonymity and signs in', async () => {
      await using started = await start()
      const { store, link, identity } = started
      const linked = await store.linkIdentity({ ...link, email: EMAIL })
      if (linked.outcome !== 'changed') throw new Error(linked.outcome)
      expect(linked.opened?.user).toMatchObject({
        email: EMAIL,
        emailConfirmedAt: NOW,
        isAnonymous: false,
        rawUserMetaData: { email: EMAIL, name: 'Ada' },
        rawAppMetaData: { provider: 'github', providers: ['github'] },
      })
      expect(linked.opened?.identities).toMatchObject([{ id: identity.id }])
    })

    test('stores a flow in place of a session', async () => {
      await using started = await start()
      const { store, accounts, link, ada } = started
      expect(await store.linkIdentity({ ...link, ending: { flow: newFlow(ada.id), use: undefined } })).toEqual({
        outcome: 'changed',
        opened: undefined,
      })
      expect([await accounts.count('flow_state', ada.id), await accounts.count('sessions', ada.id)]).toEqual([1, 1])
    })

    test('refuses whatever changed since', async () => {
      await using started = await start()
      const { store, accounts, link, ada, identity } = started
      const ended = { ...link, requestSession: { sessionId: 'ended' } }
      await expectRefused(accounts, () => store.linkIdentity(ended), 'session_gone')
      const stale = { ...link, emailBefore: EMAIL }
      await expectRefused(accounts, () => store.linkIdentity(stale), 'changed_concurrently')
      const used = { ...link, ending: { ...link.ending, use: { kind: 'oauth_state' as const, stateHash: 'used' } } }
      await expectRefused(accounts, () => store.linkIdentity(used), 'used_before')
      await accounts.user({ email: EMAIL })
      await expectRefused(accounts, () => store.linkIdentity({ ...link, email: EMAIL }), 'email_taken')
      await accounts.user({}, [{ ...identity, id: 'of-another' }])
      await expectRefused(accounts, () => store.linkIdentity(link), 'identity_of_another')
      await ENDS.user_banned(accounts, ada.id)
      await expectRefused(accounts, () => store.linkIdentity(link), 'user_banned')
      await ENDS.user_gone(accounts, ada.id)
      await expectRefused(accounts, () => store.linkIdentity(link), 'user_gone')
    })
  })

  describe('linkIdentityWithPendingEmail', () => {
    const message = (userId: string) => ({
      column: 'emailChangeSentAt' as const,
      cooldownMs: 60_000,
      mint: [{ token: newToken({ userId, kind: 'email_change' as const }), replaces: [] }],
      flow: undefined,
      pending: { emailChange: EMAIL, emailChangeConfirmStatus: 0 },
      messages: [newMessage(EMAIL)],
    })

    test('adds the identity, and asks to confirm its address', async () => {
      await using started = await start()
      const { store, accounts, ada, linking } = started
      const asked = message(ada.id)
      expect(await store.linkIdentityWithPendingEmail({ ...linking, message: asked })).toEqual({ outcome: 'changed' })
      expect(await accounts.find(ada.id)).toMatchObject({
        email: null,
        emailChange: EMAIL,
        emailChangeSentAt: NOW,
        isAnonymous: true,
        rawAppMetaData: { providers: ['github'] },
      })
      expect(await Promise.all(asked.mint.map(({ token }) => accounts.isValid(token)))).toEqual([true])
      expect((await accounts.rows()).messages).toHaveLength(2)
    })

    test('records only when it was sent, if a hook has taken the message', async () => {
      await using started = await start()
      const { store, accounts, ada, linking } = started
      const sent = { column: 'emailChangeSentAt' as const, keeps: { tokens: [], flowId: undefined } }
      await store.linkIdentityWithPendingEmail({ ...linking, message: sent })
      expect(await accounts.find(ada.id)).toMatchObject({ emailChange: null, emailChangeSentAt: NOW })
    })

    test('refuses whatever changed since, and a message within the cooldown', async () => {
      await using started = await start()
      const { store, accounts, ada, linking, identity } = started
      const asked = { ...linking, message: message(ada.id) }
      const ended = { ...asked, requestSession: { sessionId: 'ended' } }
      await expectRefused(accounts, () => store.linkIdentityWithPendingEmail(ended), 'session_gone')
      const grace = await accounts.user({ emailChangeSentAt: NOW - 1 })
      const soon = { ...asked, id: grace.id, requestSession: { sessionId: undefined } }
      await expectRefused(accounts, () => store.linkIdentityWithPendingEmail(soon), 'sent_recently')
      await accounts.user({}, [{ ...identity, id: 'of-another' }])
      await expectRefused(accounts, () => store.linkIdentityWithPendingEmail(asked), 'identity_of_another')
      await ENDS.user_banned(accounts, ada.id)
      await expectRefused(accounts, () => store.linkIdentityWithPendingEmail(asked), 'user_banned')
      await ENDS.user_gone(accounts, ada.id)
      await expectRefused(accounts, () => store.linkIdentityWithPendingEmail(asked), 'user_gone')
    })
  })

  describe('unlinkIdentity', () => {
    async function linked() {
      const accounts = await accountStore()
      const [github, gitlab] = [newIdentity({ provider: 'github' }), newIdentity({ provider: 'gitlab' })]
      const contacts = { email: EMAIL, emailConfirmedAt: BEFORE, phone: '15550001', phoneConfirmedAt: BEFORE }
      const ada = await accounts.user({ ...contacts, rawUserMetaData: { email: EMAIL }, recoverySentAt: BEFORE }, [
        github,
        gitlab,
      ])
      const removal = {
        id: ada.id,
        now: NOW,
        requestSession: { sessionId: undefined },
        before: { email: ada.email, phone: ada.phone },
        identityId: github.id,
        loses: 'nothing' as const,
        messages: [],
        audit: [auditEntry('identity_unlinked')],
      }
      return { ...accounts, accounts, ada, removal, token: await accounts.token({ userId: ada.id }) }
    }

    test('removes one identity', async () => {
      await using started = await linked()
      const { store, accounts, ada, removal, token } = started
      expect(await store.unlinkIdentity(removal)).toEqual({ outcome: 'changed' })
      expect((await store.findIdentities(ada.id)).map(({ provider }) => provider)).toEqual(['gitlab'])
      expect(await accounts.find(ada.id)).toMatchObject({
        email: EMAIL,
        recoverySentAt: BEFORE,
        rawAppMetaData: { provider: 'gitlab', providers: ['gitlab'] },
      })
      expect(await accounts.isValid(token)).toBe(true)
    })

    test('takes the number with it', async () => {
      await using started = await linked()
      const { store, accounts, ada, removal } = started
      await store.unlinkIdentity({ ...removal, loses: 'phone' })
      expect(await accounts.find(ada.id)).toMatchObject({ email: EMAIL, phone: null, phoneConfirmedAt: null })
    })

    test.each([
      ['another address', 'other@example.com', BEFORE, { email: 'other@example.com' }],
      ['none', null, null, { email_verified: false }],
    ] as const)(
      'replaces the address with %s; links sent to it become invalid',
      async (_, email, confirmed, metadata) => {
        await using started = await linked()
        const { store, accounts, ada, removal, token } = started
        await store.unlinkIdentity({ ...removal, loses: { emailFor: email } })
        expect(await accounts.find(ada.id)).toMatchObject({
          email,
          emailConfirmedAt: confirmed,
          recoverySentAt: null,
          rawUserMetaData: metadata,
        })
        expect(await accounts.isValid(token)).toBe(false)
      },
    )

    test('refuses whatever changed since, and the last identity', async () => {
      await using started = await linked()
      const { store, accounts, ada, removal } = started
      const ended = { ...removal, requestSession: { sessionId: 'ended' } }
      await expectRefused(accounts, () => store.unlinkIdentity(ended), 'session_gone')
      const stale = { ...removal, before: { email: EMAIL, phone: null } }
      await expectRefused(accounts, () => store.unlinkIdentity(stale), 'changed_concurrently')
      await expectRefused(accounts, () => store.unlinkIdentity({ ...removal, identityId: 'x' }), 'identity_unknown')
      await accounts.user({ email: 'taken@example.com' })
      const taken = { ...removal, loses: { emailFor: 'taken@example.com' } }
      await expectRefused(accounts, () => store.unlinkIdentity(taken), 'email_taken')
      await store.unlinkIdentity(removal)
      await expectRefused(accounts, () => store.unlinkIdentity(removal), 'identity_is_last')
      await ENDS.user_banned(accounts, ada.id)
      await expectRefused(accounts, () => store.unlinkIdentity(removal), 'user_banned')
      await ENDS.user_gone(accounts, ada.id)
      await expectRefused(accounts, () => store.unlinkIdentity(removal), 'user_gone')
    })

    test('refuses an address too long for the metadata that contains it', async () => {
      await using started = await linked()
      const { store, accounts, removal, ada } = started
      await store.updateUserAsAdmin({ ...adminUpdate(ada.id, BEFORE), userMetaData: FULL_METADATA })
      const long = { ...removal, loses: { emailFor: `${'x'.repeat(300)}@example.com` } }
      await expectRefused(accounts, () => store.unlinkIdentity(long), 'metadata_too_large')
    })
  })
})
