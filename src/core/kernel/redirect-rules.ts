/** Allowed redirect targets: the site's own URLs, and the entries of the allow list. */
import { type Glob, parseGlob } from '../../lib/glob'
import { canonicalIp, isLoopback, isLoopbackInBrowsers } from '../../lib/ip'

/** Schemes that run code or read files; no list allows them. */
const DANGEROUS = /^(javascript|data|vbscript|file|blob|about|view-source|filesystem|jar|mhtml):/i
/** Schemes that browsers parse like a web address, including the host (URL Standard, special schemes). */
const WEB = new Set(['http', 'https', 'ws', 'wss', 'ftp'])
const HOSTNAME = /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/
const UNSPECIFIED = new Set(['0.0.0.0', '::'])
/** Longer targets are rejected; no application needs them. */
export const MAX_REDIRECT_LENGTH = 2048
/** RFC 3986 §3.1 does not allow underscores in schemes, but some mobile apps use them. */
const UNDERSCORED_SCHEME = /^[a-zA-Z][a-zA-Z0-9+.-]*_[\w+.-]*:/
// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not occur in it
const FORBIDDEN_CHARACTERS = /[\u0000-\u0020\\\u007f]/
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:[/?]|$)/i

/** An entry of the allow list. */
export interface RedirectPattern extends Glob {
  /** The host, if the entry has one without wildcards; IP addresses in canonical form. */
  host: string | undefined
  /** Whether the entry matches IP addresses only, such as `http://192.168.*.*:3000/**`. */
  isForAddresses: boolean
}

/** Allowed redirect targets (docs/wire-contract.md#redirect-targets). */
export interface RedirectPolicy {
  siteUrl: string
  allowed: readonly RedirectPattern[]
}

/** Spaces are treated as `%20`, as in redirects. @throws {Error} with the problem of the entry */
export function parseRedirectPattern(written: string): RedirectPattern {
  const entry = written.replaceAll(' ', '%20')
  const [, host = ''] = /^[a-z][a-z0-9+.-]*:\/\/(\[[0-9a-f:.]+\]|[^/:[\]{}\\@#]*)/i.exec(entry) ?? []
  // The brackets of an IPv6 address would be a character class.
  const glob = parseGlob(host.startsWith('[') ? entry.replace(host, `\\${host.slice(0, -1)}\\]`) : entry)
  const isSpeltOut = host !== '' && !/[*?]/.test(host)
  return {
    test: glob.test,
    host: isSpeltOut ? (canonicalIp(host) ?? host.toLowerCase()) : undefined,
    isForAddresses: host.startsWith('[') || /^\d{1,3}(?:\.[\d*?]+)+$/.test(host),
  }
}

/** @returns why an address is refused, for the log; undefined if it is allowed */
export function redirectRejection({ siteUrl, allowed }: RedirectPolicy, text: string): string | undefined {
  if (text.length > MAX_REDIRECT_LENGTH) return `it is longer than ${MAX_REDIRECT_LENGTH} characters`
  if (FORBIDDEN_CHARACTERS.test(text)) return 'it contains a backslash or a control character'
  const [scheme = ''] = DANGEROUS.exec(text) ?? []
  if (scheme !== '') return `the scheme ${scheme.toLowerCase()} is never allowed`
  const whole = text.replace(/#.*$/s, '')
  const target = partsOf(text)
  if (!target) {
    if (!UNDERSCORED_SCHEME.test(text)) return 'it is not an absolute URL'
    return allowed.some((pattern) => pattern.test(whole)) ? undefined : UNLISTED
  }
  const site = partsOf(siteUrl)
  const isSite = target.scheme === site?.scheme && target.hostname === site.hostname
  if (isSite && (target.port === site.port || isLoopbackLike(target.hostname))) return undefined
  const ip = canonicalIp(target.hostname)
  const fitting = allowed.filter(({ isForAddresses }) => !isForAddresses || ip !== undefined)
  if (!WEB.has(target.scheme)) return fitting.some((pattern) => pattern.test(whole)) ? undefined : UNLISTED
  const flaw = flawOfWebHost(target, text)
  if (flaw !== undefined) return flaw
  if (ip !== undefined && isLoopback(ip)) return undefined
  const forms = formsOf(whole)
  const matching = fitting.filter((pattern) => forms.every((form) => pattern.test(form)))
  if (ip === undefined) return matching.length > 0 ? undefined : UNLISTED
  if (matching.some((pattern) => pattern.isForAddresses || pattern.host === ip)) return undefined
  return 'it leads to an IP address, which only an entry with that address allows'
}

const UNLISTED = 'no entry of AUTH_URI_ALLOW_LIST matches it'

/** A host that a browser parses differently, such as `0x08080808`, or that a wildcard could end early. */
function flawOfWebHost({ hostname, hasUser }: Parts, text: string): string | undefined {
  if (/^\d+$/.test(hostname)) return 'its host is a number, which browsers parse as an IP address'
  if (hasUser) return 'it contains a user name'
  if (canonicalIp(hostname) !== undefined) return undefined
  if (!HOSTNAME.test(hostname)) return 'its host contains characters that are not allowed'
  return new URL(text).hostname === hostname ? undefined : 'browsers parse its host as an IP address'
}

/** An address as written, and as browsers request it; the list must match both. */
function formsOf(whole: string): string[] {
  // A wildcard in the host could match the `?` and so extend past the host.
  const forms = [whole, whole.replace(/^([^/]+\/\/[^/?]*)\?/, '$1/?')]
  if (!DOT_SEGMENT.test(whole)) return forms
  const { pathname, search } = new URL(whole)
  return [...forms, `${/^[^/]+\/\/[^/?]*/.exec(whole)?.[0]}${pathname}${search}`]
}

/** The allow-list entry that would permit an address; undefined if none can. */
export function entryThatAllows({ siteUrl }: RedirectPolicy, candidate: string): string | undefined {
  const parts = partsOf(candidate)
  if (!parts && !UNDERSCORED_SCHEME.test(candidate)) return undefined
  const entry = parts?.hasPath ? `${parts.origin}/**` : candidate.replace(/[?#].*$/s, '')
  const literal = (parts?.hasPath ? parts.origin : entry).replace(/\/\/\[[0-9a-f:.]+\]/i, '//')
  if (/[*?[\]{},]/.test(literal)) return undefined
  const allowed = [parseRedirectPattern(entry)]
  return redirectRejection({ siteUrl, allowed }, candidate) === undefined ? entry : undefined
}

function isLoopbackLike(hostname: string): boolean {
  return isLoopbackInBrowsers(hostname) || UNSPECIFIED.has(hostname)
}

type Parts = NonNullable<ReturnType<typeof partsOf>>

/**
 * Scheme, host and port as written. A URL parser would turn `2130706433` into an address; here such text is kept
 * unchanged.
 */
function partsOf(text: string) {
  if (FORBIDDEN_CHARACTERS.test(text) || !URL.canParse(text)) return undefined
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
