/** Defaults of settings that depend on other settings. */

import type { Settings } from './index'
import { mailDelivery } from './mail-delivery'
import { isOnPostgres } from './postgres-checks'
import { withoutNamelessKeys } from './tokens'

/** GoTrue's default. */
const MESSAGES_AN_HOUR = { count: 30, refillMs: undefined }

/** Computes the defaults that depend on other settings. */
export function applyDependentDefaults(settings: Settings): void {
  const { server, tokens, encryption, mail, sms, hooks, limits, mfa, oauth } = settings
  server.apiExternalUrl ??= `http://localhost:${server.port}/auth/v1`
  tokens.jwtIssuer ??= server.apiExternalUrl
  Object.assign(tokens, withoutNamelessKeys(tokens))
  // GoTrue's environment has no other key that is not in the database as well (docs/decisions.md#d38)
  if (isOnPostgres(settings)) tokens.encryptionKey ??= encryption.key
  if (server.debug) server.logLevel = 'debug'
  const mailLeaves = mailDelivery(settings) !== 'mailbox'
  // the two exclude each other, and the other one was set explicitly
  mail.mailerAutoconfirm ??= !mailLeaves && !oauth.allowUnverified
  const isLimited = limits.rateLimits === 'on'
  limits.emailsSent ??= mailLeaves && isLimited ? MESSAGES_AN_HOUR : undefined
  limits.smsSent ??= (sms.provider !== undefined || hooks.sendSmsEnabled) && isLimited ? MESSAGES_AN_HOUR : undefined
  const { hostname, origin } = new URL(server.siteUrl)
  // A mobile app's own scheme has no host that a browser would accept.
  mfa.rpId ??= hostname || new URL(server.apiExternalUrl).hostname
  mfa.rpDisplayName ??= mfa.rpId
  const own = new URL(server.apiExternalUrl)
  const isOwnDomain = own.hostname === mfa.rpId || own.hostname.endsWith(`.${mfa.rpId}`)
  // This server's own pages, such as the dashboard, may use passkeys as well.
  mfa.rpOrigins ??= [...new Set([origin === 'null' ? own.origin : origin, ...(isOwnDomain ? [own.origin] : [])])]
  const site = server.siteUrl.replace(/\/+$/, '')
  mail.passwordResetUrl ??= `${site}/reset-password`
  mail.emailChangeUrl ??= `${site}/confirm-email`
  mail.magicLinkUrl ??= `${site}/magic-link`
}
