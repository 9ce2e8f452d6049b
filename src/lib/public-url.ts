/** Which URLs a server may contact when they come from someone other than its operator. */
import { canonicalIp, isLocalNetwork, isPublic } from './ip'

export type UrlFlaw = 'malformed' | 'insecure' | 'nearby'

/**
 * Why a URL is not public, as far as its text shows; host names are checked again when they are resolved.
 * @param internalHosts the operator's hosts that may be private and http
 */
export function urlRejection(text: string, internalHosts: readonly string[]): UrlFlaw | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || url.hostname === '' || url.username !== '' || url.password !== '' || url.hash !== '') return 'malformed'
  if (isInternal(url, internalHosts)) return undefined
  if (url.protocol !== 'https:') return 'insecure'
  const host = hostOf(url)
  const isFit = canonicalIp(host) === undefined ? !isLocalNetwork(host) : isPublic(host)
  return isFit ? undefined : 'nearby'
}

/** Whether the operator listed the host of a URL. */
export function isInternal({ protocol, hostname, host, port }: URL, internalHosts: readonly string[]): boolean {
  const usual = { 'http:': '80', 'https:': '443' }[protocol]
  return usual !== undefined && (internalHosts.includes(host) || internalHosts.includes(`${hostname}:${port || usual}`))
}

/** A host for DNS lookup: without IPv6 brackets and trailing dots. */
export const hostOf = ({ hostname }: URL) => hostname.replace(/^\[|\]$|\.+$/g, '')
