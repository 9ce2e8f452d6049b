/** Computes the policy of the core from the settings. */
import { areas, type MappedPolicyPath, type Settings } from '../config'
import { isCaptchaProvider } from '../config/captcha'
import { mailDelivery } from '../config/mail-delivery'
import type { Without } from '../config/policy-field'
import type { Setting } from '../config/setting'
import type { Hook, Policy } from '../core/kernel/policy'
import { parseRedirectPattern } from '../core/kernel/redirect-rules'
import { HOOK_KEYS } from '../hooks'
import { accentOf, LOGO_PATH } from '../lib/brand'
import { EVENT_TYPES, type EventType } from '../lib/event-types'
import { parseFunctionUri } from '../lib/function-uri'
import { NOTIFICATIONS } from '../lib/mail-templates'
import { smsProviderNamed } from '../sms-providers'

/**
 * Each setting declares the field of the policy that it feeds; fields that depend on several settings are derived here.
 */
export function policyOf(settings: Settings): Policy {
  const policy: Group = derivedPolicy(settings)
  for (const [area, group] of Object.entries(areas))
    for (const [key, { feeds }] of Object.entries<Setting<unknown>>(group))
      if (feeds) {
        const values: Group = settings[area as keyof Settings]
        put(policy, feeds.path.split('.'), feeds.convert(values[key]))
      }
  return policy as unknown as Policy
}

type Group = Record<string, unknown>

function put(group: Group, [key = '', ...rest]: string[], value: unknown): void {
  if (rest.length === 0) group[key] = value
  else {
    group[key] ??= {}
    put(group[key] as Group, rest, value)
  }
}

/** The fields that no setting feeds; without one of them, this does not compile. */
function derivedPolicy(settings: Settings): Without<Policy, MappedPolicyPath> {
  return {
    redirects: { allowed: [...settings.mail.redirects, ...accountPages(settings)].map(parseRedirectPattern) },
    accountPage: { url: settings.accountPage.enabled ? `${clientUrl(settings)}/account` : undefined },
    brand: brandOf(settings),
    mail: {
      delivery: mailDelivery(settings),
      isMailboxOn: isMailboxOn(settings),
      links: mailLinks(settings),
      notifications: new Set(NOTIFICATIONS.filter((name) => settings.templates[`send_${name}`])),
    },
    sms: { delivery: smsDelivery(settings), allowsWhatsapp: allowsWhatsapp(settings) },
    hooks: hookPolicy(settings),
    events: eventPolicy(settings),
    captcha: captchaPolicy(settings),
    mfa: { issuer: siteName(settings) },
  }
}

/** An app's own scheme may have no host. */
const siteName = ({ server: { siteUrl } }: Settings): string => new URL(siteUrl).host || siteUrl

/** Patterns of the account page, to which providers and mailed links return, on each host of this server. */
function accountPages(settings: Settings): string[] {
  if (!settings.accountPage.enabled) return []
  const own = new URL(`${clientUrl(settings)}/account`)
  const others = settings.mail.externalHosts.flatMap((host) => [`${own.protocol}//${host}`, `https://${host}`])
  return [...new Set([own.origin, ...others])].map((origin) => `${origin}${own.pathname}{,[?]**}`)
}

/** The name, logo and color that users see. */
export function brandOf(settings: Settings): Policy['brand'] {
  const { brandName, brandLogo, brandColor } = settings.accountPage
  return {
    name: brandName ?? siteName(settings),
    logoUrl: brandLogo === undefined ? undefined : clientUrl(settings) + LOGO_PATH,
    accent: brandColor === undefined ? undefined : accentOf(brandColor),
  }
}

function mailLinks({ server, mail }: Settings): Policy['mail']['links'] {
  const link = (path: string | undefined) =>
    path === undefined ? `${server.apiExternalUrl}/verify` : new URL(path, server.apiExternalUrl).href
  return {
    signup: link(mail.urlPathConfirmation),
    invite: link(mail.urlPathInvite),
    recovery: link(mail.urlPathRecovery),
    magiclink: link(mail.urlPathRecovery),
    email_change: link(mail.urlPathEmailChange),
  }
}

function smsDelivery(settings: Settings): Policy['sms']['delivery'] {
  if (settings.hooks.sendSmsEnabled) return 'hook'
  if (settings.sms.provider !== undefined) return 'provider'
  return isMailboxOn(settings) ? 'mailbox' : 'none'
}

const allowsWhatsapp = ({ sms, hooks }: Settings): boolean =>
  hooks.sendSmsEnabled || (sms.provider !== undefined && smsProviderNamed(sms.provider).sendsWhatsapp)

const hookPolicy = ({ hooks }: Settings): Policy['hooks'] =>
  Object.fromEntries(
    HOOK_KEYS.map((key) => [key, hookOf(hooks[`${key}Enabled`], hooks[`${key}Uri`], hooks[`${key}Secrets`])]),
  ) as Policy['hooks']

/** Secrets are written `v1,whsec_<base64>`, several separated by `|` (Standard Webhooks). */
function hookOf(isOn: boolean, uri: string | undefined, secrets: string | undefined): Hook | undefined {
  if (!isOn || uri === undefined) return undefined
  const named = parseFunctionUri(uri)
  if (named) return { uri, ...named }
  return { uri, secrets: keysIn(secrets) }
}

const keysIn = (secrets: string | undefined): Buffer[] =>
  secrets?.split('|').map((one) => Buffer.from(one.replace(/^v1,whsec_/, ''), 'base64')) ?? []

function eventPolicy({ events: { url, secrets, types } }: Settings): Policy['events'] {
  if (url === undefined || secrets === undefined) return undefined
  return { url, secrets: keysIn(secrets), types: new Set((types ?? EVENT_TYPES) as readonly EventType[]) }
}

function captchaPolicy({ captcha: { enabled, provider, difficulty } }: Settings): Policy['captcha'] {
  return enabled && isCaptchaProvider(provider) ? { provider, difficulty } : undefined
}

/** The URL for supabase-js, which appends `/auth/v1` itself. */
export function clientUrl({ server: { apiExternalUrl } }: Settings): string {
  return apiExternalUrl.replace(/\/auth\/v1$/, '')
}

/** Whether messages are shown at `/mailbox`. */
export function isMailboxOn(settings: Settings): boolean {
  const { mailbox } = settings.mail
  return mailbox === 'on' || (mailbox === 'auto' && mailDelivery(settings) === 'mailbox')
}
