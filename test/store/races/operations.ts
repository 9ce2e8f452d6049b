/** Every operation that writes, on the rows of the world (world.ts). Equal ones differ in what they create. */
import * as confirmations from '../../../src/store/accounts'
import * as setup from '../../../src/store/accounts/first-administrator'
import * as newAccounts from '../../../src/store/accounts/new-accounts'
import * as roles from '../../../src/store/accounts/roles'
import * as users from '../../../src/store/accounts/users'
import * as activity from '../../../src/store/activity'
import * as auditSeals from '../../../src/store/audit-seals'
import { modeOf, type Operation } from '../../../src/store/engine'
import * as events from '../../../src/store/events'
import * as challenges from '../../../src/store/factors/challenges'
import * as attempts from '../../../src/store/factors/factor-attempts'
import * as factors from '../../../src/store/factors/factors'
import * as codes from '../../../src/store/factors/recovery-codes'
import * as webauthn from '../../../src/store/factors/webauthn'
import * as maintenance from '../../../src/store/maintenance'
import * as matrix from '../../../src/store/matrix-registrations'
import * as messages from '../../../src/store/messages'
import * as providers from '../../../src/store/oauth/custom-providers'
import * as flows from '../../../src/store/oauth/flows'
import * as states from '../../../src/store/oauth/oauth-states'
import * as related from '../../../src/store/related-writes'
import * as external from '../../../src/store/sessions/external-sessions'
import * as personal from '../../../src/store/sessions/personal-tokens'
import { refreshOn } from '../../../src/store/sessions/refresh-at-once'
import * as opaqueTokens from '../../../src/store/sessions/session-tokens'
import * as sessions from '../../../src/store/sessions/sessions'
import { withdrawSignIn } from '../../../src/store/sessions/withdraw-sign-in'
import * as keys from '../../../src/store/signing-keys'
import * as captchas from '../../../src/store/spent-captchas'
import * as sweeps from '../../../src/store/sweeps'
import * as tokens from '../../../src/store/verification/operations'
import { adminUpdate, BEFORE, NOW, newIdentity, newUser } from '../../support/accounts'
import type { Run, Sequence } from '../../support/schedules'
import * as world from './world'

const { ADA, EVE, id } = world
const now = NOW
const newKey = () => 'key'
const acting = { sessionId: id('first session'), aal: 'aal2' as const }
const requestSession = { sessionId: id('first session') }
const limit = { max: 3, windowMs: 1000, maxWindowMs: 1000 }
const from = { now, userAgent: undefined, ip: undefined, supersedes: undefined }

/** By name; `copy` is the number of one of several equal operations. */
type Operations = Record<string, (copy: number) => Run | Sequence>

const of =
  <Input>(operation: Operation<Input, unknown>) =>
  (input: (copy: number) => Input) =>
  (copy: number): Run => ({ mode: modeOf(operation, input(copy)), work: (tx) => operation(tx, input(copy)) })

const refresh = (copy: number) => ({
  ...from,
  sessionId: id('first session'),
  counter: 0,
  newKey,
  reuseIntervalMs: 0,
  allowReuse: false,
  endOnReuse: true,
  audit: { rotated: world.audit('rotated', copy), reused: world.audit('reused', copy) },
})

/** A refresh of the same session with the same token, in one statement where an engine can do that. */
export const REFRESH_AT_ONCE = 'rotateRefreshToken: at once'

const someone = (name: string, copy: number, given: Parameters<typeof newUser>[0] = {}) =>
  newUser({ id: id(name, copy), createdAt: NOW, ...given })
const identity = (name: string, copy: number, given = {}) =>
  newIdentity({
    id: id(name, copy),
    provider: 'github',
    providerId: id(name, copy),
    userId: ADA.id,
    createdAt: NOW,
    ...given,
  })
const request = (name: string, copy: number) => ({
  column: 'recoverySentAt' as const,
  cooldownMs: 1000,
  mint: [{ token: world.token(name, { userId: ADA.id, email: ADA.email }, copy), replaces: ['magic_link' as const] }],
  flow: world.flow(name, copy),
  pending: {},
})
const message = (name: string, copy: number) => ({
  ...request(name, copy),
  messages: [world.message(`message of ${name}`, copy)],
})
const own = (copy: number) => ({
  id: ADA.id,
  now,
  requestSession,
  authorization: undefined,
  password: undefined,
  confirmed: undefined,
  userMetaData: {},
  appMetaData: undefined,
  messages: [],
  audit: world.audit('own', copy),
})
const confirmation = (tokenName: string, copy: number) => ({
  id: ADA.id,
  now,
  tokenUse: { id: id(tokenName) },
  messages: [],
  audit: world.audit('confirmed', copy),
})
const related1 = (name: string, copy: number) => ({ audit: world.audit(name, copy) })

const accounts: Operations = {
  createUser: of(newAccounts.createUser)((copy) => ({ user: someone('created', copy), identities: [], audit: [] })),
  createContactUser: of(newAccounts.createContactUser)((copy) => ({
    user: someone('contact', copy, { email: 'grace@example.com' }),
    identities: [],
    audit: world.audit('created', copy),
  })),
  createUserWithIdentity: of(newAccounts.createUserWithIdentity)((copy) => {
    const user = someone('with identity', copy)
    return {
      user,
      identity: identity('shared identity', 0, { id: id('its identity', copy), userId: user.id }),
      ending: {
        session: {
          ...world.session('signed up', copy),
          session: { ...world.session('signed up', copy).session, userId: user.id },
        },
        use: { kind: 'oauth_state', stateHash: id('state') },
      },
      audit: [],
    }
  }),
  openSetup: of(setup.openSetup)(() => ({ tokenHash: 'hash', expiresAt: NOW + 1 })),
  createFirstAdministrator: of(newAccounts.createFirstAdministrator)((copy) => {
    const user = someone('first administrator', copy, { phone: '15550000077' })
    const session = world.session('first session of one', copy)
    return {
      tokenHash: 'hash',
      user,
      identities: [],
      session: { ...session, session: { ...session.session, userId: user.id } },
      audit: [],
    }
  }),
  registerUser: of(newAccounts.registerUser)((copy) => {
    const user = someone('registered', copy, { phone: '15550000001' })
    const session = world.session('registered session', copy)
    return {
      user,
      identities: [],
      session: { ...session, session: { ...session.session, userId: user.id } },
      audit: [],
    }
  }),
  registerUserWithToken: of(newAccounts.registerUserWithToken)((copy) => {
    const user = someone('invited', copy, { email: 'grace@example.com' })
    const session = world.session('invited session', copy)
    return {
      user,
      identities: [],
      session: { ...session, session: { ...session.session, userId: user.id } },
      tokenUse: { id: id('stranger') },
      audit: [],
    }
  }),
  softDeleteUser: of(users.softDeleteUser)((copy) => ({
    id: ADA.id,
    now,
    scrub: (value) => `x${value}`,
    audit: world.audit('deleted', copy),
  })),
  deleteUser: of(users.deleteUser)((copy) => ({ id: ADA.id, audit: world.audit('deleted', copy) })),
  withdrawUser: of(users.withdrawUser)(() => ({
    user: EVE,
    tokens: [],
    replaced: [],
    replacedAt: NOW,
    flowId: undefined,
  })),
  grantRole: of(roles.grantRole)((copy) => ({
    userId: ADA.id,
    role: 'admin',
    now,
    audit: world.audit('granted', copy),
  })),
  revokeRole: of(roles.revokeRole)((copy) => ({ userId: EVE.id, role: 'admin', audit: world.audit('revoked', copy) })),
  signInWithIdentity: of(confirmations.signInWithIdentity)((copy) => ({
    id: ADA.id,
    now,
    before: ADA,
    identity: world.githubIdentity,
    confirmation: undefined,
    cleanup: undefined,
    ending: { session: world.session('by identity', copy), use: { kind: 'oauth_state', stateHash: id('state') } },
    audit: world.audit('signed in', copy),
  })),
  acceptInvitation: of(confirmations.acceptInvitation)((copy) => ({
    id: ADA.id,
    now,
    emailBefore: ADA.email,
    tokenUse: { id: id('link') },
    identity: world.githubIdentity,
    dropped: { encryptedPassword: null },
    isPreHijacked: false,
    ending: { session: world.session('accepted', copy), use: { kind: 'oauth_state', stateHash: id('state') } },
    audit: world.audit('accepted', copy),
  })),
  completeIdentitySignUp: of(confirmations.completeIdentitySignUp)((copy) => ({
    id: ADA.id,
    now,
    ending: {
      session: world.session('completed', copy),
      use: { kind: 'web3_message', messageHash: 'hash', expiresAt: NOW },
    },
    audit: world.audit('completed', copy),
  })),
  linkIdentityWithPendingEmail: of(confirmations.linkIdentityWithPendingEmail)((copy) => ({
    id: ADA.id,
    now,
    requestSession,
    identity: identity('linked', 0, { id: id('linked row', copy) }),
    message: { ...message('linked address', copy), pending: { emailChange: 'other@example.com' } },
    messages: [],
    audit: world.audit('linked', copy),
  })),
  linkIdentity: of(confirmations.linkIdentity)((copy) => ({
    id: ADA.id,
    now,
    requestSession,
    emailBefore: ADA.email,
    email: undefined,
    identity: identity('linked', 0, { id: id('linked row', copy) }),
    ending: {
      session: world.session('linked', copy),
      use: { kind: 'web3_message', messageHash: 'hash', expiresAt: NOW },
    },
    messages: [],
    audit: world.audit('linked', copy),
  })),
  unlinkIdentity: of(confirmations.unlinkIdentity)((copy) => ({
    id: ADA.id,
    now,
    requestSession,
    before: ADA,
    identityId: world.githubIdentity.id,
    loses: 'nothing',
    messages: [],
    audit: world.audit('unlinked', copy),
  })),
  updateOwnAccount: of(confirmations.updateOwnAccount)((copy) => ({ ...own(copy), userMetaData: { changed: true } })),
  'updateOwnAccount: password': of(confirmations.updateOwnAccount)((copy) => ({
    ...own(copy),
    authorization: { verifiedHash: 'old', tokenUse: undefined },
    password: { hash: `new`, keptSession: id('first session') },
  })),
  requestContactChange: of(confirmations.requestContactChange)((copy) => ({
    ...own(copy),
    message: { ...message('contact change', copy), pending: { phoneChange: '15558888888' } },
  })),
  updateUserAsAdmin: of(confirmations.updateUserAsAdmin)((copy) => ({
    ...adminUpdate(ADA.id, now),
    set: { email: 'renamed@example.com', bannedUntil: NOW + 1 },
    audit: world.audit('by admin', copy),
  })),
  'updateUserAsAdmin: an address that another one wants': of(confirmations.updateUserAsAdmin)((copy) => ({
    ...adminUpdate(EVE.id, now),
    set: { email: 'grace@example.com' },
    audit: world.audit('by admin', copy),
  })),
  confirmPhone: of(confirmations.confirmPhone)((copy) => ({
    ...confirmation('link', copy),
    encryptedPassword: undefined,
    session: world.session('by phone', copy),
  })),
  confirmPhoneChange: of(confirmations.confirmPhoneChange)((copy) => ({
    ...confirmation('reset', copy),
    encryptedPassword: undefined,
    session: world.session('new phone', copy),
    phone: '15551239999',
    identity: identity('phone identity', 0, { id: id('phone identity row', copy), provider: 'phone' }),
  })),
  confirmEmail: of(confirmations.confirmEmail)((copy) => ({
    ...confirmation('link', copy),
    userMetaData: { confirmed: true },
    cleanup: undefined,
    identity: undefined,
    encryptedPassword: 'new',
    result: { session: world.session('by link', copy) },
  })),
  resetPassword: of(confirmations.resetPassword)((copy) => ({
    ...confirmation('reset', copy),
    userMetaData: {},
    cleanup: undefined,
    encryptedPassword: `new`,
  })),
  signInWithLink: of(confirmations.signInWithLink)((copy) => ({
    ...confirmation('link', copy),
    userMetaData: {},
    cleanup: undefined,
    proof: { type: 'totp', factorId: id('app'), step: 7 },
    session: world.session('by magic link', copy),
  })),
  confirmEmailChange: of(confirmations.confirmEmailChange)((copy) => ({
    ...confirmation('change', copy),
    email: 'new@example.com',
    identity: identity('new address', 0, { id: id('new address row', copy), provider: 'email' }),
    encryptedPassword: undefined,
    result: { authCode: { flowId: id('pending flow'), hash: 'code of change' } },
  })),
  confirmFirstAddress: of(confirmations.confirmFirstAddress)(() => ({
    id: ADA.id,
    now,
    tokenUse: { id: id('change') },
    emailChange: 'new@example.com',
  })),
  recordMessage: of(confirmations.recordMessage)((copy) => ({
    id: ADA.id,
    now,
    message: message('recorded', copy),
    audit: world.audit('recorded', copy),
  })),
  recordAdminLink: of(confirmations.recordAdminLink)((copy) => ({
    id: ADA.id,
    now,
    message: message('admin link', copy),
    invitedAt: now,
    userMetaData: { invited: true },
    audit: world.audit('invited', copy),
  })),
  queueServiceLink: of(confirmations.queueServiceLink)((copy) => ({
    id: ADA.id,
    now,
    mint: request('service link', copy).mint,
    messages: [world.message('service message', copy)],
    audit: world.audit('service link', copy),
  })),
  storeMessageTokens: of(confirmations.storeMessageTokens)((copy) => ({
    id: ADA.id,
    now,
    request: request('stored', copy),
    requestSession,
  })),
  storeConfirmationTokens: of(confirmations.storeConfirmationTokens)((copy) => ({
    id: ADA.id,
    now,
    mint: request('confirmation', copy).mint,
    before: ADA,
  })),
  withdrawMessage: of(confirmations.withdrawMessage)(() => ({
    id: ADA.id,
    now,
    tokens: { tokens: [id('change')], replaced: [], replacedAt: NOW, flowId: undefined },
    restore: { columns: { phoneChange: null }, left: { ...ADA, uid: 1, confirmedAt: BEFORE } },
  })),
}

const signedIn: Operations = {
  openSession: of(sessions.openSession)((copy) => ({
    session: world.session('opened', copy),
    now,
    verifiedPasswordHash: 'old',
    rehashed: 'rehashed',
    audit: world.audit('opened', copy),
  })),
  'openSession: a second time within a millisecond': of(sessions.openSession)((copy) => ({
    session: world.session('opened at once', copy),
    now,
    verifiedPasswordHash: 'old',
    audit: [],
  })),
  'openSession: with a TOTP code': of(sessions.openSession)((copy) => ({
    session: world.session('opened by code', copy),
    now,
    proof: { type: 'totp', factorId: id('app'), step: 7 },
    audit: [],
  })),
  'openSession: with a recovery code': of(sessions.openSession)((copy) => ({
    session: world.session('recovered', copy),
    now,
    proof: { type: 'recovery_code', factorId: id('codes'), hashes: ['code 1'] },
    audit: [],
  })),
  'openSession: with a passkey': of(sessions.openSession)((copy) => ({
    session: world.session('opened by passkey', copy),
    now,
    passkey: { id: id('passkey'), signCount: 1, backedUp: false },
    audit: [],
  })),
  rotateRefreshToken: of(sessions.rotateRefreshToken)(refresh),
  recordSessionUse: of(sessions.recordSessionUse)(() => ({ id: id('first session'), now: NOW + 5 })),
  importSession: of(sessions.importSession)((copy) => ({ session: world.session('imported', copy), tokens: [] })),
  endUserSessions: of(sessions.endUserSessions)((copy) => ({
    userId: ADA.id,
    which: { allBut: id('first session') },
    audit: world.audit('ended', copy),
  })),
  rotateSessionToken: of(opaqueTokens.rotateSessionToken)((copy) => ({
    ...from,
    lookupId: id('opaque refresh'),
    next: [world.opaque('refresh', 'next refresh', id('first session'), copy)],
    audit: { rotated: [], reused: world.audit('reused', copy) },
  })),
  replaceSessionToken: of(opaqueTokens.replaceSessionToken)((copy) => ({
    ...from,
    lookupId: id('opaque access'),
    next: world.opaque('access', 'next access', id('second session'), copy),
    audit: [],
  })),
  createPersonalToken: of(personal.createPersonalToken)((copy) => ({
    token: world.personalToken('new personal', copy),
    sessionId: id('first session'),
    max: 2,
    audit: [],
  })),
  revokePersonalToken: of(personal.revokePersonalToken)((copy) => ({
    id: id('personal'),
    userId: ADA.id,
    audit: world.audit('revoked token', copy),
  })),
  recordPersonalTokenUse: of(personal.recordPersonalTokenUse)(() => ({ id: id('personal'), now })),
  openExternalSession: of(external.openExternalSession)((copy) => ({
    session: world.externalSession('opened elsewhere', copy),
    audit: [],
  })),
  renewExternalSession: of(external.renewExternalSession)((copy) => ({
    ...world.externalSession('external'),
    nextLookupId: id('renewed', copy),
  })),
  endExternalSession: of(external.endExternalSession)((copy) => ({
    id: id('external'),
    audit: world.audit('ended elsewhere', copy),
  })),
  exchangeFlow: of(flows.exchangeFlow)((copy) => ({
    authCodeHash: 'auth code',
    session: world.session('exchanged', copy),
    now,
    audit: [],
  })),
  putOAuthState: of(states.putOAuthState)((copy) => world.oauthState('new state', copy)),
}

const secondFactors: Operations = {
  beginChallenge: of(challenges.beginChallenge)((copy) => ({
    challenge: { ...world.challenge('begun', copy), createdAt: NOW },
    staleBefore: BEFORE,
    smsCooldownMs: 1000,
    audit: [],
  })),
  rollBackChallenge: of(challenges.rollBackChallenge)(() => ({
    id: id('challenge'),
    factorId: id('phone factor'),
    previous: { challengedAt: null, smsSentAt: null },
  })),
  completeChallenge: of(challenges.completeChallenge)((copy) => ({
    ...acting,
    challengeId: id('challenge'),
    userId: ADA.id,
    proof: { type: 'phone', factorId: id('phone factor') },
    network: 'home',
    now,
    newKey,
    related: related1('passed', copy),
  })),
  'completeChallenge: with a TOTP code': of(challenges.completeChallenge)((copy) => ({
    ...acting,
    userId: ADA.id,
    proof: { type: 'totp', factorId: id('app'), step: 7 },
    network: 'home',
    now,
    newKey,
    related: related1('passed by code', copy),
  })),
  countFactorAttempt: of(attempts.countFactorAttempt)(() => ({
    userId: ADA.id,
    network: undefined,
    knownSince: 0,
    limit,
    now,
  })),
  refundFactorAttempt: of(attempts.refundFactorAttempt)(() => ({ userId: ADA.id, network: '', since: now, limit })),
  enrollFactor: of(factors.enrollFactor)((copy) => ({
    factor: { ...world.factor('new app', {}), id: id('enrolled', copy), status: 'unverified' },
    acting,
    limits: { max: 9, maxVerified: 9 },
    staleBefore: 0,
    audit: world.audit('enrolled', copy),
  })),
  removeFactor: of(factors.removeFactor)((copy) => ({
    factorId: id('app'),
    acting,
    now,
    related: related1('removed', copy),
  })),
  renameFactor: of(factors.renameFactor)(() => ({ factorId: id('app'), friendlyName: 'renamed', now, audit: [] })),
  addRecoveryCodes: of(codes.addRecoveryCodes)((copy) => ({
    userId: ADA.id,
    acting,
    hashes: ['code 3'],
    now,
    related: related1('codes', copy),
    factor: { ...world.factor('new codes', { factorType: 'recovery_code' }), id: id('new codes', copy) },
    limits: { max: 9, maxVerified: 9 },
  })),
  replaceRecoveryCodes: of(codes.replaceRecoveryCodes)((copy) => ({
    userId: ADA.id,
    acting,
    hashes: ['code 4'],
    now,
    related: related1('codes', copy),
  })),
  startCeremony: of(webauthn.startCeremony)((copy) => ({
    id: id('started', copy),
    userId: ADA.id,
    challenge: 'x',
    expiresAt: NOW,
    createdAt: NOW,
  })),
  consumeCeremony: of(webauthn.consumeCeremony)(() => ({ id: id('ceremony'), userId: null })),
  registerPasskey: of(webauthn.registerPasskey)((copy) => ({
    credential: world.passkey('new passkey', copy),
    acting,
    now,
    maxPasskeys: 3,
    audit: world.audit('passkey', copy),
  })),
  renamePasskey: of(webauthn.renamePasskey)((copy) => ({
    userId: ADA.id,
    id: id('passkey'),
    friendlyName: 'renamed',
    now,
    audit: world.audit('renamed passkey', copy),
  })),
  deletePasskey: of(webauthn.deletePasskey)((copy) => ({
    userId: ADA.id,
    id: id('passkey'),
    audit: world.audit('passkey gone', copy),
  })),
}

const server: Operations = {
  saveTokensAndMessages: of(related.saveTokensAndMessages)((copy) => ({
    now,
    mint: request('saved', copy).mint,
    messages: [world.message('saved message', copy)],
    audit: [],
  })),
  simulateMessageWrite: of(related.simulateMessageWrite)((copy) => [world.message('simulated', copy)]),
  withdrawTokens: of(tokens.withdrawTokens)(() => ({
    tokens: [id('link')],
    replaced: [],
    replacedAt: NOW,
    flowId: id('pending flow'),
  })),
  countWrongCode: of(tokens.countWrongCode)(() => ({
    id: id('change'),
    code: { hashes: ['wrong'], maxAttempts: 2 },
    now,
  })),
  purgeTokens: of(tokens.purgeTokens)(() => NOW + 10_000_000),
  claimMessages: of(messages.claimMessages)(() => ({ now, leaseMs: 1000, longestWaitMs: 1000, limit: 1 })),
  settleMessage: of(messages.settleMessage)(() => ({
    id: id('due'),
    attempts: 0,
    state: 'sent',
    error: null,
    nextAttemptAt: null,
    sentAt: NOW,
    content: null,
  })),
  releaseClaimedMessages: of(messages.releaseClaimedMessages)(() => now),
  retryMessage: of(messages.retryMessage)((copy) => ({ id: id('due'), now: NOW, audit: world.audit('retry', copy) })),
  recordActivity: of(activity.recordActivity)((copy) => ({
    refusals: [
      {
        requestId: id('request', copy),
        createdAt: NOW,
        method: 'GET',
        route: '',
        status: 401,
        reason: 'bearer_missing',
        exceeded: null,
        userId: null,
        ipAddress: '',
      },
    ],
    counts: [{ step: 'hour', at: 0, kind: 'refusal', label: 'bearer_missing', count: 1 }],
    maxRefusals: 10,
  })),
  deleteMessage: of(messages.deleteMessage)(() => id('sent')),
  clearMessages: of(messages.clearMessages)(() => undefined),
  claimMatrixRegistrations: of(matrix.claimMatrixRegistrations)(() => ({
    now,
    leaseMs: 1000,
    longestWaitMs: 1000,
    limit: 9,
  })),
  keepMatrixPassword: of(matrix.keepMatrixPassword)(() => ({ userId: ADA.id, password: 'sealed' })),
  postponeMatrixRegistration: of(matrix.postponeMatrixRegistration)(() => ({
    userId: ADA.id,
    suffix: 2,
    attempts: 1,
    nextAttemptAt: NOW,
    error: 'taken',
  })),
  finishMatrixRegistration: of(matrix.finishMatrixRegistration)(() => ({ userId: ADA.id, matrixUserId: '@ada:hs' })),
  addCustomProvider: of(providers.addCustomProvider)((copy) => ({
    provider: world.provider('new', copy),
    max: 2,
    audit: [],
  })),
  changeCustomProvider: of(providers.changeCustomProvider)(() => ({
    ...world.provider('acme'),
    set: { name: 'changed' },
    now,
    audit: [],
  })),
  saveDiscovery: of(providers.saveDiscovery)(() => ({ ...world.provider('acme'), document: null, now })),
  deleteCustomProvider: of(providers.deleteCustomProvider)((copy) => ({
    identifier: 'custom:acme',
    audit: world.audit('provider gone', copy),
  })),
  addSigningKey: of(keys.addSigningKey)(() => world.signingKey('new key')),
  scheduleSigningKey: of(keys.scheduleSigningKey)(() => ({ kid: id('key'), signsFrom: NOW, now })),
  revokeSigningKey: of(keys.revokeSigningKey)(() => ({ kid: id('key'), now })),
  consumeCaptcha: of(captchas.consumeCaptcha)(() => ({ id: 'captcha', expiresAt: NOW })),
  initMeta: of(maintenance.initMeta)((copy) => ({ key: 'made once', value: id('value', copy) })),
  probe: of(maintenance.probe)(() => NOW),
  simulateWrite: of(maintenance.simulateWrite)((copy) => `simulated ${copy}`),
  putMeta: of(maintenance.putMeta)(() => ({ key: 'put', value: 'value' })),
  sweepSlice: of(sweeps.sweepSlice)(() => ({ what: 'oauthStates', after: undefined, instants: { before: NOW + 1 } })),
}

/** What follows a hook that refuses a token, or agrees. */
const afterHooks: Operations = {
  withdrawSignIn: of(withdrawSignIn)((copy) => ({
    userId: ADA.id,
    sessionId: id('first session'),
    at: now,
    used: [
      { kind: 'token', id: id('link') },
      { kind: 'flow', flow: world.flow('withdrawn', copy) },
      { kind: 'oauth_state', stateHash: id('state') },
      { kind: 'web3_message', messageHash: 'message', expiresAt: NOW },
      { kind: 'anonymous_user' },
    ],
    audit: world.audit('withdrawn', copy),
  })),
  endLowSessions: of(challenges.endLowSessions)(() => ({ userId: ADA.id, keep: id('first session') })),
  withdrawElevation: of(challenges.withdrawElevation)((copy) => {
    const { session } = world.session('first session')
    return {
      challengeId: id('challenge'),
      proof: { type: 'recovery_code', factorId: id('codes'), hashes: ['code 1'] },
      before: { session, lastStep: 0 },
      raised: { ...session, refreshTokenCounter: session.refreshTokenCounter + 2 },
      at: now,
      audit: world.audit('lowered', copy),
    }
  }),
}

const atOnce: Operations = {
  [REFRESH_AT_ONCE]: (copy) => ({
    async on(engine) {
      const complete = (given: sessions.Refresh) => engine.write((tx) => sessions.rotateRefreshToken(tx, given))
      const found = await engine.read((tx) => sessions.findSession(tx, id('first session')))
      return found ? refreshOn(engine, complete)({ found, ...refresh(copy) }) : complete(refresh(copy))
    },
  }),
}

export const OPERATIONS: Operations = {
  ...accounts,
  ...signedIn,
  ...secondFactors,
  ...server,
  ...afterHooks,
  ...atOnce,
  claimEvents: of(events.claimEvents)(() => ({ now, leaseMs: 1000, longestWaitMs: 1000, limit: 1 })),
  settleEvent: of(events.settleEvent)(() => ({
    id: id('due event'),
    attempts: 0,
    state: 'delivered',
    error: null,
    nextAttemptAt: null,
    deliveredAt: NOW,
    now,
  })),
  postponeWaitingEvents: of(events.postponeWaitingEvents)(() => now),
  releaseClaimedEvents: of(events.releaseClaimedEvents)(() => now),
  replayEvents: of(events.replayEvents)(() => ({ ids: [id('due event')], now, expiresAt: NOW + 1000 })),
  addAuditSeal: of(auditSeals.addAuditSeal)(() => ({ ...world.seal(2), mac: 'second' })),
  retireAuditSeal: of(auditSeals.retireAuditSeal)((copy) => ({
    seal: world.seal(1),
    anchor: id('anchor', copy),
    anchorOfEmpty: id('empty', copy),
  })),
  addContinuation: of(flows.addContinuation)((copy) => ({ flow: world.continuation('new continuation', copy) })),
  'exchangeFlow: continuing a session': of(flows.exchangeFlow)((copy) => ({
    authCodeHash: 'continuation code',
    session: world.session('continued', copy),
    now,
    audit: [],
  })),
}
