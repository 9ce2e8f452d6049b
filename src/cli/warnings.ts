/** Combinations of valid settings that deserve a warning. */
import { isMailboxOn, policyOf } from '../compose/policy'
import type { Settings } from '../config'
import { redirectRejection } from '../core/kernel/redirect-rules'
import { samplesOf } from '../lib/glob-samples'
import { isLoopbackHost } from '../lib/ip'
import { isLocalNetworkUrl, isLocalUrl } from './addresses'

export function warnings(settings: Settings): string[] {
  return [...developmentSettings(settings), ...uselessRedirects(settings)]
}

/** In the `.env.example` of Supabase's docker compose file, and in Supabase's CLI. */
const PUBLISHED_SECRETS = new Set([
  'your-super-secret-jwt-token-with-at-least-32-characters-long',
  'super-secret-jwt-token-with-at-least-32-characters-long',
])

/** Settings that are fine on a developer's machine and dangerous elsewhere. */
function developmentSettings(settings: Settings): string[] {
  const { host, apiExternalUrl, siteUrl } = settings.server
  const { mail, limits } = settings
  const found: string[] = []
  const isPublic = !isLocalNetworkUrl(apiExternalUrl)
  if (isPublic && mail.mailbox === 'on')
    found.push(`AUTH_MAILBOX is on: anyone who can reach ${apiExternalUrl} can read all its mail`)
  if (isPublic && mail.mailbox === 'auto' && isMailboxOn(settings))
    found.push('no SMTP server is set (AUTH_SMTP_HOST): mail is not sent, and is shown at /mailbox on this machine')
  if (isLoopbackHost(host) && !isPublic) return found
  if (isLocalUrl(apiExternalUrl))
    found.push(
      `AUTH_API_EXTERNAL_URL is ${apiExternalUrl}: links and tokens name a host that only this machine can reach`,
    )
  else if (apiExternalUrl.startsWith('http:'))
    found.push('AUTH_API_EXTERNAL_URL is http: passwords and tokens are sent in the clear')
  if (PUBLISHED_SECRETS.has(settings.tokens.jwtSecret ?? ''))
    found.push(
      'AUTH_JWT_SECRET is the one of an example that Supabase publishes: anyone can make tokens that this server accepts, also for the admin API',
    )
  if (isLocalUrl(siteUrl)) found.push(`AUTH_SITE_URL is ${siteUrl}`)
  if (isMailboxOn(settings) && !isPublic)
    found.push('anyone who can reach this server can read all its mail at /mailbox (AUTH_MAILBOX)')
  if (mail.mailerAutoconfirm) found.push('sign-ups are confirmed without a mail (AUTH_MAILER_AUTOCONFIRM)')
  if (limits.rateLimits === 'off') found.push('AUTH_RATE_LIMITS is off: passwords can be guessed without limit')
  return found.map(
    (problem) =>
      `DEVELOPMENT SETTINGS ON A PUBLIC ADDRESS (${isLoopbackHost(host) ? apiExternalUrl : host}): ${problem}`,
  )
}

/** Entries of the allow list that no redirect can match, such as one without a scheme. */
function uselessRedirects(settings: Settings): string[] {
  const { siteUrl, allowed } = policyOf(settings).redirects
  return settings.mail.redirects.flatMap((entry, index) => {
    const pattern = allowed[index]
    const redirects = { siteUrl, allowed: pattern ? [pattern] : [] }
    const isWithoutScheme = !/^[^/]*:(?!\d)/.test(entry) && !entry.startsWith('*')
    // The samples contain letters, which an entry for digits does not match.
    if (pattern?.isForAddresses) return []
    if (
      !isWithoutScheme &&
      samplesOf(entry.replaceAll(' ', '%20')).some((sample) => redirectRejection(redirects, sample) === undefined)
    )
      return []
    return [`AUTH_URI_ALLOW_LIST contains "${entry}", which no redirect can match: ${reasonOf(entry, isWithoutScheme)}`]
  })
}

function reasonOf(entry: string, isWithoutScheme: boolean): string {
  if (isWithoutScheme) return `it needs a scheme, such as https://${entry.replace(/^\/+/, '')}`
  if (entry.includes('#')) return 'the fragment of a redirect, from # on, is not compared'
  if (/^\*[^*]/.test(entry))
    return '* matches neither dots nor slashes, so it cannot match a scheme; write the scheme out'
  return 'its scheme or host is never allowed in redirects'
}
