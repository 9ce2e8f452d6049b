/** The settings file that `latchkey init` writes. */
import { allSettings } from '../config'
import { parseDotenv } from '../lib/dotenv'
import { EXIT, fail } from './exit-status'

/** An absent or empty answer leaves the setting at its default. */
export interface InitAnswers {
  /** Host name, or URL. */
  domain?: string | undefined
  siteUrl?: string | undefined
  smtpHost?: string | undefined
  smtpPort?: string | undefined
  smtpUser?: string | undefined
  smtpPassword?: string | undefined
  sender?: string | undefined
  /** Networks, or `none`. */
  proxy?: string | undefined
}

/** Addresses of a proxy on this machine. */
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1)(\/\d+)?$/

/** The settings that the answers decide. */
const ASKED = [
  ...['AUTH_API_EXTERNAL_URL', 'AUTH_SITE_URL', 'AUTH_TRUSTED_PROXIES', 'AUTH_HOST', 'AUTH_SMTP_HOST'],
  ...['AUTH_SMTP_PORT', 'AUTH_SMTP_USER', 'AUTH_SMTP_PASS', 'AUTH_SMTP_ADMIN_EMAIL'],
]

/** With their other names, such as those of GoTrue: an old host or password must not stay beside new answers. */
const REPLACED = new Set(
  allSettings
    .filter(({ names }) => names.some((name) => ASKED.includes(name)))
    .flatMap(({ names }) => names.flatMap((name) => [name, `${name}_FILE`])),
)

/** What stays when a file is written again: everything that is not asked for, such as secrets. */
export const keptFrom = (previous: Record<string, string>): [string, string][] =>
  Object.entries(previous).filter(([name]) => !REPLACED.has(name))

/** @param kept further settings, from the file that this one replaces */
export function printSettingsFile(answers: InitAnswers, kept: readonly [string, string][] = []): string {
  const { domain, siteUrl, smtpHost, smtpPort, smtpUser, smtpPassword, sender, proxy } = answers
  const proxies = proxy && proxy !== 'none' ? proxy.split(',').map((each) => each.trim()) : []
  const isProxyElsewhere = proxies.some((each) => !LOOPBACK.test(each))
  const sections: [string, [string, string | undefined][]][] = [
    [
      'Public URL of the API, and URL of the application',
      [
        ['AUTH_API_EXTERNAL_URL', domain && apiUrlOf(domain)],
        ['AUTH_SITE_URL', siteUrl],
      ],
    ],
    [
      'Reverse proxy: its X-Forwarded-For is trusted',
      [
        ['AUTH_TRUSTED_PROXIES', proxies.join(',')],
        ['AUTH_HOST', isProxyElsewhere ? '0.0.0.0' : undefined],
      ],
    ],
    [
      'Mail',
      [
        ['AUTH_SMTP_HOST', smtpHost],
        ['AUTH_SMTP_PORT', smtpHost && smtpPort],
        ['AUTH_SMTP_USER', smtpHost && smtpUser],
        ['AUTH_SMTP_PASS', smtpHost && smtpPassword],
        ['AUTH_SMTP_ADMIN_EMAIL', smtpHost && sender],
      ],
    ],
    ['Kept from the file that was here', [...kept]],
  ]
  const texts = sections.flatMap(([title, values]) => {
    const lines = values.flatMap(([name, value]) => (value ? [lineOf(name, value)] : []))
    return lines.length > 0 ? [`# ${title}\n${lines.join('\n')}\n`] : []
  })
  return ['# Settings of Latchkey. `latchkey check --print` lists all of them.\n', ...texts].join('\n')
}

/** @param domain `auth.example.com`, or a URL, whose path is kept */
function apiUrlOf(domain: string): string {
  const url = /^https?:\/\//.test(domain) ? domain : `https://${domain}`
  // The parser drops line feeds and tabs.
  if (/\s/.test(domain) || !URL.canParse(url))
    return fail(`${domain} is not a domain, such as auth.example.com`, EXIT.refused)
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname === '/' ? '/auth/v1' : pathname.replace(/\/+$/, '')}`
}

/** The first way to write a value that is read as it was given. */
function lineOf(name: string, value: string): string {
  const forms = [value, `'${value}'`, `"${value}"`, JSON.stringify(value)]
  const line = forms.map((form) => `${name}=${form}`).find((each) => parseDotenv(`${each}\n`)[name] === value)
  return line ?? fail(`${name} has characters that a settings file cannot hold`, EXIT.refused)
}
