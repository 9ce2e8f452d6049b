/**
 * The store: the state. Every function that writes is one transaction and returns an outcome rather than throwing,
 * because an error would roll the transaction back.
 */
import { isPostgresUrl } from '../lib/postgres-url'
import { type EventsOf, withEvents } from './account-changes'
import * as accounts from './accounts'
import { findAccountIn } from './accounts/account-rows'
import { findSetup, openSetup } from './accounts/first-administrator'
import * as newAccounts from './accounts/new-accounts'
import * as roles from './accounts/roles'
import * as users from './accounts/users'
import { findRefusals, listCounts, listRefusals, recordActivity } from './activity'
import { listAudit, listUsers } from './admin-lists'
import type { AuditEntry } from './audit-entry'
import { appendAudit } from './audit-log'
import * as auditSeals from './audit-seals'
import {
  type Bound,
  bind,
  type DatabaseProblem,
  type Engine,
  type IsolationLevel,
  type StoreEvent,
  write,
} from './engine'
import * as events from './events'
import {
  beginChallenge,
  completeChallenge,
  endLowSessions,
  findChallenge,
  rollBackChallenge,
  withdrawElevation,
} from './factors/challenges'
import { countFactorAttempt, refundFactorAttempt } from './factors/factor-attempts'
import { enrollFactor, findFactor, listFactors, removeFactor, renameFactor } from './factors/factors'
import { addRecoveryCodes, findRecoveryCodes, isRecoveryCodeOpen, replaceRecoveryCodes } from './factors/recovery-codes'
import {
  consumeCeremony,
  deletePasskey,
  findFactorCredential,
  findPasskey,
  listCredentials,
  registerPasskey,
  renamePasskey,
  startCeremony,
} from './factors/webauthn'
import * as maintenance from './maintenance'
import * as matrix from './matrix-registrations'
import * as messages from './messages'
import * as customProviders from './oauth/custom-providers'
import { addContinuation, exchangeFlow, findFlow } from './oauth/flows'
import * as oauth from './oauth/oauth-states'
import { adoptGotrueToken, hasGotrueToken, wasGotrueCodeSent } from './postgres/gotrue-tokens'
import { openPostgres } from './postgres/open'
import { saveTokensAndMessages, simulateMessageWrite } from './related-writes'
import { countSessionSlice } from './sessions/count-sessions'
import * as externalSessions from './sessions/external-sessions'
import * as personalTokens from './sessions/personal-tokens'
import { refreshOn } from './sessions/refresh-at-once'
import * as sessionTokens from './sessions/session-tokens'
import * as sessions from './sessions/sessions'
import { isSessionSuperseded } from './sessions/superseded-sessions'
import { withdrawSignIn } from './sessions/withdraw-sign-in'
import * as signingKeys from './signing-keys'
import { consumeCaptcha } from './spent-captchas'
import { openSqlite } from './sqlite/open'
import { sweepSlice } from './sweeps'
import { searchUsers } from './user-search'
import { databaseTokens } from './verification/database'
import { memoryTokens } from './verification/memory'
import { countWrongCode, findTokens, pendingTokens, purgeTokens, withdrawTokens } from './verification/operations'
import { isWeb3MessageUsed } from './web3-messages'

const audit = {
  listAudit,
  appendAudit: write((tx, entries: AuditEntry[]) => appendAudit(tx, entries)),
}

const tokens = {
  saveTokensAndMessages,
  simulateMessageWrite,
  findTokens,
  hasGotrueToken,
  wasGotrueCodeSent,
  adoptGotrueToken,
  countWrongCode,
  pendingTokens,
  purgeTokens,
  withdrawTokens,
  findFlow,
  addContinuation,
  exchangeFlow,
}

const factors = {
  listFactors,
  findFactor,
  enrollFactor,
  removeFactor,
  renameFactor,
  beginChallenge,
  rollBackChallenge,
  findChallenge,
  countFactorAttempt,
  refundFactorAttempt,
  completeChallenge,
  endLowSessions,
  withdrawElevation,
  addRecoveryCodes,
  findRecoveryCodes,
  isRecoveryCodeOpen,
  replaceRecoveryCodes,
}

const passkeys = {
  startCeremony,
  consumeCeremony,
  findPasskey,
  registerPasskey,
  renamePasskey,
  deletePasskey,
  listCredentials,
  findFactorCredential,
}

const operations = {
  ...users,
  ...newAccounts,
  ...accounts,
  ...roles,
  findSetup,
  openSetup,
  findSessionToken: sessionTokens.findSessionToken,
  rotateSessionToken: sessionTokens.rotateSessionToken,
  replaceSessionToken: sessionTokens.replaceSessionToken,
  createPersonalToken: personalTokens.createPersonalToken,
  listPersonalTokens: personalTokens.listPersonalTokens,
  revokePersonalToken: personalTokens.revokePersonalToken,
  findPersonalToken: personalTokens.findPersonalToken,
  notePersonalTokenUse: personalTokens.recordPersonalTokenUse,
  ...sessions,
  isSessionSuperseded,
  withdrawSignIn,
  ...maintenance,
  sweepSlice,
  ...audit,
  auditAfter: auditSeals.auditAfter,
  auditBetween: auditSeals.auditBetween,
  auditSealsFrom: auditSeals.auditSealsFrom,
  auditSealsBefore: auditSeals.auditSealsBefore,
  auditAnchor: auditSeals.auditAnchor,
  addAuditSeal: auditSeals.addAuditSeal,
  retireAuditSeal: auditSeals.retireAuditSeal,
  ...tokens,
  ...messages,
  claimEvents: events.claimEvents,
  settleEvent: events.settleEvent,
  postponeWaitingEvents: events.postponeWaitingEvents,
  releaseClaimedEvents: events.releaseClaimedEvents,
  eventQueue: events.eventQueue,
  nextEventAt: events.nextEventAt,
  listEvents: events.listEvents,
  findEvent: events.findEvent,
  replayEvents: events.replayEvents,
  ...oauth,
  ...customProviders,
  ...externalSessions,
  isWeb3MessageUsed,
  consumeCaptcha,
  claimMatrixRegistrations: matrix.claimMatrixRegistrations,
  keepMatrixPassword: matrix.keepMatrixPassword,
  postponeMatrixRegistration: matrix.postponeMatrixRegistration,
  finishMatrixRegistration: matrix.finishMatrixRegistration,
  nextMatrixRegistration: matrix.nextMatrixRegistration,
  ...factors,
  ...passkeys,
  ...signingKeys,
  listUsers,
  searchUsers,
  recordActivity,
  listCounts,
  countSessionSlice,
  listRefusals,
  findRefusals,
}

export type Store = Omit<Bound<typeof operations>, 'rotateRefreshToken'> &
  Pick<Engine, 'close' | 'space' | 'size' | 'connections' | 'shared'> & {
    rotateRefreshToken: ReturnType<typeof refreshOn>
    /** Whether other servers may use the database, and GoTrue before or after them. */
    isShared: boolean
    /** Writes and reads. @param now Unix milliseconds @returns the problem; undefined if there is none */
    examine(now: number): Promise<DatabaseProblem | undefined>
  }

export interface StoreOptions {
  /** Where verification tokens are kept; by default, in the database. */
  verification?: 'database' | 'memory'
  /** Whether opening fails if it cannot be written, and waits a while for a Postgres that does not answer. */
  isServed?: boolean
  /** Receives events once they are on disk. */
  onEvent?(event: StoreEvent): void
  /** The events of accounts that are queued with each change; if undefined, none are. */
  eventsOf?: EventsOf | undefined
  /**
   * Called with the problem each time an operation fails because of the database, and with undefined once it works
   * again.
   */
  onDatabaseProblem?(condition: DatabaseProblem | undefined): void
  /** Postgres: connections of the pool; 10 by default. */
  maxConnections?: number
  /** Postgres: by default, serializable. */
  isolation?: IsolationLevel
  /** Of this executable: on Postgres, the views are those of the newest one that served the database. */
  version?: string
  /** Called with each problem of a Postgres database that does not prevent opening it. */
  onWarning?(message: string): void
  /** For tests: runs every write twice, with the first run rolled back. */
  runsWritesTwice?: boolean
}

/**
 * Opens the database, creating and migrating it if needed.
 * @param target path of a SQLite file, or URL of a Postgres database
 * @param now Unix milliseconds
 * @throws if it cannot be opened, written or migrated
 */
export async function openStore(
  target: string,
  now: number,
  {
    verification,
    isServed,
    onEvent,
    eventsOf,
    onDatabaseProblem,
    runsWritesTwice = false,
    ...postgresOptions
  }: StoreOptions = {},
): Promise<Store> {
  const memory = memoryTokens()
  const options = {
    tokensOf: verification === 'memory' ? () => memory : databaseTokens,
    ...(verification === 'memory' && { journal: memory }),
    onEvent: onEvent ?? (() => {}),
    runsWritesTwice,
    ...(onDatabaseProblem && { onDatabaseProblem }),
  }
  const engine = isPostgresUrl(target)
    ? await openPostgres(target, { ...options, ...postgresOptions, now, isServed })
    : await openSqlite(target, { ...options, now, mustBeWritable: isServed })
  const bound = bind(engine, eventsOf ? withEvents(operations, eventsOf, findAccountIn) : operations)
  return {
    ...bound,
    rotateRefreshToken: refreshOn(engine, bound.rotateRefreshToken),
    isShared: engine.shared !== undefined,
    examine: (at) => engine.examine((tx) => maintenance.probe(tx, at)),
    space: engine.space,
    size: engine.size,
    connections: engine.connections,
    ...(engine.shared && { shared: engine.shared }),
    close: engine.close,
  }
}

export type { Account, AccountChange } from './account'
export type { EventsOf } from './account-changes'
export type { ConsumingGrant } from './accounts/access'
export type { ConfirmationResult, PreHijackCleanup } from './accounts/confirm-email'
export type { RequestSession, SentAtColumn } from './accounts/guards'
export type { IdentityRemoval } from './accounts/link-identity'
export type {
  DroppedSignUp,
  MessageRecord,
  MessageRequest,
  PendingColumns,
  PendingContact,
  PendingEmail,
  ReplacedSignUp,
} from './accounts/message-writes'
export type { ConfirmationRequest, UnconfirmedCleanup } from './accounts/sign-in-with-identity'
export type { AccountUpdate, ConfirmedContacts } from './accounts/update-account'
export type { RefusalQuery } from './activity'
export type { AuditFilter, Listed, Page, UserQuery } from './admin-lists'
export type { AuditEntry } from './audit-entry'
export type { AuditPosition, StoredAuditEntry } from './audit-seals'
export type { Budgets, Counter, Refundable } from './budgets'
export type { Bound, ConnectionCounts, DatabaseProblem, LostResponseStore, Space, StoreEvent } from './engine'
export type { EventFilter, EventQueue, EventResult, NewEvent } from './events'
export type { BeforeElevation, PreviousSendTimes } from './factors/challenges'
export type { CountedAttempt } from './factors/factor-attempts'
export type { Proof } from './factors/second-factors'
export type { MessageQuery, MessageRetry } from './messages'
export { type FunctionCall, type FunctionResult, type Functions, openFunctions } from './postgres/functions'
export type { GotrueToken } from './postgres/gotrue-tokens'
export type {
  AmrClaim,
  AuditRow,
  AuditSeal,
  CountKind,
  CountStep,
  CustomProvider,
  Event,
  EventCount,
  EventDestination,
  EventState,
  ExternalSession,
  Factor,
  FlowState,
  Identity,
  KnownNetwork,
  MatrixRegistration,
  Message,
  MfaChallenge,
  OAuthState,
  PersonalAccessToken,
  RefusedRequest,
  Session,
  SessionToken,
  SessionTokenKind,
  SigningKeyRow,
  TokenSurface,
  User,
  VerificationKind,
  VerificationToken,
  WebauthnCredential,
} from './schema'
export type { NewKey } from './sessions/advance'
export type { SessionPrecedence } from './sessions/superseded-sessions'
export type { UsedUp } from './sessions/withdraw-sign-in'
export type { SingleUse } from './single-use'
export type { NewMessage, NewSession, NewSessionToken, OpenedSession } from './statements'
export type { Retention, Sweep } from './sweeps'
export type { FoundUsers, UserPosition, UserSearch } from './user-search'
export type { Minting, TokenRefusal, TokenUse } from './verification/operations'
