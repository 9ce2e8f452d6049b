/** Sign-in with a provider account: what it changes on the local account, and what refuses it. */
import { describe, expect, test } from 'bun:test'
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
  newIdentity,
  newMessage,
  newSession,
  newToken,
  newUser,
} from '../../support/accounts'
import { eachEngine } from '../../support/engines'

const EMAIL = 'ada@example.com'
const USED = { kind: 'oauth_state', stateHash: 'used' } as const

async function start(given: Partial<User> = {}) {
  const accounts = await accountStore()
  const ada = await accounts.user({ email: EMAIL, ...given }, [newIdentity({ provider: 'gitlab' })])
  const identity = newIdentity({ provider: 'github', userId: ada.id, createdAt: NOW, identityData: { name: 'Ada' } })
  const audit = [auditEntry('login')]
  const ending = { session: newSession(ada.id), use: undefined }
  const signIn = {
    id: ada.id,
    now: NOW,
    before: { email: ada.email, emailConfirmedAt: ada.emailConfirmedAt },
    identity,
    confirmation: undefined,
    cleanup: undefined,
    ending,
    audit,
  }
  return { ...accounts, accounts, ada, identity, signIn, ending, audit }
}

eachEngine(() => {
  describe('signInWithIdentity', () => {
    test('adds the identity with its profile, and signs in', async () => {
      await using started = await start({ emailConfirmedAt: BEFORE })
      const { store, signIn, identity } = started
      const signedIn = await store.signInWithIdentity(signIn)
      if (signedIn.outcome !== 'changed') throw new Error(signedIn.outcome)
      expect(signedIn.opened).toMatchObject({
        user: {
          lastSignInAt: NOW,
          rawUserMetaData: { name: 'Ada' },
          rawAppMetaData: { provider: 'gitlab', providers: ['gitlab', 'github'] },
        },
        identities: [{ provider: 'gitlab' }, { id: identity.id }],
      })
    })

    test('updates an identity that is there', async () => {
      await using started = await start({ emailConfirmedAt: BEFORE })
      const { store, ada, signIn, identity } = started
      await store.signInWithIdentity(signIn)
      const again = { ...identity, id: 'not-used', identityData: { name: 'Ada L.' }, lastSignInAt: NOW + 1 }
      await store.signInWithIdentity({ ...signIn, identity: again, ending: undefined, audit: [] })
      expect((await store.findIdentities(ada.id))[1]).toMatchObject({
        id: identity.id,
        identityData: { name: 'Ada L.' },
        lastSignInAt: NOW + 1,
      })
    })

    test('stores a flow in place of a session', async () => {
      await using started = await start()
      const { store, accounts, ada, signIn } = started
      const ending = { flow: newFlow(ada.id), use: undefined }
      expect(await store.signInWithIdentity({ ...signIn, ending })).toEqual({ outcome: 'changed', opened: undefined })
      expect([await accounts.count('flow_state', ada.id), await accounts.count('sessions', ada.id)]).toEqual([1, 0])
    })

    test('confirms the address that the provider verified', async () => {
      await using started = await start({ email: null })
      const { store, accounts, ada, signIn } = started
      await store.signInWithIdentity({ ...signIn, confirmation: { confirmedEmail: EMAIL } })
      expect(await accounts.find(ada.id)).toMatchObject({ email: EMAIL, emailConfirmedAt: NOW })
    })

    test('asks to confirm the address by mail, without a session', async () => {
      await using started = await start()
      const { store, accounts, ada, signIn } = started
      const token = newToken({ userId: ada.id, email: EMAIL })
      const confirmation = { mint: [{ token, replaces: [] }], messages: [newMessage(EMAIL)], keeps: [] }
      const asked = await store.signInWithIdentity({ ...signIn, confirmation, ending: undefined })
      expect(asked).toEqual({ outcome: 'changed', opened: undefined })
      expect(await accounts.find(ada.id)).toMatchObject({ emailConfirmedAt: null, confirmationSentAt: NOW })
      expect([await accounts.isValid(token), (await accounts.rows()).messages?.length]).toEqual([true, 1])
    })

    test('removes what someone else may have left there, but not the mail that was just sent', async () => {
      await using started = await start({ encryptedPassword: 'old', rawUserMetaData: { by: 'eve' } })
      const { store, accounts, ada, signIn } = started
      await accounts.session(ada.id)
      const [kept, older] = [await accounts.token({ userId: ada.id }), await accounts.token({ userId: ada.id })]
      await store.signInWithIdentity({
        ...signIn,
        confirmation: { mint: [], messages: [], keeps: [kept.id] },
        cleanup: { dropsPassword: true, userMetaData: {} },
        ending: undefined,
      })
      expect(await accounts.find(ada.id)).toMatchObject({
        encryptedPassword: null,
        rawUserMetaData: { name: 'Ada' },
        rawAppMetaData: { providers: ['github'] },
      })
      expect((await store.findIdentities(ada.id)).map(({ provider }) => provider)).toEqual(['github'])
      expect([
        await accounts.isValid(kept),
        await accounts.isValid(older),
        await accounts.count('sessions', ada.id),
      ]).toEqual([true, false, 0])
    })

    test('refuses whatever changed since', async () => {
      await using started = await start()
      const { store, accounts, ada, signIn, identity, ending } = started
      const used = { ...signIn, ending: { ...ending, use: USED } }
      await expectRefused(accounts, () => store.signInWithIdentity(used), 'used_before')
      const stale = { ...signIn, before: { email: EMAIL, emailConfirmedAt: BEFORE } }
      await expectRefused(accounts, () => store.signInWithIdentity(stale), 'changed_concurrently')
      const large = { ...signIn, cleanup: { dropsPassword: false, userMetaData: { ...FULL_METADATA, more: 1 } } }
      await expectRefused(accounts, () => store.signInWithIdentity(large), 'metadata_too_large')
      await accounts.user({ email: 'taken@example.com' })
      const taken = { ...signIn, confirmation: { confirmedEmail: 'taken@example.com' } }
      await expectRefused(accounts, () => store.signInWithIdentity(taken), 'email_taken')
      await accounts.user({}, [{ ...identity, id: 'of-another' }])
      await expectRefused(accounts, () => store.signInWithIdentity(signIn), 'identity_of_another')
      await ENDS.user_banned(accounts, ada.id)
      await expectRefused(accounts, () => store.signInWithIdentity(signIn), 'user_banned')
      await ENDS.user_gone(accounts, ada.id)
      await expectRefused(accounts, () => store.signInWithIdentity(signIn), 'user_gone')
    })
  })

  describe('acceptInvitation', () => {
    async function invited(given: Partial<User> = {}) {
      const started = await start(given)
      const { accounts, ada, identity, ending, audit } = started
      const tokenUse = await accounts.token({ userId: ada.id, kind: 'invite' })
      const base = { id: ada.id, now: NOW, emailBefore: EMAIL, tokenUse, identity, dropped: {}, ending, audit }
      return { ...started, tokenUse, acceptance: { ...base, isPreHijacked: false } }
    }

    test('confirms the address, consumes the token and signs in; other identities stay', async () => {
      await using started = await invited()
      const { store, accounts, acceptance, tokenUse } = started
      const older = await accounts.token({ userId: acceptance.id })
      const accepted = await store.acceptInvitation(acceptance)
      if (accepted.outcome !== 'changed') throw new Error(accepted.outcome)
      expect(accepted.opened).toMatchObject({
        user: { emailConfirmedAt: NOW, rawAppMetaData: { providers: ['gitlab', 'github'] } },
      })
      expect([await accounts.isValid(tokenUse), await accounts.isValid(older)]).toEqual([false, false])
    })

    test('drops what a sign-up with the address left there', async () => {
      await using started = await invited({ encryptedPassword: 'old', rawUserMetaData: { by: 'eve' } })
      const { store, accounts, ada, acceptance } = started
      await accounts.session(ada.id)
      const dropped = { encryptedPassword: null, rawUserMetaData: { sub: ada.id } }
      await store.acceptInvitation({ ...acceptance, dropped, isPreHijacked: true, ending: { ...acceptance.ending } })
      expect(await accounts.find(ada.id)).toMatchObject({
        encryptedPassword: null,
        rawUserMetaData: { name: 'Ada', sub: ada.id },
        rawAppMetaData: { providers: ['github'] },
      })
      expect(await accounts.count('sessions', ada.id)).toBe(1)
    })

    test('refuses whatever changed since', async () => {
      await using started = await invited()
      const { store, accounts, ada, acceptance, identity, ending } = started
      const unknown = { ...acceptance, tokenUse: { id: 'vt_none' } }
      await expectRefused(accounts, () => store.acceptInvitation(unknown), 'token_unknown')
      const stale = { ...acceptance, emailBefore: 'other@example.com' }
      await expectRefused(accounts, () => store.acceptInvitation(stale), 'changed_concurrently')
      const used = { ...acceptance, ending: { ...ending, use: USED } }
      await expectRefused(accounts, () => store.acceptInvitation(used), 'used_before')
      const large = { ...acceptance, dropped: { rawUserMetaData: { ...FULL_METADATA, more: 1 } } }
      await expectRefused(accounts, () => store.acceptInvitation(large), 'metadata_too_large')
      await accounts.user({}, [{ ...identity, id: 'of-another' }])
      await expectRefused(accounts, () => store.acceptInvitation(acceptance), 'identity_of_another')
      await ENDS.user_banned(accounts, ada.id)
      await expectRefused(accounts, () => store.acceptInvitation(acceptance), 'user_banned')
      await ENDS.user_gone(accounts, ada.id)
      await expectRefused(accounts, () => store.acceptInvitation(acceptance), 'user_gone')
    })
  })

  test('createUserWithIdentity creates the account and signs in, unless the state was used or the identity is taken', async () => {
    await using started = await start()
    const { store, accounts, audit } = started
    const user = newUser({ createdAt: NOW })
    const identity = newIdentity({ provider: 'github', userId: user.id })
    const account = { user, identity, mint: [], messages: [], audit }
    const ending = { session: newSession(user.id), use: undefined }
    const used = { ...account, ending: { ...ending, use: USED } }
    await expectRefused(accounts, () => store.createUserWithIdentity(used), 'used_before')
    const created = await store.createUserWithIdentity({ ...account, ending })
    expect(created).toMatchObject({ outcome: 'created', opened: { user: { id: user.id, lastSignInAt: NOW } } })
    const again = { ...account, user: newUser(), ending: undefined }
    await expectRefused(accounts, () => store.createUserWithIdentity(again), 'identity_taken')
    const other = newUser()
    const flow = { flow: newFlow(other.id), use: undefined }
    const unconfirmed = { ...account, user: other, identity: newIdentity({ provider: 'github', userId: other.id }) }
    expect(await store.createUserWithIdentity({ ...unconfirmed, audit: [], ending: flow })).toMatchObject({
      outcome: 'created',
      opened: undefined,
    })
    expect(await accounts.count('flow_state', other.id)).toBe(1)
  })

  test('completeIdentitySignUp opens the session, unless the state was used or the account is gone', async () => {
    await using started = await start()
    const { store, accounts, ada, ending, audit } = started
    const completion = { id: ada.id, now: NOW, ending, audit }
    const used = { ...completion, ending: { ...ending, use: USED } }
    await expectRefused(accounts, () => store.completeIdentitySignUp(used), 'used_before')
    const completed = await store.completeIdentitySignUp(completion)
    expect(completed).toMatchObject({ outcome: 'changed', opened: { session: { userId: ada.id } } })
    const unconfirmed = { ...completion, ending: undefined, audit: [auditEntry('user_signedup')] }
    expect(await store.completeIdentitySignUp(unconfirmed)).toEqual({ outcome: 'changed', opened: undefined })
    await ENDS.user_gone(accounts, ada.id)
    await expectRefused(accounts, () => store.completeIdentitySignUp(completion), 'user_gone')
  })
})
