/** From settings to the policy of the core. */
import type { Settings } from '../config'
import type { Hook, LinkType, Policy } from '../core/policy'
import { parseRedirectPattern } from '../core/redirect-rules'
import { NOTIFICATIONS } from '../lib/mail-templates'

export function policyOf(settings: Settings): Policy {
  const { server, tokens, accounts, sessions, limits, mail, sms, hooks, mfa, oauth, federation } = settings
  return {
    audience: tokens.jwtAud,
    defaultRole: tokens.jwtDefaultGroupName,
    adminRoles: tokens.jwtAdminRoles,
    adminGroup: tokens.jwtAdminGroupName,
    issuer: tokens.jwtIssuer,
    apiUrl: server.apiExternalUrl,
    accessTokenMs: tokens.jwtExpSeconds * 1000,
    signup: {
      disabled: accounts.disableSignup,
      email: accounts.emailEnabled,
      phone: accounts.phoneEnabled,
      anonymous: accounts.anonymousEnabled,
      autoconfirmsEmail: mail.mailerAutoconfirm,
      autoconfirmsPhone: sms.autoconfirm,
    },
    password: {
      minBytes: accounts.passwordMinLength,
      requiredCharacters: accounts.passwordRequiredCharacters,
      breachCheckFailsClosed: accounts.breachCheckFailsClosed,
      requireCurrent: accounts.requireCurrentPassword,
      requireReauthentication: accounts.requireReauthentication,
    },
    redirects: { siteUrl: server.siteUrl, allowed: mail.redirects.map(parseRedirectPattern) },
    mail: mailPolicy(settings),
    sms: {
      delivery: hooks.sendSmsEnabled
        ? 'hook'
        : sms.provider !== undefined
          ? 'provider'
          : isMailboxOn(settings)
            ? 'mailbox'
            : 'none',
      provider: sms.provider ?? '',
      cooldownMs: sms.maxFrequencyMs,
      codeLength: sms.otpLength,
      lifetimeMs: sms.otpExpMs,
      template: sms.template,
      testCodes: sms.testOtp,
      testCodesUntil: sms.testOtpValidUntil,
      allowsWhatsapp: hooks.sendSmsEnabled || sms.provider === 'twilio' || sms.provider === 'twilio_verify',
    },
    hooks: {
      sendEmail: hookOf(hooks.sendEmailEnabled, hooks.sendEmailUri, hooks.sendEmailSecrets),
      sendSms: hookOf(hooks.sendSmsEnabled, hooks.sendSmsUri, hooks.sendSmsSecrets),
      mfaVerification: hookOf(hooks.mfaEnabled, hooks.mfaUri, hooks.mfaSecrets),
      passwordVerification: hookOf(hooks.passwordEnabled, hooks.passwordUri, hooks.passwordSecrets),
    },
    mfa: {
      totp: { enrollEnabled: mfa.totpEnrolment, verifyEnabled: mfa.totpVerification },
      phone: {
        ...{ enrollEnabled: mfa.phoneEnrolment, verifyEnabled: mfa.phoneVerification },
        codeLength: mfa.phoneOtpLength,
        cooldownMs: mfa.phoneMaxFrequencyMs,
        template: mfa.phoneTemplate,
      },
      webauthn: { enrollEnabled: mfa.webauthnEnrolment, verifyEnabled: mfa.webauthnVerification },
      recoveryCodes: { enrollEnabled: mfa.recoveryCodesEnrolment, verifyEnabled: mfa.recoveryCodesVerification },
      limits: { max: mfa.maxFactors, maxVerified: mfa.maxVerifiedFactors },
      challengeMs: mfa.challengeMs,
      unverifiedMs: mfa.unverifiedMs,
      issuer: new URL(server.siteUrl).host || server.siteUrl,
    },
    webauthn: {
      rpId: mfa.rpId,
      rpName: mfa.rpDisplayName,
      origins: mfa.rpOrigins,
      challengeMs: mfa.webauthnChallengeMs,
    },
    passkeys: { enabled: mfa.passkeys, max: mfa.maxPasskeys },
    oauth: {
      manualLinking: oauth.manualLinking,
      bindsBrowser: oauth.browserBinding,
      allowsUnverified: oauth.allowUnverified,
      linkingDomains: oauth.linkingDomains,
      forcedRedirect: oauth.redirectUrl,
      idTokenIssuers: oauth.idTokenIssuers,
      custom: {
        enabled: oauth.customEnabled,
        max: oauth.customMaxProviders || Number.POSITIVE_INFINITY,
        internalHosts: oauth.customInternalHosts,
      },
    },
    web3: {
      solana: { enabled: oauth.solanaEnabled, validityMs: oauth.solanaValidityMs },
      ethereum: { enabled: oauth.ethereumEnabled, validityMs: oauth.ethereumValidityMs },
    },
    flowMs: tokens.flowStateExpiryMs,
    service: {
      issuer: tokens.serviceIssuer,
      accessTokenMs: tokens.serviceTokenSeconds * 1000,
      refreshTokenMs: tokens.serviceRefreshSeconds * 1000,
    },
    native: {
      accessTokenMs: tokens.nativeTokenSeconds * 1000,
      refreshTokenMs: tokens.nativeRefreshSeconds * 1000,
    },
    federation: {
      servers: federation.servers,
      tokenMs: federation.tokenSeconds * 1000,
    },
    session: {
      timeboxMs: sessions.timeboxMs,
      inactivityMs: sessions.inactivityTimeoutMs,
      lowAalMs: sessions.lowAalMs || undefined,
      singlePerUser: sessions.singlePerUser,
      tags: sessions.tags,
      reuseIntervalMs: tokens.refreshTokenReuseIntervalMs,
      allowReuse: tokens.refreshTokenAllowReuse,
      endOnReuse: tokens.refreshTokenRotation,
    },
    retention: {
      unusedSessionMs: sessions.unusedRetentionMs,
      auditMs: sessions.auditRetentionMs,
      auditAddresses: sessions.auditAddresses,
    },
    limits: {
      enabled: limits.rateLimits === 'on',
      tokensPer5Minutes: limits.tokens,
      signUpsPer5Minutes: limits.signUps,
      anonymousPerHour: limits.anonymousUsers,
      guessesPerAccountAndHour: limits.passwordGuesses,
      guessesPerNetworkAndHour: limits.networkGuesses,
      codeGuessesPerHour: limits.codeGuesses,
      messagesPerRecipientAndHour: limits.messagesPerRecipient,
      verificationsPer5Minutes: limits.verifications,
      passkeysPer5Minutes: limits.passkeys,
      factorsPerMinute: limits.factors,
      web3Per5Minutes: limits.web3,
      mailsSent: limits.emailsSent,
      smsSent: limits.smsSent,
    },
  }
}

/** The URL for supabase-js, which appends `/auth/v1` itself. */
export function clientUrl({ server: { apiExternalUrl } }: Settings): string {
  return apiExternalUrl.replace(/\/auth\/v1$/, '')
}

/** Whether messages are shown at `/mailbox`. */
export function isMailboxOn({ mail, hooks }: Settings): boolean {
  return mail.mailbox === 'on' || (mail.mailbox === 'auto' && mail.smtpHost === undefined && !hooks.sendEmailEnabled)
}

function mailPolicy(settings: Settings): Policy['mail'] {
  const { server, mail, hooks, templates } = settings
  const link = (path: string | undefined) =>
    path === undefined ? `${server.apiExternalUrl}/verify` : new URL(path, server.apiExternalUrl).href
  const links: Record<LinkType, string> = {
    signup: link(mail.urlPathConfirmation),
    invite: link(mail.urlPathInvite),
    recovery: link(mail.urlPathRecovery),
    magiclink: link(mail.urlPathRecovery),
    email_change: link(mail.urlPathEmailChange),
  }
  return {
    delivery: hooks.sendEmailEnabled ? 'hook' : mail.smtpHost === undefined ? 'mailbox' : 'smtp',
    isMailboxOn: isMailboxOn(settings),
    from: mail.smtpAdminEmail,
    cooldownMs: mail.maxFrequencyMs,
    codeLength: mail.otpLength,
    lifetimeMs: mail.otpExpMs,
    magicLinks: mail.magicLinks,
    secureChange: mail.secureEmailChange,
    confirmLinks: mail.linkConfirmation,
    logsRecipients: mail.smtpLogging,
    authorizedAddresses: mail.authorizedAddresses.map((address) => address.toLowerCase()),
    links,
    pages: { passwordReset: mail.passwordResetUrl, emailChange: mail.emailChangeUrl, magicLink: mail.magicLinkUrl },
    notifications: new Set(NOTIFICATIONS.filter((name) => templates[`send_${name}`])),
  }
}

/** Secrets are written `v1,whsec_<base64>`, several separated by `|` (Standard Webhooks). */
function hookOf(isOn: boolean, uri: string | undefined, secrets: string | undefined): Hook | undefined {
  if (!isOn || uri === undefined || secrets === undefined) return undefined
  const keys = secrets.split('|').map((one) => Buffer.from(one.replace(/^v1,whsec_/, ''), 'base64'))
  return { uri, secrets: keys }
}
