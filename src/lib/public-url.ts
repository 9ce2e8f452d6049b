/** Which addresses a server may be sent to by somebody who is not its operator. */
import { canonicalIp, isNearby, isPublic } from './ip'

export type UrlFlaw = 'malformed' | 'insecure' | 'nearby'

/**
 * Why a URL leads nowhere that is public, as far as its text tells: what a name stands for is only known when it is looked
 * up.
 * @param internalHosts hosts of the operator's that need be neither public nor https
 */
export function flawOfUrl(text: string, internalHosts: readonly string[]): UrlFlaw | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || url.hostname === '' || url.username !== '' || url.password !== '' || url.hash !== '') return 'malformed'
  if (isInternal(url, internalHosts)) return undefined
  if (url.protocol !== 'https:') return 'insecure'
  const host = hostOf(url)
  const isFit = canonicalIp(host) === undefined ? !isNearby(host) : isPublic(host)
  return isFit ? undefined : 'nearby'
}

/** Whether the operator named the host of a URL. */
export function isInternal({ protocol, hostname, host, port }: URL, internalHosts: readonly string[]): boolean {
  const usual = { 'http:': '80', 'https:': '443' }[protocol]
  return usual !== undefined && (internalHosts.includes(host) || internalHosts.includes(`${hostname}:${port || usual}`))
}

/** A host as it is looked up: without the brackets of IPv6, and without a dot at its end. */
export const hostOf = ({ hostname }: URL) => hostname.replace(/^\[|\]$|\.+$/g, '')
