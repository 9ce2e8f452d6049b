/** Where a link leads back to (contract 0.9). */
import { parseGlob } from '../lib/glob'
import { canonicalIp, isLoopback } from '../lib/ip'
import type { Deps } from './deps'
import type { Policy } from './policy'

/** Schemes that run something or read files; no list allows them. */
const DANGEROUS = /^(javascript|data|vbscript|file|blob|about|view-source):/i
const HOSTNAME = /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/
const LOOPBACK_NAME = /^(localhost|.+\.localhost)$/i
/** No application needs more, and what is longer only costs time. */
const MAX_LENGTH = 2048
const UNSPECIFIED = new Set(['0.0.0.0', '::'])

export interface RedirectCandidates {
  /** What the client asks for, most telling first. */
  asked: readonly (string | undefined)[]
  /** Where it seems to be; refusing that is nothing to report. */
  referer: string | undefined
}

/** The first candidate that is allowed, else the site. A refused one is reported with the line that would allow it. */
export function chooseRedirect(
  { policy: { redirects }, report }: Pick<Deps, 'policy' | 'report'>,
  { asked, referer }: RedirectCandidates,
): string {
  for (const candidate of asked) {
    if (!candidate) continue
    if (isAllowedRedirect(redirects, candidate)) return candidate
    const line = lineThatAllows(redirects, candidate)
    report('warn', 'a redirect was refused, links lead to the site instead', {
      redirect_to: shortened(candidate),
      ...(line !== undefined && { add_to_AUTH_URI_ALLOW_LIST: line }),
    })
  }
  return referer && isAllowedRedirect(redirects, referer) ? referer : redirects.siteUrl
}

/** Whether an address is the site's, or on the list. */
export function isAllowedRedirect({ siteUrl, allowed }: Policy['redirects'], text: string): boolean {
  const target = partsOf(text)
  const site = partsOf(siteUrl)
  if (!target || !site || DANGEROUS.test(text)) return false
  const isSite = target.scheme === site.scheme && target.hostname === site.hostname
  if (isSite && (target.port === site.port || isLoopbackLike(target.hostname))) return true
  if (/^\d+$/.test(target.hostname)) return false
  const ip = canonicalIp(target.hostname)
  if (ip !== undefined) return isLoopback(ip)
  const isWeb = /^https?$/.test(target.scheme)
  if (isWeb && !HOSTNAME.test(target.hostname)) return false
  // Beyond the contract: `0x08080808` is an address to a browser, and `*` could take in an `@` or a `?` and so end
  // the host before the pattern does.
  if (isWeb && (target.hasUser || new URL(text).hostname !== target.hostname)) return false
  const whole = text.replace(/#.*$/s, '')
  const forms = isWeb ? [whole, whole.replace(/^([^/]+\/\/[^/?]*)\?/, '$1/?')] : [whole]
  return allowed.some((pattern) => forms.every((form) => pattern.test(form)))
}

/** What to add to the list so that it allows an address; undefined where nothing does. */
function lineThatAllows({ siteUrl }: Policy['redirects'], candidate: string): string | undefined {
  const parts = partsOf(candidate)
  if (!parts) return undefined
  const line = parts.hasPath ? `${parts.origin}/**` : candidate.replace(/[?#].*$/s, '')
  if (/[*?[\]{},]/.test(parts.hasPath ? parts.origin : line)) return undefined
  return isAllowedRedirect({ siteUrl, allowed: [parseGlob(line)] }, candidate) ? line : undefined
}

function isLoopbackLike(hostname: string): boolean {
  return LOOPBACK_NAME.test(hostname) || UNSPECIFIED.has(hostname) || isLoopback(hostname)
}

/**
 * Scheme, host and port as they are written. A parser of the browser's kind would turn `2130706433` into an address and
 * a backslash into a slash; here such text is refused or kept as it is.
 */
function partsOf(text: string) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be in it
  if (text.length > MAX_LENGTH || /[\u0000-\u0020\\\u007f]/.test(text) || !URL.canParse(text)) return undefined
  const [, scheme = '', authority = '', slash] = /^([a-zA-Z][a-zA-Z0-9+.-]*):(?:\/\/([^/?#]*)(\/)?)?/.exec(text) ?? []
  if (scheme === '') return undefined
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  const [, bracketed, plain = '', port = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?$/.exec(host) ?? []
  const known: Record<string, string> = { http: '80', https: '443' }
  const lowered = scheme.toLowerCase()
  return {
    scheme: lowered,
    hostname: (bracketed ?? plain).toLowerCase(),
    port: port || (known[lowered] ?? ''),
    origin: `${lowered}://${host}`,
    hasUser: authority.includes('@'),
    hasPath: slash !== undefined,
  }
}

/** Without what may be secret in it. */
const shortened = (text: string) =>
  text
    .replace(/[?#].*$/s, '')
    .replace(/\/\/[^/]*@/, '//')
    .slice(0, 200)
