/** Links and codes by mail: what confirming with one changes, and what refuses it. */
import { describe, expect, test } from 'bun:test'
import type { TokenUse } from '../../../src/store'
import {
  type AccountStore,
  accountStore,
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
} from '../../support/accounts'
import { eachEngine } from '../../support/engines'

const EMAIL = 'ada@example.com'

function confirmation(id: string, tokenUse: TokenUse) {
  return {
    id,
    now: NOW,
    tokenUse,
    encryptedPassword: undefined,
    identity: undefined,
    userMetaData: { email_verified: true },
    cleanup: undefined,
    result: { session: newSession(id) },
    messages: [newMessage(EMAIL)],
    audit: [auditEntry('login')],
  }
}

const tokenOf = (accounts: AccountStore, userId: string) => accounts.token({ userId, email: EMAIL })

async function start() {
  const accounts = await accountStore()
  const ada = await accounts.user({ email: EMAIL, rawUserMetaData: { name: 'Ada' } })
  return { ...accounts, accounts, ada, tokenUse: await tokenOf(accounts, ada.id) }
}

eachEngine(() => {
  describe('confirmEmail', () => {
    test('confirms the address, consumes the token and signs in; older tokens become invalid', async () => {
      await using started = await start()
      const { store, accounts, ada, tokenUse } = started
      const older = await tokenOf(accounts, ada.id)
      const identity = newIdentity({ provider: 'email', userId: ada.id, providerId: ada.id })
      const confirmed = await store.confirmEmail({ ...confirmation(ada.id, tokenUse), identity })
      if (confirmed.outcome !== 'changed') throw new Error(confirmed.outcome)
      expect(confirmed.opened).toMatchObject({
        user: { id: ada.id, emailConfirmedAt: NOW, confirmedAt: NOW, lastSignInAt: NOW, updatedAt: NOW },
        identities: [{ id: identity.id }],
        session: { userId: ada.id },
      })
      expect(confirmed.opened?.user.rawUserMetaData).toEqual({ email_verified: true, name: 'Ada' })
      expect([await accounts.isValid(tokenUse), await accounts.isValid(older)]).toEqual([false, false])
      const { messages, audit_log_entries } = await accounts.rows()
      expect([messages?.length, audit_log_entries?.length]).toEqual([1, 1])
    })

    test('an already confirmed address keeps its confirmation time', async () => {
      await using started = await start()
      const { store, accounts } = started
      const grace = await accounts.user({ email: 'grace@example.com', emailConfirmedAt: BEFORE })
      const tokenUse = await accounts.token({ userId: grace.id })
      await store.confirmEmail({ ...confirmation(grace.id, tokenUse), userMetaData: {} })
      expect((await accounts.find(grace.id)).emailConfirmedAt).toBe(BEFORE)
    })

    test('ends anonymity and what administrators set, and lists the identity of the address', async () => {
      await using started = await start()
      const { store, accounts } = started
      const grace = await accounts.user({
        email: 'grace@example.com',
        isAnonymous: true,
        isAdminCreated: true,
        isPasswordFromAdmin: true,
        adminUserMetaData: { plan: 'free' },
      })
      await store.confirmEmail(confirmation(grace.id, await accounts.token({ userId: grace.id })))
      expect(await accounts.find(grace.id)).toMatchObject({
        isAnonymous: false,
        isAdminCreated: false,
        isPasswordFromAdmin: false,
        adminUserMetaData: {},
        rawAppMetaData: { provider: 'email', providers: ['email'] },
      })
    })

    test('with a new password, every other way to be signed in ends', async () => {
      await using started = await start()
      const { store, accounts, ada, tokenUse } = started
      await accounts.session(ada.id)
      await store.saveTokensAndMessages({ now: BEFORE, flow: newFlow(ada.id), audit: [] })
      await store.confirmEmail({ ...confirmation(ada.id, tokenUse), encryptedPassword: 'new' })
      expect((await accounts.find(ada.id)).encryptedPassword).toBe('new')
      expect([await accounts.count('sessions', ada.id), await accounts.count('flow_state', ada.id)]).toEqual([1, 0])
    })

    test('a PKCE flow gets a code in place of a session, and outlives a new password', async () => {
      await using started = await start()
      const { store, accounts, ada, tokenUse } = started
      const flow = newFlow(ada.id)
      await store.saveTokensAndMessages({ now: BEFORE, flow, audit: [] })
      const result = { authCode: { flowId: flow.id, hash: 'hash' } }
      const confirmed = await store.confirmEmail({
        ...confirmation(ada.id, tokenUse),
        result,
        encryptedPassword: 'new',
      })
      expect(confirmed).toEqual({ outcome: 'changed', opened: undefined })
      expect(await store.findFlow('hash')).toMatchObject({ id: flow.id, authCodeIssuedAt: NOW })
      expect(await accounts.count('sessions', ada.id)).toBe(0)
    })

    test('removes what someone else may have left on the account (threat T46)', async () => {
      await using started = await start()
      const { store, accounts, ada, tokenUse } = started
      const [kept, own] = [newIdentity({ provider: 'github' }), newIdentity({ provider: 'email' })]
      const eve = await accounts.user(
        { email: 'eve@example.com', encryptedPassword: 'old', rawUserMetaData: { by: 'eve' } },
        [kept, newIdentity({ provider: 'gitlab' })],
      )
      await accounts.session(eve.id)
      const cleanup = {
        dropsPassword: true,
        userMetaData: { by: 'admin' },
        keptIdentities: [kept],
        ownIdentity: { ...own, userId: eve.id },
      }
      const spendOfEve = await accounts.token({ userId: eve.id })
      await store.confirmEmail({ ...confirmation(eve.id, spendOfEve), cleanup })
      expect(await accounts.find(eve.id)).toMatchObject({
        encryptedPassword: null,
        rawUserMetaData: { by: 'admin', email_verified: true },
        rawAppMetaData: { providers: ['github'] },
      })
      expect((await store.findIdentities(eve.id)).map(({ provider }) => provider)).toEqual(['github'])
      expect(await accounts.count('sessions', eve.id)).toBe(1)
      const nothingKept = { ...cleanup, keptIdentities: [], ownIdentity: { ...own, userId: ada.id } }
      await store.confirmEmail({ ...confirmation(ada.id, tokenUse), cleanup: nothingKept })
      expect((await store.findIdentities(ada.id)).map(({ id }) => id)).toEqual([own.id])
    })

    test('replaced metadata leaves the identities of own contacts as well', async () => {
      await using started = await start()
      const { store, accounts, ada, tokenUse } = started
      const identityData = { email: EMAIL, sub: ada.id, by: 'eve' }
      const identity = newIdentity({ provider: 'email', userId: ada.id, providerId: ada.id, identityData })
      const cleanup = { dropsPassword: true, userMetaData: {}, keptIdentities: [identity], ownIdentity: identity }
      await store.confirmEmail({ ...confirmation(ada.id, tokenUse), identity, cleanup })
      expect((await store.findIdentities(ada.id))[0]?.identityData).toEqual({ email: EMAIL, sub: ada.id })
      expect((await accounts.find(ada.id)).rawUserMetaData).toEqual({ email_verified: true })
    })

    test.each(['user_gone', 'user_banned'] as const)('refuses with %s', async (outcome) => {
      await using started = await start()
      const { store, accounts, ada } = started
      await ENDS[outcome](accounts, ada.id)
      const tokenUse = await tokenOf(accounts, ada.id)
      await expectRefused(accounts, () => store.confirmEmail(confirmation(ada.id, tokenUse)), outcome)
    })

    test('refuses a token that is unknown, used or expired, before it looks at the account', async () => {
      await using started = await start()
      const { store, accounts, ada } = started
      await ENDS.user_banned(accounts, ada.id)
      const used = await accounts.token({ userId: ada.id, consumedAt: BEFORE })
      const expired = await accounts.token({ userId: ada.id, expiresAt: NOW - 1 })
      for (const [tokenUse, outcome] of [
        [{ id: 'vt_none' }, 'token_unknown'],
        [used, 'token_used'],
        [expired, 'token_expired'],
      ] as const)
        await expectRefused(accounts, () => store.confirmEmail(confirmation(ada.id, tokenUse)), outcome)
    })

    test('refuses a flow that is gone', async () => {
      await using started = await start()
      const { store, accounts, ada, tokenUse } = started
      const result = { authCode: { flowId: 'none', hash: 'hash' } }
      await expectRefused(
        accounts,
        () => store.confirmEmail({ ...confirmation(ada.id, tokenUse), result }),
        'flow_gone',
      )
    })

    test('refuses metadata beyond the limit', async () => {
      await using started = await start()
      const { store, accounts, ada, tokenUse } = started
      const userMetaData = { ...FULL_METADATA, more: 1 }
      const work = () => store.confirmEmail({ ...confirmation(ada.id, tokenUse), userMetaData })
      await expectRefused(accounts, work, 'metadata_too_large')
    })
  })

  describe('resetPassword', () => {
    const reset = (id: string, tokenUse: TokenUse) => {
      const { identity: _, result, ...rest } = confirmation(id, tokenUse)
      return { ...rest, encryptedPassword: 'new' }
    }

    test('sets the password, confirms the address, and ends everything that allowed to sign in before', async () => {
      await using started = await start()
      const { store, accounts, ada, tokenUse } = started
      await accounts.session(ada.id)
      const older = await tokenOf(accounts, ada.id)
      expect(await store.resetPassword(reset(ada.id, tokenUse))).toEqual({ outcome: 'changed' })
      expect(await accounts.find(ada.id)).toMatchObject({ encryptedPassword: 'new', emailConfirmedAt: NOW })
      expect([
        await accounts.isValid(tokenUse),
        await accounts.isValid(older),
        await accounts.count('sessions', ada.id),
      ]).toEqual([false, false, 0])
    })

    test('refuses a token, an account or metadata as every confirmation does', async () => {
      await using started = await start()
      const { store, accounts, ada, tokenUse } = started
      const unknown = reset(ada.id, { id: 'vt_none' })
      await expectRefused(accounts, () => store.resetPassword(unknown), 'token_unknown')
      const large = { ...reset(ada.id, tokenUse), userMetaData: { ...FULL_METADATA, more: 1 } }
      await expectRefused(accounts, () => store.resetPassword(large), 'metadata_too_large')
      await ENDS.user_banned(accounts, ada.id)
      await expectRefused(accounts, () => store.resetPassword(reset(ada.id, tokenUse)), 'user_banned')
      await ENDS.user_gone(accounts, ada.id)
      await expectRefused(accounts, () => store.resetPassword(reset(ada.id, tokenUse)), 'user_gone')
    })
  })

  describe('signInWithLink', () => {
    const signIn = (id: string, tokenUse: TokenUse) => {
      const { identity: _, result, encryptedPassword, ...rest } = confirmation(id, tokenUse)
      return { ...rest, proof: undefined, session: newSession(id) }
    }

    test('confirms the address and signs in; other sessions stay', async () => {
      await using started = await start()
      const { store, accounts, ada, tokenUse } = started
      await accounts.session(ada.id)
      expect(await store.signInWithLink(signIn(ada.id, tokenUse))).toMatchObject({
        outcome: 'changed',
        opened: { user: { emailConfirmedAt: NOW, lastSignInAt: NOW } },
      })
      expect([await accounts.isValid(tokenUse), await accounts.count('sessions', ada.id)]).toEqual([false, 2])
    })

    test('refuses a token, a proof, an account or metadata', async () => {
      await using started = await start()
      const { store, accounts, ada, tokenUse } = started
      const unknown = signIn(ada.id, { id: 'vt_none' })
      await expectRefused(accounts, () => store.signInWithLink(unknown), 'token_unknown')
      const proof = { type: 'totp', factorId: 'none', step: 1 } as const
      await expectRefused(accounts, () => store.signInWithLink({ ...signIn(ada.id, tokenUse), proof }), 'factor_gone')
      const large = { ...signIn(ada.id, tokenUse), userMetaData: { ...FULL_METADATA, more: 1 } }
      await expectRefused(accounts, () => store.signInWithLink(large), 'metadata_too_large')
      await ENDS.user_banned(accounts, ada.id)
      await expectRefused(accounts, () => store.signInWithLink(signIn(ada.id, tokenUse)), 'user_banned')
      await ENDS.user_gone(accounts, ada.id)
      await expectRefused(accounts, () => store.signInWithLink(signIn(ada.id, tokenUse)), 'user_gone')
    })
  })
})
