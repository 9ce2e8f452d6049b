/**
 * The store: the state. Every function that writes is one transaction and returns an outcome rather than throwing,
 * since an error would roll it back.
 */
import type { Database } from 'bun:sqlite'
import { migrations } from '../../migrations'
import { listAudit, listUsers } from './admin-lists'
import { beginChallenge, findChallenge, passFactor, rollBackChallenge } from './challenges'
import * as customProviders from './custom-providers'
import { type Bound, bind, type Engine, type StoreEvent, write } from './engine'
import * as externalSessions from './external-sessions'
import { enrolFactor, findFactor, listFactors, removeFactor, renameFactor } from './factors'
import { exchangeFlow, findFlow } from './flows'
import type { Condition } from './health'
import * as maintenance from './maintenance'
import * as matrix from './matrix-registrations'
import * as messages from './messages'
import { migrate, requireWritable } from './migrate'
import * as oauth from './oauth-states'
import { openingProblem } from './opening'
import * as personalTokens from './personal-tokens'
import { addRecoveryCodes, findRecoveryCodes, isRecoveryCodeOpen, replaceRecoveryCodes } from './recovery-codes'
import { saveTokensAndMessages, simulateMessageWrite } from './related-writes'
import * as roles from './roles'
import { countFactorAttempt, takeBackFactorAttempt } from './second-factors'
import * as sessionTokens from './session-tokens'
import * as sessions from './sessions'
import * as signingKeys from './signing-keys'
import { snapshot } from './snapshot'
import { type Space, spaceOf } from './space'
import { openDatabase, sqliteEngine } from './sqlite'
import { type AuditEntry, appendAudit } from './statements'
import { isSessionSuperseded } from './superseded-sessions'
import { changeUser } from './user-changes'
import * as users from './users'
import { databaseTokens } from './verification/database'
import { memoryTokens } from './verification/memory'
import { countWrongCode, findTokens, pendingTokens, purgeTokens, withdrawTokens } from './verification/operations'
import { isWeb3MessageUsed } from './web3-messages'
import {
  consumeCeremony,
  deletePasskey,
  findFactorCredential,
  findPasskey,
  listCredentials,
  registerPasskey,
  renamePasskey,
  startCeremony,
} from './webauthn'

const audit = {
  listAudit,
  appendAudit: write((tx, entries: AuditEntry[]) => appendAudit(tx, entries)),
}

const tokens = {
  saveTokensAndMessages,
  simulateMessageWrite,
  findTokens,
  countWrongCode,
  pendingTokens,
  purgeTokens,
  withdrawTokens,
  findFlow,
  exchangeFlow,
}

const factors = {
  ...{ listFactors, findFactor, enrolFactor, removeFactor, renameFactor },
  ...{ beginChallenge, rollBackChallenge, findChallenge, countFactorAttempt, takeBackFactorAttempt, passFactor },
  ...{ addRecoveryCodes, findRecoveryCodes, isRecoveryCodeOpen, replaceRecoveryCodes },
}

const passkeys = {
  ...{ startCeremony, consumeCeremony, findPasskey, registerPasskey, renamePasskey, deletePasskey },
  ...{ listCredentials, findFactorCredential },
}

const operations = {
  ...users,
  changeUser,
  ...roles,
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
  ...maintenance,
  ...audit,
  ...tokens,
  ...messages,
  ...oauth,
  ...customProviders,
  ...externalSessions,
  isWeb3MessageUsed,
  claimMatrixRegistrations: matrix.claimMatrixRegistrations,
  keepMatrixPassword: matrix.keepMatrixPassword,
  postponeMatrixRegistration: matrix.postponeMatrixRegistration,
  finishMatrixRegistration: matrix.finishMatrixRegistration,
  nextMatrixRegistration: matrix.nextMatrixRegistration,
  ...factors,
  ...passkeys,
  ...signingKeys,
  listUsers,
}

export type Store = Bound<typeof operations> &
  Pick<Engine, 'close'> & {
    /** Writes and reads. @param now Unix milliseconds @returns the problem; undefined if none is known */
    examine(now: number): Promise<Condition | undefined>
    /** Free space on the disk of the database. */
    space(): Promise<Space>
  }

export interface StoreOptions {
  /** Where verification tokens are kept; by default, in the database. */
  verification?: 'database' | 'memory'
  /** Whether opening fails if it cannot be written. */
  isServed?: boolean
  /** Receives events once they are on disk. */
  onEvent?(event: StoreEvent): void
  /**
   * Called with the problem each time an operation fails because of the database, and with undefined once it works
   * again.
   */
  onCondition?(condition: Condition | undefined): void
}

/**
 * Opens the database file, creating and migrating it if needed; before a migration, a snapshot is taken.
 * @param now Unix milliseconds
 * @throws if it cannot be opened, written or migrated
 */
export function openStore(
  path: string,
  now: number,
  { verification, isServed, onEvent, onCondition }: StoreOptions = {},
): Store {
  const { database } = openMigrated(path, now, isServed)
  const memory = memoryTokens()
  const engine = sqliteEngine(database, {
    tokensOf: verification === 'memory' ? () => memory : databaseTokens,
    ...(verification === 'memory' && { journal: memory }),
    onEvent: onEvent ?? (() => {}),
    ...(onCondition && { onCondition }),
  })
  return {
    ...bind(engine, operations),
    examine: (at) => engine.examine((tx) => maintenance.probe(tx, at)),
    space: () => spaceOf(path, engine.logBytes()),
    close: engine.close,
  }
}

/** @returns the database and the names of the migrations applied just now */
export function openMigrated(
  path: string,
  now: number,
  mustBeWritable = false,
): { database: Database; applied: string[] } {
  const database = openOrExplain(path)
  try {
    const applied = migrate(database, migrations, { snapshot: (version) => snapshot(path, version), now })
    if (mustBeWritable) requireWritable(database)
    return { database, applied }
  } catch (error) {
    database.close()
    throw new Error(`${path}: ${openingProblem(path, error)}`)
  }
}

function openOrExplain(path: string): Database {
  try {
    return openDatabase(path)
  } catch (error) {
    throw new Error(`${path} cannot be opened as a database: ${openingProblem(path, error)}`)
  }
}

export type { Account } from './account-rows'
export type { Listed, Page, UserQuery } from './admin-lists'
export type { PreviousSendTimes } from './challenges'
export type { Bound, StoreEvent } from './engine'
export type { Condition } from './health'
export type { Sweep } from './maintenance'
export type {
  AmrClaim,
  AuditRow,
  CustomProvider,
  ExternalSession,
  Factor,
  FlowState,
  Identity,
  MatrixRegistration,
  Message,
  MfaChallenge,
  OAuthState,
  PersonalAccessToken,
  Session,
  SessionToken,
  SessionTokenKind,
  SigningKeyRow,
  User,
  VerificationFamily,
  VerificationKind,
  VerificationToken,
  WebauthnCredential,
} from './schema'
export type { CountedAttempt, Proof } from './second-factors'
export type { SingleUse } from './single-use'
export type { Space } from './space'
export type { AuditEntry, NewMessage, NewSession, NewSessionToken, OpenedSession } from './statements'
export type { Supersedes } from './superseded-sessions'
export type { UserChange } from './user-changes'
export type { Minting, Spending, SpendingRefused } from './verification/operations'
