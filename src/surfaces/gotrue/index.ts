/**
 * Supabase Auth's surface, at `/auth/v1` as supabase-js calls it and at the root as GoTrue itself serves it. README.md
 * in this folder lists the deliberate differences from GoTrue.
 */
import type { Core } from '../../core'
import type { Endpoint } from '../../http/endpoint'
import { errorHandler } from '../../http/error-responses'
import { type MountOptions, mount, type SurfaceFormat } from '../../http/mount'
import { encodeJson } from '../../lib/json'
import { accountSettings, continueSession } from './account-page'
import { showActivity } from './admin-activity'
import { listAudit } from './admin-audit'
import {
  createCustomProvider,
  deleteCustomProvider,
  getCustomProvider,
  listCustomProviders,
  updateCustomProvider,
} from './admin-custom-providers'
import { listEvents, replayEvent } from './admin-events'
import { endExternalSession, listExternalSessions } from './admin-external-sessions'
import { deleteFactor, listFactors, renameFactor } from './admin-factors'
import { listLimits, resetLimit } from './admin-limits'
import { generateLink, invite } from './admin-links'
import { listMailTemplates, previewMailTemplate } from './admin-mail-templates'
import { listMessages, retryMessage } from './admin-messages'
import { explainRefusal, listRefusals } from './admin-refusals'
import { grantRole, listRoleNames, listRoles, revokeRole } from './admin-roles'
import { searchUsers } from './admin-search'
import { type Administration, serverHealth, serverSettings } from './admin-server'
import { endSessionOf, endSessionsOf, listSessionsOf } from './admin-sessions'
import { setUpAdministrator, setupState } from './admin-setup'
import { activateSigningKey, createSigningKey, listSigningKeys, revokeSigningKey } from './admin-signing-keys'
import { createSsoProvider, deleteSsoProvider, getSsoProvider, listSsoProviders, updateSsoProvider } from './admin-sso'
import { listPersonalTokensOf, previewToken, revokePersonalTokenOf } from './admin-tokens'
import { createUser, deleteUserById, getUserById, listUsers, updateUserById } from './admin-users'
import { authorize, callback, linkIdentity, postCallback, unlinkIdentity } from './authorize'
import { captchaChallenge, captchaScript } from './captcha'
import { answerFault, answerRefusal } from './errors'
import { challengeFactor, enrollFactor, unenrollFactor, verifyFactor } from './factors'
import { logout } from './logout'
import { discovery, type Features, health, jwks, settings } from './meta'
import { magicLink, otp, reauthenticate, recover, resend } from './otp'
import {
  authenticationOptions,
  deletePasskey,
  deletePasskeyOf,
  listPasskeys,
  listPasskeysOf,
  registrationOptions,
  renamePasskey,
  verifyAuthentication,
  verifyRegistration,
} from './passkeys'
import {
  generateRecoveryCodes,
  recoveryCodesStatus,
  regenerateRecoveryCodes,
  removeRecoveryCodes,
  verifyRecoveryCode,
} from './recovery-codes'
import { confirmEndSession, deleteSession, endUnrecognizedSession, listSessions } from './sessions'
import { signup } from './signup'
import { token } from './token'
import { notFoundResponse } from './unknown-paths'
import { deleteUser, getUser, putUser } from './user'
import { exportUser } from './user-export'
import { getUserSecurity } from './user-security'
import { confirmVerify, getVerify, postVerify } from './verify'

export interface GoTrueOptions extends Features, MountOptions {
  administration: Administration

  /** Reports a fault to the operator. */
  onFault(error: unknown, request: Request): void
}

export const PREFIX = '/auth/v1'

export function gotrueEndpoints(features: Features & { administration: Administration }): Endpoint[] {
  return [
    ...[health(features), settings, jwks, discovery],
    ...[signup, token, logout],
    ...[otp, magicLink, recover, resend, getVerify, postVerify, confirmVerify],
    ...[getUser, putUser, deleteUser, exportUser, reauthenticate, getUserSecurity],
    ...[authorize, callback, postCallback, linkIdentity, unlinkIdentity],
    ...[listSessions, deleteSession, confirmEndSession, endUnrecognizedSession],
    ...[enrollFactor, challengeFactor, verifyFactor, unenrollFactor],
    ...[recoveryCodesStatus, generateRecoveryCodes, regenerateRecoveryCodes, verifyRecoveryCode, removeRecoveryCodes],
    ...[registrationOptions, verifyRegistration, authenticationOptions, verifyAuthentication],
    ...[listPasskeys, renamePasskey, deletePasskey],
    ...[searchUsers, listUsers, createUser, getUserById, updateUserById, deleteUserById, invite, generateLink],
    ...[listFactors, renameFactor, deleteFactor],
    ...[listPasskeysOf, deletePasskeyOf],
    ...[listSessionsOf, endSessionsOf, endSessionOf],
    ...[listRoleNames, listRoles, grantRole, revokeRole],
    ...[listPersonalTokensOf, revokePersonalTokenOf, previewToken],
    ...[listCustomProviders, createCustomProvider, getCustomProvider, updateCustomProvider, deleteCustomProvider],
    listAudit,
    ...[setupState, setUpAdministrator],
    ...[serverHealth(features), serverSettings(features)],
    ...[listSigningKeys, createSigningKey, activateSigningKey, revokeSigningKey],
    ...[listMailTemplates, previewMailTemplate],
    ...[listRefusals, explainRefusal, showActivity],
    ...[listLimits, resetLimit],
    ...[listMessages, retryMessage, listEvents, replayEvent],
    ...[listExternalSessions, endExternalSession],
    ...[listSsoProviders, createSsoProvider, getSsoProvider, updateSsoProvider, deleteSsoProvider],
  ]
}

/** @param prefix where the surface is mounted: `/auth/v1`, or empty for the root */
export function gotrue(core: Core, { onFault, ...options }: GoTrueOptions, prefix: typeof PREFIX | '') {
  const { captcha, accountPage } = core.policy
  const endpoints = [
    ...gotrueEndpoints(options),
    ...(captcha?.provider === 'pow' ? [captchaChallenge, captchaScript] : []),
    ...(accountPage.url === undefined ? [] : [continueSession, accountSettings]),
  ]
  const format: SurfaceFormat = {
    prefix,
    isHidden: prefix === '',
    encode: encodeJson,
    answerError: errorHandler({ answerRefusal, answerFault, onFault }),
  }
  return { app: mount(core, endpoints, format, options), notFoundResponse: notFoundResponse(core, endpoints, format) }
}
