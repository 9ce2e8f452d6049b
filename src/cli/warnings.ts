/** What is fine on a developer's machine and dangerous elsewhere. */
import type { Settings } from '../config'
import { isMailboxOn } from '../policy'
import { isLocal, isLocalUrl, isNearbyUrl } from './addresses'

export function warnings(settings: Settings): string[] {
  const { host, apiExternalUrl, siteUrl } = settings.server
  const { mail, limits } = settings
  const found: string[] = []
  const isPublic = !isNearbyUrl(apiExternalUrl)
  if (isPublic && mail.mailbox === 'on')
    found.push(`AUTH_MAILBOX is on: everybody who reaches ${apiExternalUrl} can read all its mail`)
  if (isPublic && mail.mailbox === 'auto' && isMailboxOn(settings))
    found.push('no SMTP server is set (AUTH_SMTP_HOST): mail is not sent, and can be read at /mailbox on this machine')
  if (isLocal(host) && !isPublic) return found
  if (isLocalUrl(apiExternalUrl))
    found.push(
      `AUTH_API_EXTERNAL_URL is ${apiExternalUrl}: links and tokens name a host that only this machine can reach`,
    )
  else if (apiExternalUrl.startsWith('http:'))
    found.push('AUTH_API_EXTERNAL_URL is http: passwords and tokens travel in the clear')
  if (isLocalUrl(siteUrl)) found.push(`AUTH_SITE_URL is ${siteUrl}`)
  if (isMailboxOn(settings) && !isPublic)
    found.push('everybody who reaches this server can read all its mail at /mailbox (AUTH_MAILBOX)')
  if (mail.mailerAutoconfirm) found.push('sign-ups count as confirmed without a mail (AUTH_MAILER_AUTOCONFIRM)')
  if (limits.rateLimits === 'off') found.push('AUTH_RATE_LIMITS is off: passwords can be guessed without end')
  return found.map(
    (problem) => `DEVELOPMENT SETTINGS ON A PUBLIC ADDRESS (${isLocal(host) ? apiExternalUrl : host}): ${problem}`,
  )
}
