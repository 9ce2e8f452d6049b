/** The core: the rules. Surfaces call these functions and translate their outcomes. */
import * as account from './accounts/account'
import * as admin from './accounts/admin'
import { listAudit, listUsers, searchUsers } from './accounts/admin-lists'
import { exportAccount } from './accounts/export'
import { tryHook } from './administration/hook-trial'
import * as latestSessions from './administration/latest-sessions'
import * as lookups from './administration/lookups'
import { listMailTemplates, previewMail } from './administration/mail-preview'
import * as seeding from './administration/seeding'
import { isSetupOpen, openSetup, setUpAdministrator } from './administration/setup'
import * as signingKeys from './administration/signing-keys'
import * as userAccess from './administration/user-access'
import * as authentication from './authentication/authenticate'
import { introspect } from './authentication/introspect'
import { requireCaptcha } from './captcha/captcha'
import { issueChallenge } from './captcha/proof-of-work'
import { deliverEvents, eventQueue, nextEventInMs, releaseClaimedEvents } from './events/delivery'
import { challengeFactor } from './factors/challenge'
import { enrollFactor } from './factors/enroll'
import * as factors from './factors/manage'
import * as recoveryCodes from './factors/recovery-codes'
import { requireFactorOwner, requireOwnFactor } from './factors/user-factors'
import { verifyFactor } from './factors/verify'
import * as federatedAccounts from './federation/accounts'
import * as federationAdministration from './federation/administration'
import { authenticateFederated } from './federation/authentication'
import { signInFederated } from './federation/federated-sign-in'
import * as federatedSessions from './federation/sessions'
import { type Client, type Context, contextFactory, type Deps, NO_CLIENT, withCountedRequest } from './kernel/context'
import { chooseRedirect } from './kernel/redirects'
import type { Bucket } from './kernel/request-limits'
import { withUniformTiming } from './kernel/uniform-timing'
import { nextMatrixAttemptInMs, provisionDueMatrixAccounts } from './matrix/provisioning'
import * as messages from './messages/messages'
import { deliverMessages, mailQueue, releaseClaimedMessages } from './messages/outbox'
import { startAuthorization } from './oauth/authorization'
import { handleCallback } from './oauth/callback'
import * as customProviders from './oauth/custom-providers'
import { signInWithIdToken } from './oauth/id-token'
import { unlinkIdentity } from './oauth/linking'
import { sealAudit, verifyAudit } from './operations/audit-seals'
import { countSessions } from './operations/count-sessions'
import { checkReadiness } from './operations/readiness'
import { sweep, sweepInTurn } from './operations/sweep'
import { tryASession } from './operations/trial-session'
import * as passkeys from './passkeys/passkeys'
import { requireStrongPassword } from './passwords/password-strength'
import { accountSecurity } from './self-service/account-security'
import { describeUnrecognizedSession, endUnrecognizedSession } from './sessions/new-device'
import * as personalTokens from './sessions/personal-tokens'
import { refreshSession } from './sessions/refresh'
import * as sessions from './sessions/sessions'
import * as accountPage from './sign-in/account-page'
import { exchangeCode } from './sign-in/code-exchange'
import { issueContinuation } from './sign-in/continuation'
import { signInWithPassword } from './sign-in/password-sign-in'
import { signOutWith } from './sign-in/sign-out'
import * as tokenPairs from './sign-in/token-pairs'
import { signUpAnonymously } from './sign-up/anonymous'
import * as service from './sign-up/service-sign-up'
import { signUp } from './sign-up/sign-up'
import { requireUserNamed } from './users/named-user'
import * as roles from './users/roles'
import * as invitations from './verification/invitations'
import * as oneTime from './verification/one-time-codes'
import { requestRecovery } from './verification/password-recovery'
import * as serviceMailLinks from './verification/service-mail-links'
import * as verify from './verification/verify'
import { signInWithWallet } from './web3/wallet-sign-in'

const functions = {
  authenticateUser: authentication.authenticateUser,
  authenticateAdmin: authentication.authenticateAdmin,
  showsUnknownKey: authentication.showsUnknownKey,
  requireCaptcha,
  issueChallenge,
  signUp: withUniformTiming(signUp),
  signUpAnonymously,
  signInWithPassword,
  mintTokenPair: tokenPairs.mintTokenPair,
  refreshTokenPair: tokenPairs.refreshTokenPair,
  signInForService: tokenPairs.signInForService,
  refreshForService: tokenPairs.refreshForService,
  registerForService: withUniformTiming(service.registerForService),
  describeUser: service.describeUser,
  signOutWith,
  introspect,
  authenticateFederated,
  signInFederated,
  ...federatedSessions,
  listExternalSessions: federationAdministration.listExternalSessions,
  endExternalSession: federationAdministration.endExternalSession,
  createFederatedUser: federatedAccounts.createFederatedUser,
  introspectFederated: federatedAccounts.introspectFederated,
  ...personalTokens,
  ...roles,
  exchangeCode,
  issueContinuation,
  ...accountPage,
  startAuthorization,
  handleCallback,
  unlinkIdentity,
  signInWithIdToken,
  signInWithWallet,
  listCustomProviders: customProviders.listCustomProviders,
  getCustomProvider: customProviders.getCustomProvider,
  createCustomProvider: customProviders.createCustomProvider,
  updateCustomProvider: customProviders.updateCustomProvider,
  deleteCustomProvider: customProviders.deleteCustomProvider,
  requestOtp: withUniformTiming(oneTime.requestOtp),
  requestMagicLink: withUniformTiming(oneTime.requestMagicLink),
  requestRecovery: withUniformTiming(requestRecovery),
  resend: withUniformTiming(oneTime.resend),
  reauthenticate: oneTime.reauthenticate,
  followLink: verify.followLink,
  verifyTokenHash: verify.verifyTokenHash,
  verifyCode: withUniformTiming(verify.verifyCode),
  recoverDirectly: verify.recoverDirectly,
  accountSecurity,
  enrollFactor,
  challengeFactor,
  verifyFactor,
  unenrollFactor: factors.unenrollFactor,
  requireFactorOwner,
  requireOwnFactor,
  requireFactorOf: factors.requireFactorOf,
  listFactorsOf: factors.listFactorsOf,
  renameFactor: factors.renameFactor,
  deleteFactor: factors.deleteFactor,
  recoveryCodesStatus: recoveryCodes.recoveryCodesStatus,
  generateRecoveryCodes: recoveryCodes.generateRecoveryCodes,
  regenerateRecoveryCodes: recoveryCodes.regenerateRecoveryCodes,
  verifyRecoveryCode: recoveryCodes.verifyRecoveryCode,
  removeRecoveryCodes: recoveryCodes.removeRecoveryCodes,
  beginPasskeyRegistration: passkeys.beginPasskeyRegistration,
  finishPasskeyRegistration: passkeys.finishPasskeyRegistration,
  beginPasskeySignIn: passkeys.beginPasskeySignIn,
  signInWithPasskey: passkeys.signInWithPasskey,
  listPasskeys: passkeys.listPasskeys,
  renamePasskey: passkeys.renamePasskey,
  deletePasskey: passkeys.deletePasskey,
  listPasskeysOf: passkeys.listPasskeysOf,
  deletePasskeyOf: passkeys.deletePasskeyOf,
  invite: invitations.invite,
  generateLink: invitations.generateLink,
  requestPasswordReset: withUniformTiming(serviceMailLinks.requestPasswordReset),
  completePasswordReset: serviceMailLinks.completePasswordReset,
  requestEmailChange: serviceMailLinks.requestEmailChange,
  confirmEmailChange: serviceMailLinks.confirmEmailChange,
  sendServiceMagicLink: withUniformTiming(serviceMailLinks.sendServiceMagicLink),
  verifyServiceMagicLink: serviceMailLinks.verifyServiceMagicLink,
  chooseRedirect,
  listMessages: messages.listMessages,
  readMessage: messages.readMessage,
  deleteMessage: messages.deleteMessage,
  clearMessages: messages.clearMessages,
  provisionDueMatrixAccounts,
  nextMatrixAttemptInMs,
  deliverMessages,
  releaseClaimedMessages,
  mailQueue,
  deliverEvents,
  nextEventInMs,
  releaseClaimedEvents,
  eventQueue,
  endUnrecognizedSession,
  describeUnrecognizedSession,
  refreshSession,
  listSessions: sessions.listSessions,
  endSession: sessions.endSession,
  signOut: sessions.signOut,
  getAccount: account.getAccount,
  updateAccount: account.updateAccount,
  deleteAccount: account.deleteAccount,
  exportAccount,
  createUser: admin.createUser,
  updateUser: admin.updateUser,
  requireAccount: admin.requireAccount,
  listUsers,
  searchUsers,
  deleteUser: admin.deleteUser,
  listAudit,
  ...userAccess,
  ...latestSessions,
  ...seeding,
  requireUserNamed,
  tryHook,
  requireStrongPassword,
  sealAudit,
  verifyAudit,
  sweep,
  sweepInTurn,
  tryASession,
  checkReadiness,
  activityTotals: ({ activity }: Context) => activity.totals(),
  backupStatus: ({ backupStatus }: Context) => backupStatus(),
  diskSpace: ({ store }: Context) => store.space(),
  connections: ({ store }: Context) => store.connections(),
  countSessions,
  passwordQueue: ({ passwords }: Context) => passwords.queue(),
  databaseSize: ({ store }: Context) => store.size(),
  isDatabaseShared: ({ store }: Context) => store.isShared,
  listSigningKeys: signingKeys.listKeys,
  createSigningKey: signingKeys.createKey,
  activateSigningKey: signingKeys.activateKey,
  revokeSigningKey: signingKeys.revokeKey,
  ...lookups,
  openSetup,
  isSetupOpen,
  setUpAdministrator,
  listMailTemplates,
  previewMail,
}

type Functions = typeof functions

/** The part of the configuration that surfaces read. */
type Shown = Pick<Deps, 'policy' | 'keyring' | 'providers'>

/** The functions of the core, for one request or task. They are methods: `this` carries the context. */
export type RequestCore = Shown & {
  [Name in keyof Functions]: Functions[Name] extends (context: never, ...rest: infer Rest) => infer Result
    ? (...rest: Rest) => Result
    : never
}

export interface Core extends Shown {
  /**
   * The core for a request that has just arrived: its time is now.
   * @param client called once the client is needed
   * @param counted the bucket in which the request is counted already
   */
  forRequest(client: () => Client, counted?: Bucket): RequestCore
  /** The core for background work that starts now. */
  forTask(): RequestCore
}

/** Passes the context to each function. The methods are on the prototype, so that a request costs two small objects. */
class Bound {
  constructor(readonly context: Context) {}
  get policy() {
    return this.context.policy
  }
  get keyring() {
    return this.context.keyring
  }
  get providers() {
    return this.context.providers
  }
}

for (const [name, run] of Object.entries(functions))
  Object.defineProperty(Bound.prototype, name, {
    value(this: Bound, ...rest: unknown[]) {
      return (run as (...args: unknown[]) => unknown)(this.context, ...rest)
    },
  })

export function createCore(deps: Deps): Core {
  const { policy, keyring, providers } = deps
  const contextOf = contextFactory(deps)
  const forRequest = (client: () => Client, counted?: Bucket) => {
    const context = contextOf(client)
    return new Bound(counted === undefined ? context : withCountedRequest(context, counted)) as unknown as RequestCore
  }
  return { policy, keyring, providers, forRequest, forTask: () => forRequest(() => NO_CLIENT) }
}

export type {
  Account,
  AuditRow,
  CustomProvider,
  Event,
  EventCount,
  Factor,
  Identity,
  Message,
  Page,
  PersonalAccessToken,
  RefusedRequest,
  User,
  WebauthnCredential,
} from '../store'
export type { AccountExport } from './accounts/export'
export type { EventQueueState } from './events/delivery'
export type { FederatedCaller } from './federation/authentication'
export type { Admin, Caller, Credentials } from './kernel/caller'
export type { Client, Deps } from './kernel/context'
export type { BackupStatus } from './kernel/server-state'
export type { MailQueue } from './messages/outbox'
export type { AuditVerdict } from './operations/audit-seals'
export type { IssuedSession } from './sessions/issue-tokens'
export type { DescribedSession, ListedSession, SignOutScope } from './sessions/sessions'
export type { SigningKey } from './tokens/signing-keys'
